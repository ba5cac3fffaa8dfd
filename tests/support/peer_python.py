"""The packages that tests compare with: runs the calling script again in the Python that has them."""
import importlib
import os
import sys
import tempfile
from pathlib import Path


def require(module, package, environment):
    """The module, from this Python or else from $FTOK_PEERS/ENVIRONMENT (default: ftok-peers in the folder for temporary files);
    where neither has it the script ends with exit code 77, which ctest shows as skipped."""
    try:
        return importlib.import_module(module)
    except ImportError:
        peers = Path(os.environ.get("FTOK_PEERS") or Path(tempfile.gettempdir()) / "ftok-peers") / environment
        python = peers / "bin" / "python"
        if python.exists() and Path(sys.prefix).resolve() != peers.resolve():
            os.execv(python, [str(python), *sys.argv])
        print(f"SKIPPED: needs {package}, in this Python or in $FTOK_PEERS/{environment}")
        sys.exit(77)
