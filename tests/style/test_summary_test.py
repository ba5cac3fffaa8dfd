#!/usr/bin/env python3
"""tools/checks/test_summary.py: reports and checks summed up, reasons of skipped tests, and the exit status."""
import subprocess, sys, tempfile, unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SUMMARY = ROOT / "tools" / "checks" / "test_summary.py"
PASSED = '<testcase name="good" status="run"/>'
FAILED = '<testcase name="bad" status="fail"><failure/></testcase>'
SKIPPED = '<testcase name="other" status="notrun"><skipped/><system-out>{}</system-out></testcase>'


class TestSummaryTest(unittest.TestCase):
    def sum_of(self, cases, *checks):
        """(lines, exit status) of a report with these test cases, and of checks."""
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            report.write_text(f"<testsuite>{''.join(cases)}</testsuite>")
            done = subprocess.run([sys.executable, SUMMARY, report, *checks], capture_output=True, text=True)
        return done.stdout.splitlines(), done.returncode

    def test_reports(self):
        self.assertEqual(self.sum_of([PASSED, PASSED]), (["2 passed, 0 failed, 0 skipped"], 0))
        lines, status = self.sum_of([PASSED, FAILED])
        self.assertEqual((lines[-1], status), ("1 passed, 1 failed, 0 skipped", 1))
        self.assertTrue(lines[0].startswith("FAILED bad ("), lines)
        self.assertEqual(self.sum_of([]), (["0 passed, 0 failed, 0 skipped"], 1))

    def test_reasons_of_skipped_tests(self):
        for said in ("SKIPPED: set IT", "x\nSKIPPED other: set IT\ny", "a.cc:3: Skipped\nset IT\n\n[ SKIPPED ] other"):
            lines, status = self.sum_of([PASSED, SKIPPED.format(said)])
            self.assertEqual((lines[-1], status), ("1 passed, 0 failed, 1 skipped", 0))
            self.assertTrue(lines[0].startswith("skipped 1: set IT (other; "), lines)

    def test_binaries_of_many_tests(self):
        ran = "[==========] 4 tests from 1 test suite ran. (3 ms total)"
        case = '<testcase name="a_test.0" status="{}">{}<system-out>{}</system-out></testcase>'
        said = f"a.cc:3: Skipped\nset IT\n{ran}\n[  PASSED  ] 3 tests.\n[  SKIPPED ] 1 test.\n"
        lines, status = self.sum_of([PASSED, case.format("run", "", said)])
        self.assertEqual((lines[-1], status), ("4 passed, 0 failed, 1 skipped", 0))
        self.assertTrue(lines[0].startswith("skipped 1: set IT (a_test.0; "), lines)
        said = f"a.cc:3: Failure\n[  FAILED  ] A.B (0 ms)\n[  FAILED  ] I/Q.X/1, where GetParam() = 2 (1 ms)\n{ran}\n[  PASSED  ] 2 tests.\n"
        lines, status = self.sum_of([case.format("fail", "<failure/>", said)])
        self.assertEqual((lines[-1], status), ("2 passed, 2 failed, 0 skipped", 1))
        self.assertTrue(lines[0].startswith("FAILED A.B (") and lines[1].startswith("FAILED I/Q.X/1 ("), lines)
        lines, status = self.sum_of([PASSED, case.format("fail", "<failure/>", "it died")])
        self.assertEqual((lines[-1], status), ("1 passed, 1 failed, 0 skipped", 1))
        self.assertTrue(lines[0].startswith("FAILED a_test.0 ("), lines)

    def test_checks(self):
        lines, status = self.sum_of([PASSED], "format=0", "tidy=77")
        self.assertEqual((lines[-1], status), ("2 passed, 0 failed, 1 skipped", 0))
        for exit_status in ("1", "2", "127"):
            lines, status = self.sum_of([PASSED], f"tidy={exit_status}")
            self.assertEqual((lines[-1], status), ("1 passed, 1 failed, 0 skipped", 1))

    def test_a_report_that_is_not_there(self):
        done = subprocess.run([sys.executable, SUMMARY, "nowhere.xml"], capture_output=True, text=True)
        self.assertEqual((done.stdout.splitlines()[-1], done.returncode), ("0 passed, 1 failed, 0 skipped", 1))


if __name__ == "__main__":
    unittest.main()
