#!/usr/bin/env python3
"""Every test that docs/ names by `ctest -R NAME` is there, whole or, where NAME ends in a regular expression, by that: documented_tests.py BUILD_FOLDER"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    listed = "\n".join(path.read_text(errors="replace") for path in Path(sys.argv[1]).rglob("CTestTestfile.cmake"))
    names = {name.strip('"[]=') for name in re.findall(r"^add_test\((\S+)", listed, flags=re.M)}
    assert len(names) > 20, names
    missing, found = [], 0
    for page in sorted(ROOT.glob("docs/*.md")):
        for wanted in re.findall(r"`ctest -R ([^ `]+)`", page.read_text()):
            found += 1
            if not any(re.search(wanted, name) for name in names):
                missing.append(f"{page.name}: there is no test {wanted}")
    assert found > 8, found
    if missing:
        sys.exit("\n".join(missing))
    print(f"{found} tests are where the documentation says")


if __name__ == "__main__":
    main()
