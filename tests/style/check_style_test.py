#!/usr/bin/env python3
"""tools/check_style: an input on each side of each rule, in a git repository of its own. Exit code 77 without git."""
import shutil, subprocess, sys, tempfile, unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CHECK = ROOT / "tools" / "check_style"
HEADER = "// Thing: what it is.\n#pragma once\n"


def function(lines, name="run"):
    """A function of so many lines, with the first and the last."""
    return f"void {name}() {{\n" + "  step();\n" * (lines - 2) + "}\n"


class CheckStyleTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def findings(self, files, executable=()):
        """What is reported of a repository of these files ({path: text}), checked that the exit status agrees."""
        shutil.rmtree(self.root)
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        for path in executable:
            (self.root / path).chmod(0o755)
        for command in (["init", "-q"], ["add", "--all"]):
            subprocess.run(["git", "-C", self.root, *command], check=True)
        result = subprocess.run([sys.executable, CHECK, self.root], capture_output=True, text=True)
        found = result.stdout.splitlines()
        self.assertEqual(result.returncode, 1 if found else 0, result.stderr)
        return found

    def assert_clean(self, files, **options):
        self.assertEqual(self.findings(files, **options), [])

    def assert_found(self, files, *expected, **options):
        """One finding for each of `expected`, which is its beginning."""
        found = self.findings(files, **options)
        self.assertEqual(len(found), len(expected), found)
        for line, beginning in zip(found, expected):
            self.assertTrue(line.startswith(beginning), f"{line!r} does not begin with {beginning!r}")

    # Lengths.

    def test_functions(self):
        self.assert_clean({"a.cc": function(80)})
        self.assert_found({"a.cc": "\n" + function(81)}, "a.cc:2: function run has 81 lines, at most 80: ")
        self.assert_found({"a.cu": "__global__ void " + function(81)[5:]}, "a.cu:1: function run has 81 lines")

    def test_functions_begin_at_their_declaration(self):
        self.assert_clean({"a.cc": "int\n" + function(79, "f")[5:]})
        template = "template <typename T>\nint " + function(80, "f")[5:]
        self.assert_found({"a.cc": template}, "a.cc:1: function f has 81 lines")

    def test_functions_in_other_scopes(self):
        long = function(81)
        self.assert_found({"a.cc": "namespace n {\n" + long + "}\n"}, "a.cc:2: function run has")
        member = "namespace {\nstruct S : T {\n public:\n" + long + "};\n}\n"
        self.assert_found({"a.cc": member}, "a.cc:4: function run has")
        self.assert_found({"a.cc": 'extern "C" {\n' + long + "}\n"}, "a.cc:2: function run has")
        self.assert_found({"a.cc": "TEST(Suite, Name) " + long[11:]}, "a.cc:1: function TEST(Suite, Name) has")
        self.assert_found({"a.cc": "bool S::operator==(S s) " + long[11:]}, "a.cc:1: function operator== has")
        self.assert_found({"a.cc": "S::S(int a) : a_{a}, b_{} " + long[11:]}, "a.cc:1: function S has")
        self.assert_found({"a.cc": "const int k = [] " + long[11:-1] + "();\n"}, "a.cc:1: function k has")
        self.assert_found({"a.cc": "auto f() -> int " + long[11:]}, "a.cc:1: function f has")
        either = "#ifdef A\nint f() {\n#else\nint g() {\n#endif\n" + long[13:]
        self.assert_found({"a.cc": either}, "a.cc:4: function g has")

    def test_what_is_not_a_function(self):
        self.assert_clean({"a.cc": "namespace n {\n" + function(70, "f") + function(70, "g") + "}\n"})
        self.assert_clean({"a.cc": "struct S {\n" + function(70, "f") + function(70, "g") + "};\n"})
        self.assert_clean({"a.cc": "const int k[] = {\n" + "  f(1),\n" * 90 + "};\n"})
        self.assert_clean({"a.cc": "enum class E : int {\n" + "  kA,\n" * 90 + "};\n"})

    def test_lambdas_belong_to_their_function(self):
        body = "  auto f = [] {\n" + "    step();\n" * 38 + "  };\n"
        self.assert_found({"a.cc": "void run() {\n" + body * 2 + "}\n"}, "a.cc:1: function run has 82 lines")

    def test_braces_that_are_not_code(self):
        """A brace in a literal, a comment or a directive neither opens nor closes a function."""
        lines = ('s = "}";', 's = "\\"}";', "c = '}';", 's = R"x(} )" })x";', "// a }", "/* } */", "n = 1'000;  // '}")
        for line in lines:
            text = "void f() {\n  " + line + "\n" + "  step();\n" * 78 + "}\n"
            self.assert_found({"a.cc": text}, "a.cc:1: function f has 81 lines")
        self.assert_clean({"a.cc": "void f() {\n#define OPEN {\n}\n" + "int a;\n" * 90 + "void g() {}\n"})

    def test_files(self):
        self.assert_clean({"a.cc": "int a;\n" * 600, "d.md": "text\n" * 601})
        self.assert_found({"a.cc": "int a;\n" * 601}, "a.cc:1: 601 lines, at most 600: ")
        self.assert_found({"b.py": "a = 1\n" * 601}, "b.py:1: 601 lines")

    def test_generated_tables(self):
        made_by = "// Made by tools/make_it.py: words.\n"
        table = "int a;" + " int b;" * 20 + "\n" + function(601)
        command = {"tools/make_it.py": "a = 1\n"}
        self.assert_clean({"a.cc": made_by + table, **command})
        self.assert_found({"a.cc": made_by + table}, "a.cc:1: made by tools/make_it.py, which is not here: ")
        self.assert_found({"a.cc": "\n" + made_by + table, **command}, "a.cc:1: 604 lines", "a.cc:3: 146 columns",
                          "a.cc:4: function run has 601 lines")

    def test_columns(self):
        self.assert_clean({"a.cc": "// " + "é" * 117 + "\n"})
        self.assert_found({"a.cc": "// " + "é" * 118 + "\n"}, "a.cc:1: 121 columns, at most 120: ")
        self.assert_clean({"a.cc": "// https://example.org/" + "x" * 118 + "\n"})
        self.assert_clean({"a.cc": 'auto s = R"(\n' + "x" * 121 + '\n)";\n', "d.md": "x" * 121 + "\n"})

    # Headers and names.

    def test_opening_sentence(self):
        self.assert_clean({"a.h": HEADER})
        missing = "a.h:1: no opening sentence: "
        self.assert_found({"a.h": "#pragma once\n// Thing: what it is.\n"}, missing)
        self.assert_found({"a.h": "// thing.h\n#pragma once\n"}, missing)
        self.assert_found({"a.cuh": "#pragma once\n"}, "a.cuh:1: no opening sentence: ")

    def test_private_headers_from_public_ones(self):
        public = HEADER + '#include "text/inner/b.h"\n'
        self.assert_found({"text/a.h": public, "text/inner/b.h": HEADER},
                          "text/a.h:3: a public header includes text/inner/b.h, which is private: ")
        self.assert_clean({"text/inner/a.h": public, "text/inner/b.h": HEADER})
        self.assert_clean({"text/a.cc": '#include "text/inner/b.h"\n', "text/inner/b.h": HEADER})
        self.assert_clean({"text/a.h": HEADER + '#include "text/b.h"\n// An #include in a comment.\n', "text/b.h": HEADER})

    def test_private_headers_of_other_rooms(self):
        include = '#include "text/inner/b.h"\n'
        header = {"text/inner/b.h": HEADER}
        for path in ("crawl/a.cc", "crawl/inner/a.cc", "pipeline/a.cc", "tools/ftok/a.cc", "docs/example/a.cc"):
            self.assert_found({path: include, **header}, f"{path}:1: text/inner/b.h is private to text/: ")
        for path in ("tests/text/a.cc", "tools/bench/a.cc", "tools/train_extraction/a.cc", "python/a.cc"):
            self.assert_clean({path: include, **header})

    def test_rooms(self):
        for room, other in (("core", "text"), ("crawl", "extract"), ("tokenizer", "document"), ("shards", "pipeline"),
                            ("pipeline", "trainer"), ("python", "shards")):
            self.assert_found({f"{room}/a.cc": f'#include "{other}/b.h"\n', f"{other}/b.h": HEADER},
                              f"{room}/a.cc:1: {room}/ may not include {other}/: ")
        for room, other in (("text", "core"), ("crawl", "document"), ("tokenizer", "text"), ("trainer", "shards"),
                            ("pipeline", "dedup"), ("tools/ftok", "trainer"), ("python", "text"), ("text", "tools")):
            self.assert_clean({f"{room}/a.cc": f'#include "{other}/b.h"\n', f"{other}/b.h": HEADER})

    def test_pragma_once(self):
        self.assert_found({"a.h": "// Thing: what it is.\n"}, "a.h:1: no `#pragma once`: ")
        self.assert_clean({"a.h": "// Tags. Included with FTOK_TAG(id, name) defined.\nFTOK_TAG(1, a)\n"})

    def test_header_names(self):
        self.assert_clean({"a/x.h": HEADER, "a/y.h": HEADER, "tests/a/x.h": HEADER})
        self.assert_found({"a/x.h": HEADER, "b/x.h": HEADER}, "b/x.h:1: a second header x.h, the first is a/x.h: ")

    def test_type_names(self):
        type_ = "namespace n {{\n{} T {{}};\n}}\n"
        second = "b.cc:2: a second type n::T, the first is at a.cc:2: "
        for kind in ("struct", "class", "enum class", "union", "template <class U> struct"):
            self.assert_found({"a.cc": type_.format("struct"), "b.cc": type_.format(kind)}, second)
        self.assert_clean({"a.cc": type_.format("struct"), "b.cc": "namespace m {\nstruct T {};\n}\n"})
        self.assert_clean({"a.cc": type_.format("struct"), "b.cc": "namespace n::m {\nstruct T {};\n}\n"})
        short, long = "namespace n::m {\nstruct T {};\n}\n", "namespace n {\nnamespace m {\nstruct T {};\n}\n}\n"
        self.assert_found({"a.cc": short, "b.cc": long}, "b.cc:3: a second type n::m::T")
        self.assert_clean({"a.cc": type_.format("struct"), "b.cc": "namespace n {\nstruct T;\nstruct T f();\n}\n"})
        self.assert_clean({"a.cc": "struct A {\n  struct T {};\n};\n", "b.cc": "struct B {\n  struct T {};\n};\n"})
        self.assert_clean({"a.cc": "template <>\nstruct hash<A> {};\n", "b.cc": "template <>\nstruct hash<B> {};\n"})

    def test_anonymous_type_names(self):
        hidden = "namespace n {\nnamespace {\nstruct T {};\n}\n}\n"
        self.assert_clean({"a.cc": hidden, "b.cc": hidden})
        public = HEADER + "namespace n {\nstruct T {};\n}\n"
        self.assert_found({"a.cc": hidden, "b.h": public}, "a.cc:3: type T has the name of n::T at b.h:4: ")
        inner = hidden.replace("namespace n", "namespace n::m")
        self.assert_found({"a.cc": inner, "b.h": public}, "a.cc:3: type T has the name of n::T at b.h:4: ")
        self.assert_clean({"a.cc": hidden, "b.h": public.replace("namespace n", "namespace m")})
        self.assert_clean({"a.cc": hidden, "b.cc": public[len(HEADER):]})

    # Lines and files.

    def test_white_space(self):
        self.assert_found({"a.cc": "int a; \n"}, "a.cc:1: white space at the end of the line: ")
        self.assert_found({"a.md": "text \n"}, "a.md:1: white space at the end of the line: ")
        self.assert_found({"a.cc": "\tint a;\n"}, "a.cc:1: a tab: ")
        self.assert_clean({"a.cc": 'auto s = R"( \n\t\n)";\n', "a.sh": "\techo\n", "a.txt": "text \n"})

    def test_end_of_file(self):
        self.assert_found({"a.cc": "int a;"}, "a.cc:1: the last line does not end: add a newline")
        self.assert_clean({"a.cc": "", "a.txt": "text"})

    def test_left_to_do(self):
        for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X"):
            self.assert_found({"a.cc": f"// {word}: later\n"}, f"a.cc:1: {word}: do it, or file an issue")
        self.assert_clean({"a.sh": "mktemp -d ftok." + "X" * 6 + "\n"})

    def test_dead_code(self):
        self.assert_found({"a.cc": "int a;\n#if 0\n#endif\n"}, "a.cc:2: #if 0: ")
        self.assert_clean({"a.cc": "#if 01 == A\n#endif\n"})
        for code in ("int a = 1;", "a.b(c);", "if (a) {", "}", "return a;", "#include <a>", "} else {", "a->b = c;"):
            self.assert_found({"a.cc": f"  // {code}\n"}, "a.cc:1: code in a comment: ")
        for prose in ("one entry per token;", "returns; what (if any) stays;", "  int a = 1;", "see f(a);", "a = b"):
            self.assert_clean({"a.cc": f"// {prose}\n"})

    def test_machine_paths(self):
        for folder in ("work", "root", "home"):
            self.assert_found({"a.sh": f"cd /{folder}/me\n"}, "a.sh:1: a path of one machine: ")
            self.assert_clean({"a.sh": f"cd $OUT/{folder}/me; cd DIR/{folder}/a; cd /tmp/a; cd ${{A}}/{folder}/b\n"})

    def test_outside(self):
        name = "sha" + "red"
        outside = f"../{name}/data\n"
        self.assert_clean({".ci/run": "#!/bin/sh\nls " + outside, "d.md": outside}, executable=[".ci/run"])
        self.assert_clean({"a.sh": "ls $FTOK_TEST_DATA\n", "a.py": f'a = folder / "{name}"\n'})
        found = "a folder outside the repository: only .ci/run may name it"
        self.assert_found({"a.sh": "ls " + outside}, "a.sh:1: " + found)
        self.assert_found({"a.cc": "// " + outside}, "a.cc:1: " + found)
        self.assert_found({"a.py": f'ROOT.parent / "{name}"\n'}, "a.py:1: " + found)
        self.assert_found({".ci/other.sh": "ls " + outside}, ".ci/other.sh:1: " + found)

    def test_executable_bit(self):
        self.assert_clean({"a": "#!/bin/sh\n", "b.py": "a = 1\n"}, executable=["a"])
        self.assert_found({"a": "#!/bin/sh\n"}, "a:1: begins with #! and is not executable: ")
        self.assert_found({"b.py": "a = 1\n"}, "b.py:1: executable and does not begin with #!: ", executable=["b.py"])

    # What is looked at.

    def test_only_tracked_files(self):
        self.assert_clean({".gitignore": "build\n", "build/a.cc": "int a;"})

    def test_without_git(self):
        result = subprocess.run([sys.executable, CHECK, self.root], capture_output=True, text=True)
        self.assertEqual(result.returncode, 77)
        self.assertIn("is not a git checkout", result.stdout)


if __name__ == "__main__":
    if not shutil.which("git"):
        print("SKIPPED: there is no git")
        sys.exit(77)
    unittest.main()
