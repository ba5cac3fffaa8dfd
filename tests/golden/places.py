"""Where the golden record finds things: the one place to change when folders move."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from test_folders import TEST_DATA
RECORD = HERE / "record"
FINISHED = HERE / "finished_0.1.0"  # output folders that version 0.1.0 wrote

SHARE = ROOT / "share"  # what is installed
SAMPLE = SHARE / "sample"
SAMPLE_WARC = SAMPLE / "ftok-sample.warc.gz"
SAMPLE_RECIPE = SAMPLE / "sample.toml"
VOCABULARIES = SHARE / "vocab"

PRESETS = ["fineweb-2024-04", "fineweb-head"]  # names that stay readable whatever else a preset is called


def test_data():
    """-> the folder of test data, or None"""
    return TEST_DATA if TEST_DATA.is_dir() else None
