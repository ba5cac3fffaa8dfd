"""The environment of a program whose system calls are to fail: tests/support/faults.c says which variables it knows."""
import os
from pathlib import Path


def library_of(binary):
    """the library beside a build's program"""
    path = Path(binary).resolve().parent / "tests" / "libftok_faults.so"
    if not path.exists():
        raise SystemExit(f"{path} is missing: build the target ftok_faults")
    return path


def environment(binary, **settings):
    """`environment(ftok, FAULTS_KILL_AT_COMMIT=3)` -> variables for subprocess.run(env=...)"""
    variables = {**os.environ, "LD_PRELOAD": str(library_of(binary))}
    # The library is loaded before the address sanitizer's, which refuses that unless told.
    variables["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    return {**variables, **{key: str(value) for key, value in settings.items()}}


def killed_at(binary, point):
    """killed at the `point`-th moment before or after a rename, a link or a record of the journal"""
    return environment(binary, FAULTS_KILL_AT_COMMIT=point)
