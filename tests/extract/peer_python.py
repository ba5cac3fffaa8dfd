"""The packages that the scripts of this folder compare with: runs the calling script again in the Python that has them."""
import importlib, os, sys
from pathlib import Path


def require(module, package):
    """The module, from $FTOK_PEERS/web where that is set; without it the script ends with exit code 77, which ctest shows as skipped."""
    python = Path(os.environ.get("FTOK_PEERS", "")) / "web" / "bin" / "python"
    if os.environ.get("FTOK_PEERS") and "FTOK_COMPARE" not in os.environ and python.exists():
        os.environ["FTOK_COMPARE"] = "1"
        os.execv(python, [str(python), *sys.argv])
    try:
        return importlib.import_module(module)
    except ImportError:
        print(f"needs {package}: set FTOK_PEERS to a folder with web/bin/python")
        sys.exit(77)
