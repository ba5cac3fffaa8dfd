#!/usr/bin/env python3
"""The manual pages that tools/make/make_man writes: one for each command, which groff sets without a warning and which names every flag of the help.

  man_checks.py path/to/ftok     exit 77 where groff is not installed
"""
import re, shutil, subprocess, sys, tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    if shutil.which("groff") is None:
        print("skipped: groff is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="ftok-man-") as name:
        subprocess.run([ROOT / "tools" / "make" / "make_man", "--binary", sys.argv[1], "--output", name], check=True, stdout=subprocess.DEVNULL)
        pages = {path.stem: path for path in Path(name).glob("*.1")}
        assert {"ftok", "ftok-run", "ftok-shards-convert", "ftok-vocab-train"} <= pages.keys(), sorted(pages)
        for page, path in sorted(pages.items()):
            done = subprocess.run(["groff", "-k", "-man", "-Tutf8", "-ww", "-rLL=200n", path], capture_output=True, text=True, check=True)
            assert done.stderr == "", f"{page}: {done.stderr}"
            words = set(re.sub(r"\x1b\[[\d;]*m|.\x08", "", done.stdout).replace("\u2010", "-").replace(",", " ").split())
            text = subprocess.run([sys.argv[1], *path.read_text().split("\n")[0].split()[2:], "--help"], capture_output=True, text=True, check=True).stdout
            missing = {flag for flag in re.findall(r"^  (?:-\w, |    )(--[\w-]+)", text, re.MULTILINE) if flag not in words}
            assert not missing, f"{page} lacks {missing}"
    print(f"{len(pages)} pages")


if __name__ == "__main__":
    main()
