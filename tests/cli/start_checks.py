"""docs/start.md does what it says: its commands run as they stand, one after the other. Prints how long each block took. The README's
first block is the page's.

  FTOK=build/release/ftok start_checks.py
"""
import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"<!-- run -->\n```\n(.*?)```", re.DOTALL)


def lay_out(folder):
    """what the page assumes: a book, WARC files, other people's rows"""
    book = "\n\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
    (folder / "book.txt").write_text(book)
    (folder / "pages").mkdir()
    sample = (ROOT / "share" / "sample" / "ftok-sample.warc.gz").read_bytes()
    for number in range(2):
        (folder / "pages" / f"{number}.warc.gz").write_bytes(sample)
    paragraphs = [text for text in book.split("\n\n") if len(text) > 200]
    (folder / "stories.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in paragraphs[:100]))
    (folder / "table.csv").write_text("id,text\n" + "".join(f'{i},"{text}"\n' for i, text in enumerate(t.replace('"', "") for t in paragraphs[100:150])))


def main():
    binary = Path(os.environ["FTOK"]).resolve()
    page = (ROOT / "docs" / "start.md").read_text()
    blocks = BLOCK.findall(page)
    assert len(blocks) == 4, len(blocks)
    readme = BLOCK.findall((ROOT / "README.md").read_text())
    assert readme == blocks[:1], "README.md and docs/start.md begin with different commands"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder)
        environment = dict(os.environ, PATH=f"{binary.parent}:{os.environ['PATH']}", FTOK_CACHE=f"{name}/cache", FTOK_SHARE=str(ROOT / "share"))
        told = {}
        for block in blocks:
            for command in block.splitlines():
                begun = time.monotonic()
                done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)
                assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr[-2000:]}"
                told[command] = done
                print(f"{time.monotonic() - begun:7.2f} s  {command}")
        assert "vocabulary ftok-4k, since the inputs are " in told["ftok tokenize book.txt -o shards"].stderr
        assert len(told["ftok generate model"].stdout) > 20, told["ftok generate model"]
        losses = [json.loads(line)["loss"] for line in (folder / "model" / "log.jsonl").read_text().splitlines()]
        assert losses[-1] < 0.6 * losses[0], (losses[0], losses[-1])  # it has learnt
        samples = [json.loads(line) for line in (folder / "model" / "samples.jsonl").read_text().splitlines()]
        assert samples[0]["step"] == 0 and samples[-1]["step"] == len(losses), samples
        assert "Content-Security-Policy" in (folder / "corpus.html").read_text()
        assert list((folder / "data-llmc").glob("*train*.bin"))


main()
