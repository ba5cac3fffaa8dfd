#!/usr/bin/env python3
"""The wheel that tools/make/make_wheel builds, installed into an empty environment and used there: wheel_checks.py FOLDER [DIST]

FOLDER keeps the tools of the build; exit 77 where pip cannot install them. DIST: the files that make_wheel left, in place of building them.
"""
import json, re, subprocess, sys, tarfile, zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "share" / "sample" / "ftok-sample.warc.gz"
WHEEL_BYTES_MAX = 45 << 20

# What a user's script does, with nothing of the source tree in reach.
SCRIPT = """
import json, sys
import ftok
assert ftok.program().endswith("/ftok/bin/ftok"), ftok.program()
encoding = ftok.Encoding.load("ftok-100k")
assert encoding.decode(encoding.encode("naïve mill")) == "naïve mill"
assert "mill" in ftok.extract("<html><body><article><p>" + "The mill by the river turns all day. " * 20 + "</p></article></body></html>").text
assert ftok.detect_languages(["the river turns the wheel of the old mill"])[0][0][0] == "en"
result = ftok.run("fineweb-2024-04", [sys.argv[1]], "from-python", progress=False)
assert result["kept"] == len(ftok.Shards("from-python")) + len(ftok.Shards("from-python", split="val"))
print(json.dumps(result["kept"]))
"""


def call(*command, code=0, **options):
    environment = {"PATH": "/usr/bin:/bin", "HOME": options.pop("home", "/nonexistent"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, env=environment, **options)
    assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout if code == 0 else done.stderr


def environment_with(folder, name, package):
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder / name], check=True)
    bin_folder = folder / name / "bin"
    subprocess.run([bin_folder / "pip", "install", "--quiet", "--disable-pip-version-check", package], check=True)
    return bin_folder


def check_files(wheel, source):
    assert re.search(r"-cp3\d+-cp3\d+-manylinux_2_34_x86_64\.whl$", wheel.name), wheel.name
    assert wheel.stat().st_size <= WHEEL_BYTES_MAX, wheel.stat().st_size
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        binary = archive.read("ftok/bin/ftok")
        (metadata,) = [archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA")]
    for wanted in ("ftok/py.typed", "ftok/_ftok.pyi", "ftok/share/ftok/vocab/ftok-100k.tiktoken", "ftok/lib/ftok/libftok_arrow.so"):
        assert wanted in names, wanted
    assert str(ROOT).encode() not in binary, "the program names this source tree"
    licences = [name for name in names if ".dist-info/licenses/" in name]
    for wanted in ("/LICENSE", "/NOTICE", "libicu72.txt", "libopenblas0-pthread.txt", "libtbb12.txt"):
        assert any(name.endswith(wanted) for name in licences), (wanted, licences)
    grafted = [name for name in names if name.startswith("ftok.libs/")]
    assert any("libicuuc" in name for name in grafted) and not any("libarrow" in name or "libstdc" in name for name in grafted), grafted
    assert "License-Expression: Apache-2.0" in metadata and "Provides-Extra: arrow" in metadata, metadata[:2000]
    with tarfile.open(source) as archive:
        packed = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"CMakeLists.txt", "LICENSE", "NOTICE", "pyproject.toml", "core/file.cc", "share/vocab/ftok-100k.tiktoken"} <= packed


def check_installed(wheel, folder):
    bin_folder = environment_with(folder, "plain", wheel)
    work = folder / "work"
    subprocess.run(["rm", "-rf", work], check=True)
    work.mkdir()
    assert call(bin_folder / "ftok", "--version", cwd=work).startswith("ftok ")
    loaded = subprocess.run(["ldd", *(bin_folder.parent).glob("lib/python3*/site-packages/ftok/bin/ftok")], capture_output=True, text=True, check=True).stdout
    for library in ("libicuuc", "libtbb", "libopenblas", "libcurl", "libre2"):
        assert re.search(rf"{library}\S* => \S*/ftok\.libs/", loaded), loaded
    run = ["run", "--recipe", "fineweb-2024-04", "--input", SAMPLE, "--vocab", "ftok-100k", "--quiet", "--output"]
    kept = json.loads(call(bin_folder / "ftok", *run, "from-program", "--json", cwd=work))["kept"]
    assert kept > 0
    (work / "use.py").write_text(SCRIPT)
    assert json.loads(call(bin_folder / "python", "use.py", SAMPLE, cwd=work)) == kept
    assert (work / "from-python" / "ftok_train_000000.bin").read_bytes() == (work / "from-program" / "ftok_train_000000.bin").read_bytes()
    # Exit codes and streams are the program's own.
    assert "--recipe" in call(bin_folder / "ftok", "run", "--recipe", code=2, cwd=work)
    assert call(bin_folder / "ftok", "encode", "--vocab", "ftok-4k", "--count", "-", input="the mill", cwd=work).strip().isdigit()
    refusal = call(bin_folder / "ftok", *run, "parquet", "--set", "text.format=parquet", code=1, cwd=work)
    assert refusal.count("\n") == 1 and "pip install 'ftok[arrow]'" in refusal, refusal
    return work, run


def check_arrow(wheel, folder, work, run):
    bin_folder = environment_with(folder, "arrow", f"{wheel}[arrow]")
    call(bin_folder / "ftok", *run, "parquet", "--set", "text.format=parquet", cwd=work)
    texts = sorted((work / "parquet" / "parts").glob("*.text.parquet"))
    rows = call(bin_folder / "python", "-c", f"import ftok; print(sum(1 for _ in ftok.read({str(work / 'parquet')!r})))", cwd=work)
    call(bin_folder / "ftok", "tokenize", "--vocab", "ftok-4k", "--quiet", "--output", "again", *texts, cwd=work)
    assert json.loads((work / "again" / "manifest.json").read_text())["totals"]["kept"] == int(rows) > 0


def check_types(folder, work):
    """The stubs say what is there; of the compiled module mypy cannot see the kinds of its classes and functions."""
    bin_folder = folder / "plain" / "bin"
    subprocess.run([bin_folder / "pip", "install", "--quiet", "--disable-pip-version-check", "mypy"], check=True)
    (work / "mypy.ini").write_text("[mypy]\nignore_missing_imports = True\n")
    (work / "allowed").write_text(r"ftok\._ftok\.(Encoding|Node|Page|PretokenCounts|extract|parse)(\.__init__)?" + "\n")
    call(bin_folder / "python", "-m", "mypy.stubtest", "ftok", "--mypy-config-file", "mypy.ini", "--allowlist", "allowed", cwd=work)


def make(folder):
    try:
        made = subprocess.run([ROOT / "tools" / "make" / "make_wheel", "--work", folder / "wheel", "--output", folder / "dist"], capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        said = error.stdout + error.stderr
        if "No matching distribution" in said:
            print(f"SKIPPED: pip cannot install what the build needs: {said[-300:]}")
            sys.exit(77)
        sys.exit(said)
    print(made.stdout)
    return folder / "dist"


def main():
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    dist = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else make(folder)
    (wheel,), (source,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    check_files(wheel, source)
    work, run = check_installed(wheel, folder)
    check_arrow(wheel, folder, work, run)
    check_types(folder, work)


if __name__ == "__main__":
    main()
