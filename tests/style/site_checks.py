#!/usr/bin/env python3
"""The documentation as a site: every page is in mkdocs.yml, and mkdocs builds it without a warning.

  site_checks.py FOLDER     keeps mkdocs's environment and the site in FOLDER; exit 77 where pip cannot install it
"""
import re, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    folder = Path(sys.argv[1])
    pages = re.findall(r"^  - .*: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    there = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert set(pages) == there and len(pages) == len(there), sorted(set(pages) ^ there)
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "mkdocs<2"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"SKIPPED: pip cannot install mkdocs: {done.stderr[-300:]}")
        sys.exit(77)
    done = subprocess.run([python, "-m", "mkdocs", "build", "--strict", "--config-file", ROOT / "mkdocs.yml", "--site-dir", folder / "site"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr[-3000:]
    for page in pages:
        assert (folder / "site" / page.replace(".md", ".html")).stat().st_size > 1000, page
    print(f"{len(pages)} pages, no warning")


if __name__ == "__main__":
    main()
