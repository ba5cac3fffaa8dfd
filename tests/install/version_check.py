#!/usr/bin/env python3
"""One version everywhere: CMake's is what the program says, what the Python package takes, and the changelog has it.

  version_check.py VERSION FTOK      VERSION: CMake's PROJECT_VERSION; FTOK: the program
"""
import re, subprocess, sys, tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def main():
    version, ftok = sys.argv[1:]
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())
    source = package["tool"]["scikit-build"]["metadata"]["version"]
    found = re.findall(source["regex"], (ROOT / source["input"]).read_text())
    assert package["project"]["dynamic"] == ["version"] and found == [version], f"pyproject.toml takes {found}"
    said = subprocess.run([ftok, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"ftok {version}\n", f"ftok --version says {said!r}"
    headings = re.findall(r"^## \[(.*?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased" and version in headings, f"CHANGELOG.md has {headings}"
    print(f"{version} in CMakeLists.txt, pyproject.toml, CHANGELOG.md and ftok --version")


if __name__ == "__main__":
    sys.exit(main())
