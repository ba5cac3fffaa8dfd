#!/usr/bin/env python3
"""Does the steps of docs/extending.md in a copy of the source tree, builds it, and looks at what the steps made.

  extending_test.py BUILD-FOLDER

The page marks its steps by comments before its code blocks: `<!-- write FILE -->`, `<!-- append FILE -->`,
`<!-- insert FILE after LINE -->`, `<!-- run -->`. What the steps do not touch is not compiled again: the objects of
BUILD-FOLDER are taken. Exit code 77 (skipped) where the program has no language model.
"""
import json, os, re, shutil, subprocess, sys, tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STEP = re.compile(r"<!-- (write|append|insert|run)([^\n]*?) -->\n```\w*\n(.*?)```\n", re.S)
RULE = "shouting.capitals"

# Stands before the compiler: an object that the steps leave as it is comes from the build folder.
LAUNCHER = """#!/usr/bin/env bash
set -eu
object="" depfile=""
for ((i = 1; i < $#; ++i)); do
  next=$((i + 1))
  case "${!i}" in -o) object="${!next}" ;; -MF) depfile="${!next}" ;; esac
done
if grep -qxF -- "$object" "REUSABLE" && [[ -f "BUILD/$object" ]]; then
  cp "BUILD/$object" "$object"
  [[ -z "$depfile" ]] || echo "$object:" > "$depfile"
else
  exec "$@"
fi
"""


def copy_sources(copy):
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, check=True).stdout.decode().split("\0")
    for name in listed:
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


def do_steps(copy):
    """-> the files that were written or changed"""
    touched = set()
    for action, where, block in STEP.findall((copy / "docs" / "extending.md").read_text("utf-8")):
        if action == "run":
            subprocess.run(["bash", "-euc", block], cwd=copy, check=True)
            continue
        name, _, line = where.strip().partition(" after ")
        path = copy / name
        text = path.read_text("utf-8") if path.exists() else ""
        if action == "write":
            assert not path.exists(), f"{name} is there already"
        if action == "insert":
            assert text.count(line + "\n") == 1, f"{name} does not have the line {line} once"
            text = text.replace(line + "\n", line + "\n" + block)
        else:
            text += block
        path.write_text(text, "utf-8")
        touched.add(name)
    return touched


def write_launcher(build, copy, touched):
    """a compiler launcher that knows which objects of `build` the steps leave as they are"""
    reusable, current = [], None
    for line in subprocess.run(["ninja", "-t", "deps"], cwd=build, capture_output=True, text=True,
                               check=True).stdout.splitlines():
        if not line.startswith(" "):
            current = line.partition(":")[0]
            if line.endswith("(VALID)"):
                reusable.append(current)
        elif os.path.relpath(os.path.join(build, line.strip()), ROOT) in touched and current in reusable:
            reusable.remove(current)
    (copy / "reusable.txt").write_text("".join(name + "\n" for name in reusable))
    launcher = copy / "launcher"
    launcher.write_text(LAUNCHER.replace("REUSABLE", str(copy / "reusable.txt")).replace("BUILD", str(build)))
    launcher.chmod(0o755)
    shutil.copyfile(launcher, copy / "tools" / "gpu_check" / "keep_report")  # CUDA's own launcher
    return launcher


def build_copy(build, copy, launcher):
    cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M))
    same = [f"-D{key}={value}" for key, value in cache.items()
            if re.fullmatch(r"FTOK_\w+|CMAKE_BUILD_TYPE|CMAKE_(C|CXX|CUDA)_(FLAGS\w*|COMPILER|ARCHITECTURES)", key)]
    launchers = [f"-DCMAKE_{language}_COMPILER_LAUNCHER={launcher}" for language in ("C", "CXX", "CUDA")]
    folder = copy / "build"
    for command in (["cmake", "-G", "Ninja", "-S", str(copy), "-B", str(folder), *same, *launchers],
                    ["cmake", "--build", str(folder), "-j2", "--target", "ftok_cli", "filters_test"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout[-4000:] + done.stderr[-4000:])
    return folder


def main():
    build = Path(sys.argv[1]).resolve()
    if not any((ROOT / "share" / "models").glob("*.ftz")):
        print("SKIPPED: no language model")
        return 77
    with tempfile.TemporaryDirectory(prefix="ftok-extending-") as temporary:
        copy = Path(temporary)
        copy_sources(copy)
        touched = do_steps(copy)
        folder = build_copy(build, copy, write_launcher(build, copy, touched))
        environment = {**os.environ, "FTOK_SHARE": str(copy / "share")}

        def run(*command):
            return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=True).stdout

        tests = run(str(folder / "tests" / "filters" / "filters_test"), "--gtest_filter=Shouting.*")
        assert "[  PASSED  ] 2 tests" in tests, tests
        ftok = str(folder / "ftok")
        assert "shouting" in run(ftok, "recipe", "kinds")
        result = json.loads(run(ftok, "run", "--recipe", "share/sample/sample.toml", "--json", "--quiet", "--output", "out",
                                "--input", "share/sample/ftok-sample.warc.gz", "--vocab", "ftok-50k"))
        assert result["dropped"].get(RULE) == 1, result["dropped"]
        checks = subprocess.run([sys.executable, "tests/pipeline/sample_checks.py"], cwd=copy,
                                env={**environment, "FTOK": ftok}, capture_output=True, text=True)
        assert checks.returncode == 0, checks.stderr[-3000:]
    return 0


if __name__ == "__main__":
    sys.exit(main())
