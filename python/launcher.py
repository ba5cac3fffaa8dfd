#!python
"""The command `ftok` of the Python package: becomes the program that lies in it. The package itself is not imported, which would take longer than most commands."""
import os
import sys
from importlib.util import find_spec

PROGRAM = os.path.join(find_spec("ftok").submodule_search_locations[0], "bin", "ftok")
os.execv(PROGRAM, [PROGRAM, *sys.argv[1:]])
