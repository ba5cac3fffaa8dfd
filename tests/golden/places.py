"""Where the golden record finds things: the one place to change when folders move."""
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
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
    named = os.environ.get("FTOK_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder.resolve() if folder.is_dir() else None
