"""What tests and tools use from outside the repository. FTOK_TEST_DATA names the folder of test data, FTOK_TEST_TOOLS the
folder of the scripts that belong to it (testdata.py, peers/). Neither has a default here; .ci/run sets both."""
import os
import sys
from pathlib import Path


def named_by(variable):
    """The folder that a variable names; where it is not set, a path that does not exist and shows the variable's name."""
    folder = os.environ.get(variable)
    return Path(folder).resolve() if folder else Path(f"${variable}")


TEST_DATA, TEST_TOOLS = named_by("FTOK_TEST_DATA"), named_by("FTOK_TEST_TOOLS")


def what_is_missing(*paths):
    """One line on the first of these paths, in either folder, that does not exist; None when all are there."""
    for path in paths:
        if not path.exists():
            advice = "set FTOK_TEST_DATA to the folder of test data"
            if path.is_relative_to(TEST_TOOLS):
                advice = "set FTOK_TEST_TOOLS to the folder of the test data's scripts"
            return advice if str(path).startswith("$") else f"there is no {path}: {advice}"
    return None


def need(*paths):
    """For tools: ends the program with one line and exit status 1 when one of the paths does not exist."""
    if missing := what_is_missing(*paths):
        sys.exit(f"{Path(sys.argv[0]).name}: {missing}")


def need_or_skip(*paths):
    """For tests: ends the program with one line and exit status 77, which ctest shows as skipped."""
    if missing := what_is_missing(*paths):
        print(f"SKIPPED: {missing}")
        sys.exit(77)
