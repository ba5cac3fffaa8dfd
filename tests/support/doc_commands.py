"""The commands that a page of documentation tells people to copy."""
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def commands(page, heading):
    """the first block of shell commands below a heading of a page of this project"""
    text = (ROOT / page).read_text()
    found = re.search(rf"^#+ {re.escape(heading)}$.*?^```sh\n(.*?)^```$", text, re.M | re.S)
    assert found, f"{page} has no commands below '{heading}'"
    return found[1]


def run_commands(script, program, folder, environment=None):
    """runs them with bash in a folder, `ftok` being `program`; each must succeed"""
    bin_folder = Path(folder) / "bin"
    bin_folder.mkdir(exist_ok=True)
    (bin_folder / "ftok").unlink(missing_ok=True)
    (bin_folder / "ftok").symlink_to(Path(program).resolve())
    environment = {**(environment or os.environ)}
    environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
    return subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
