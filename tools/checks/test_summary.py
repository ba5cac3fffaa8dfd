#!/usr/bin/env python3
"""Sums up ctest's JUnit reports: what failed, what was skipped and why, and last `N passed, N failed, N skipped`.

usage: tools/checks/test_summary.py REPORT.xml|NAME=STATUS ...

A report that is missing or cannot be read (the build failed, ctest crashed) counts as one failure. NAME=STATUS is a check of
its own, by its exit status: 0 passed, 77 skipped, any other failed. The exit status is 0 only when nothing failed and at least
one test passed. A GoogleTest binary that ctest knows as one test counts as the tests it says it ran.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree


def skip_reason(case):
    """The text a test gave to GTEST_SKIP(), or a script's line `SKIPPED: why` or `SKIPPED NAME: why`, else ctest's own."""
    output = case.findtext("system-out") or ""
    given = re.search(r": Skipped\n(.+?)\n\s*(?:\n|\[)", output, re.DOTALL)
    if given:
        return " ".join(given.group(1).split())
    given = re.search(r"^SKIPPED(?: [^:\n]*)?: (.+)$", output, re.MULTILINE)
    if given:
        return given.group(1)
    skipped = case.find("skipped")
    return (skipped.get("message") if skipped is not None else None) or "no reason given"


def read_binary(name, output):
    """(passed, failed names, {reason: [names]}) of `NAME_test.PART`, a GoogleTest binary, by what it printed with --gtest_brief; else None."""
    if not re.search(r"_test\.\d+$", name) or not re.search(r"^\[==========\] .* ran\.", output, re.MULTILINE):
        return None
    passed = re.search(r"^\[  PASSED  \] (\d+) test", output, re.MULTILINE)
    failed = re.findall(r"^\[  FAILED  \] (\S+?)(?:, where .*)? \(\d+ ms\)$", output, re.MULTILINE)
    skipped = {}
    for reason in re.findall(r"^\S+: Skipped\n(.*)$", output, re.MULTILINE):
        skipped.setdefault(reason or "no reason given", []).append(name)
    return int(passed.group(1)) if passed else 0, failed, skipped


def read_check(name, status):
    """What read_report gives, of a check by its exit status."""
    passed, skipped = status == "0", status == "77"
    return int(passed), [] if passed or skipped else [name], {"its own output says why": [name]} if skipped else {}


def read_report(path):
    """(passed, failed names, {reason: [names]}) of one report."""
    passed, failed, skipped = 0, [], {}
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        return 0, [f"no test report ({error})"], {}
    for case in cases:
        name, status = case.get("name", "?"), case.get("status", "")
        if case.find("skipped") is not None or status == "disabled":
            reason = "disabled in the source" if status == "disabled" else skip_reason(case)
            skipped.setdefault(reason, []).append(name)
            continue
        binary = read_binary(name, case.findtext("system-out") or "")
        if case.find("failure") is not None or status != "run":
            failed += binary[1] if binary and binary[1] else [name]
        elif not binary:
            passed += 1
        if binary:
            passed += binary[0]
            for reason, names in binary[2].items():
                skipped.setdefault(reason, []).extend(names)
    return passed, failed, skipped


def main():
    if len(sys.argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    passed, failed, skipped = 0, 0, 0
    for path in sys.argv[1:]:
        name, is_check, exit_status = path.partition("=")
        report_passed, report_failed, report_skipped = read_check(name, exit_status) if is_check else read_report(path)
        for name in report_failed:
            print(f"FAILED {name} ({path})")
        for reason, names in sorted(report_skipped.items()):
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            print(f"skipped {len(names)}: {reason} ({shown}; {path})")
        passed += report_passed
        failed += len(report_failed)
        skipped += sum(map(len, report_skipped.values()))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
