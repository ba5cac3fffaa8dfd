#!/usr/bin/env python3
"""The Dockerfile against the tree and the installed program, without Docker: image_checks.py BUILD_FOLDER [PREFIX]

What it copies exists, in the tree (and is not left out by .dockerignore) or in what `cmake --install` leaves; the commands that it runs exist; and the packages of
its last stage, with those that they depend on, hold every library that the program and its module load. PREFIX: where it is installed, in place of installing it. Exit
code 77 where this is not Debian 12, or Arrow is not that of a Python package.
"""
import fnmatch
import glob
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTIONS = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "ENTRYPOINT"}
SHELL_OWN = {"cd", "true", "set"}
LOADED_LATER = ["libopenblas.so.0"]  # by the program itself, when something trains


def instructions(text):
    """-> the stages, each a list of (instruction, rest), with comments and continued lines resolved"""
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    stages = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if not line.strip():
            continue
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, rest.strip()))
    return stages


def ignored(path, patterns):
    return any(fnmatch.fnmatch(part, pattern.removeprefix("**/")) for pattern in patterns
               for part in ([path.parts[0]] if not pattern.startswith("**/") else path.parts))


def output(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stdout


def dependencies():
    """-> package: the names of those that it depends on, for all that are installed here"""
    found = {}
    for line in output("dpkg-query", "-W", "-f", "${Package}\t${Depends},${Pre-Depends}\n").splitlines():
        package, _, names = line.partition("\t")
        found[package] = {re.sub(r"[ (:].*", "", name.strip()) for name in re.split(r"[,|]", names) if name.strip()}
    return found


def packages_of(libraries):
    """-> library: its package; before usrmerge dpkg knows some without /usr"""
    places = {place: library for library in libraries for path in (library, library.resolve())
              for place in (str(path), str(path).removeprefix("/usr"), f"/usr{path}")}
    done = subprocess.run(["dpkg", "-S", *places], capture_output=True, text=True)
    return {places[place]: line.split(":")[0] for line in done.stdout.splitlines() if (place := line.split(": ")[-1]) in places}


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stages = instructions((ROOT / "Dockerfile").read_text())
        cls.build, cls.last = cls.stages
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.prefix = PREFIX or Path(cls.folder.name)
        if PREFIX is None:
            subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True, stdout=subprocess.DEVNULL)

    def of(self, stage, name):
        return [rest for each, rest in stage if each == name]

    def commands(self, stage):
        """Each command of the stage's RUN instructions, as words."""
        return [shlex.split(command) for run in self.of(stage, "RUN") for command in re.split(r"&&|\|\||;", run)]

    def test_its_instructions_are_known(self):
        self.assertEqual([rest for rest in self.of(self.build, "FROM") + self.of(self.last, "FROM")], ["debian:12-slim AS build", "debian:12-slim"])
        for stage in self.stages:
            self.assertLessEqual({name for name, _ in stage}, INSTRUCTIONS)
        self.assertEqual(json.loads(self.of(self.last, "ENTRYPOINT")[0]), ["ftok"])
        (user,) = self.of(self.last, "USER")
        self.assertIn(["useradd", "--uid", "10001", "--create-home", user], self.commands(self.last))
        self.assertNotIn(user, ("root", "0"))

    def test_what_it_copies_is_there(self):
        patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line]
        (peers,) = [rest.split("=")[1] for rest in self.of(self.build, "ENV") if rest.startswith("FTOK_PEERS=")]
        from_build = 0
        for stage in self.stages:
            for copy in self.of(stage, "COPY"):
                *sources, _ = [word for word in copy.split() if not word.startswith("--")]
                for source in sources:
                    if not copy.startswith("--from="):
                        self.assertTrue((ROOT / source).exists(), source)
                        self.assertFalse(source != "." and ignored(Path(source), patterns), source)
                        continue
                    self.assertTrue(copy.startswith("--from=build "), copy)
                    from_build += 1
                    place = source.replace(peers + "/arrow/lib/python3.11/site-packages", str(PYARROW.parent)).replace("/opt/ftok", str(self.prefix))
                    self.assertTrue(glob.glob(place), f"{source}: there is no {place}")
        self.assertGreater(from_build, 3)
        for kept in (".git", "build", "build/release", "shared/data"):
            self.assertTrue(ignored(Path(kept), patterns), kept)
        for needed in output("git", "-C", ROOT, "ls-files").splitlines():
            self.assertFalse(ignored(Path(needed), patterns), needed)

    def test_its_licences_are_there(self):
        self.assertIn("LICENSE NOTICE /licenses/", self.of(self.last, "COPY"))
        self.assertEqual((self.prefix / "share/doc/ftok/LICENSE").read_text(), (ROOT / "LICENSE").read_text())

    def test_the_commands_it_runs_exist(self):
        for stage in self.stages:
            for words in self.commands(stage):
                program = words[0]
                place = ROOT / program.removeprefix("/source/") if program.startswith("/source/") else shutil.which(program)
                self.assertTrue(program in SHELL_OWN or (place and Path(place).exists()), program)
        options = {"--list", "--arrow", "--engines", "--browser", "--trainers"}
        for words in self.commands(self.build):
            if words[0].endswith("tools/setup"):
                self.assertLessEqual(set(words[1:]), options)
        defined = {word[2:].split("=")[0] for words in self.commands(self.build) for word in words if word.startswith("-DFTOK_")}
        cached = (BUILD / "CMakeCache.txt").read_text()
        for name in defined:
            self.assertRegex(cached, rf"(?m)^{name}:")

    def test_its_packages_hold_what_the_program_loads(self):
        (install,) = [words for words in self.commands(self.last) if words[:2] == ["apt-get", "install"]]
        listed = {word for word in install[2:] if not word.startswith("-")}
        depends_on = dependencies()
        self.assertEqual(listed - depends_on.keys(), set(), "packages that are not installed here")
        known, todo = set(listed), list(listed)
        while todo:
            new = depends_on.get(todo.pop(), set()) - known
            known |= new
            todo += new
        binaries = [self.prefix / "bin/ftok", *self.prefix.glob("lib/ftok/*.so")]
        self.assertEqual(len(binaries), 2)
        libraries = set()
        for binary in binaries:
            for name, place in re.findall(r"(\S+) => (\S+)", output("ldd", binary)):
                self.assertNotEqual(place, "not", f"{binary.name}: {name} is not found")
                libraries.add(Path(place))
        cache = output("/sbin/ldconfig", "-p")
        for name in LOADED_LATER:
            libraries.add(Path(re.search(rf"{re.escape(name)} .*=> (\S+)", cache).group(1)))
        self.assertGreater(len(libraries), 20)
        copied = [source for copy in self.of(self.last, "COPY") for source in copy.split()]
        for library in libraries:
            if library.parent == PYARROW:
                self.assertTrue(any(fnmatch.fnmatch(library.name, Path(source).name) for source in copied), library)
        own = packages_of(library for library in libraries if library.parent != PYARROW)
        missing = [f"{library}: {own.get(library)}" for library in sorted(libraries) if library.parent != PYARROW and own.get(library) not in known]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    BUILD, PREFIX = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    runpath = re.search(r"RUNPATH.*\[([^]:]*/pyarrow)[]:]", output("readelf", "-d", BUILD / "libftok_arrow.so"))
    if shutil.which("dpkg") is None or "VERSION_ID=\"12\"" not in Path("/etc/os-release").read_text() or runpath is None:
        print("SKIPPED: needs Debian 12, whose packages the image has, and Arrow of a Python package")
        sys.exit(77)
    PYARROW = Path(runpath.group(1))
    unittest.main(argv=sys.argv[:1])
