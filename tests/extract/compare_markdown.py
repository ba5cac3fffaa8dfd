#!/usr/bin/env python3
"""Markdown read back: what a reader of CommonMark makes of our Markdown is the text that stood on the page.

  tests/extract/compare_markdown.py PROGRAM [--random N] [--show N]

PROGRAM is ftok_markdown_pages. The reader is markdown-it-py (PyPI; without it exit 77, which ctest counts as skipped) with its CommonMark
rules and tables. Pages: random ones whose words are full of Markdown's signs, in every kind of block (a fixed seed), and those of the
test data ($FTOK_TEST_DATA, unpacked by testdata.py of $FTOK_TEST_TOOLS), every block of them, menus and all. White space and the bars between cells aside, the texts are to be equal.

Exit status 1 when a page's differ.
"""
import argparse, html.parser, json, random, re, subprocess, sys, tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require
from test_folders import TEST_DATA, TEST_TOOLS, what_is_missing

MarkdownIt = require("markdown_it", "markdown-it-py", "web").MarkdownIt

SIGNS = ["*", "**", "_", "__", "`", "``", "#", "##", ">", "-", "--", "---", "+", "=", "==", "1.", "2)", "10.", "[a]", "](b)", "[c]: d", "!", "<b>",
         "<", "&amp;", "&", "&copy", "\\", "\\\\", "~~~", "|", "://", "$", "(", ")", ".", ":", "a_b", "c*d", "x", "word", "two words", "naïve", "漢字", "“q”", "…"]
INLINE = ["b", "i", "em", "strong", "code", "a", "span", "kbd"]
BLOCKS = ["<p>{}</p>", "<h2>{}</h2>", "<ul><li>{}<li>{}</ul>", "<ol><li>{}<ul><li>{}</ul><li>{}</ol>", "<blockquote><p>{}</p></blockquote>", "<pre>{}\n {}</pre>",
          "<table><tr><td>{}<td>{}<tr><td>{}<td>{}</table>", "<dl><dt>{}<dd>{}</dl>", "<p>{}<br>{}</p>", "<blockquote>{}<br>{}<pre>{}</pre></blockquote>",
          "<ul><li>{}<ol><li>{}<ul><li>{}</ul></ol></ul>", "<h3>{}<br>{}</h3>"]


class Text(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts = []

    def handle_data(self, data):
        self.parts.append(data)


def rendered_text(reader, markdown):
    parser = Text()
    parser.feed(reader.render(markdown))
    parser.close()
    return "".join(parser.parts)


FOLDED = re.compile(r"[\s|]+")  # bars stand between the cells of our rows, and no more once a table is read


TEX = re.compile(r"\$|\\[(\[]|\\begin\{")  # delimiters in the text: what is between them may be written as it stands
LETTERS = re.compile(r"[\W_]+")  # of a page with formulas: they are written as they are, for readers of Markdown with mathematics


def random_page(rng):
    def words():
        out = []
        for _ in range(rng.randint(1, 6)):
            sign = rng.choice(SIGNS).replace("&", "&amp;").replace("<", "&lt;")
            if rng.random() < 0.35:
                tag = rng.choice(INLINE)
                sign = f"<{tag} href='/a(b) c_d_*'>{sign}{rng.choice(['', ' ', 'y', '.'])}</{tag}>"
            out.append(sign + rng.choice(["", " ", " "]))
        return "".join(out)
    return "".join(re.sub(r"\{\}", lambda _: words(), rng.choice(BLOCKS)) for _ in range(rng.randint(1, 4)))


def pages_of(program, sources):
    out = subprocess.run([program], input="\0".join(sources).encode(), stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.decode("utf-8", "replace").split("\n") if line]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--random", type=int, default=20000)
    arguments.add_argument("--show", type=int, default=3)
    args = arguments.parse_args()
    reader = MarkdownIt("commonmark").enable("table")
    rng = random.Random(11)
    sources = [random_page(rng) for _ in range(args.random)]
    kinds = {"random": pages_of(args.program, sources)}
    scorer = TEST_TOOLS / "testdata.py"
    if missing := what_is_missing(TEST_DATA / "html", scorer):
        print(f"without real pages: {missing}")
    else:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("aeb", "trafilatura"):
                subprocess.run([sys.executable, scorer, "unpack", name, folder], check=True, stdout=subprocess.DEVNULL)
                texts = [p.read_text("utf-8", "replace").replace("\0", "") for p in sorted((Path(folder) / name / "html").glob("*.html"))]
                kinds[name] = pages_of(args.program, texts)
    failed = 0
    for kind, pages in kinds.items():
        different = 0
        for i, page in enumerate(pages):
            folded = LETTERS if page["formulas"] or TEX.search(page["text"]) else FOLDED
            wanted, found = (folded.sub("", text) for text in (page["text"], rendered_text(reader, page["markdown"])))
            if wanted == found:
                continue
            different += 1
            if different <= args.show:
                at = next((k for k, (a, b) in enumerate(zip(wanted, found)) if a != b), min(len(wanted), len(found)))
                print(f"{kind} {sources[i] if kind == 'random' else i}\n  text     {wanted[max(0, at - 30):at + 40]!r}\n  rendered {found[max(0, at - 30):at + 40]!r}")
                if kind == "random":
                    print("  markdown " + repr(page["markdown"]))
        print(f"{kind}: {len(pages)} pages, {different} differ")
        failed += different
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
