"""The parts of the package that run the program, and read what it writes: unittest. The program is $FTOK_PROGRAM, which ctest sets."""
import copy, gzip, json, os, pickle, shutil, subprocess, sys, tempfile, unittest, unittest.mock
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import ftok

SAMPLE = Path(__file__).resolve().parents[2] / "share" / "sample" / "ftok-sample.warc.gz"
FORMATS = ("llmc", "megatron", "datatrove", "olmo", "litdata", "mds", "raw")


try:
    import tiktoken.model
except ImportError:
    tiktoken = None


def fail_elsewhere(_):
    ftok.run("no-such-recipe", SAMPLE, "nowhere", progress=None)


def encode_elsewhere(encoding, text):
    return encoding.encode(text)


class Vocabularies(unittest.TestCase):
    def test_an_encoding_pickles(self):
        named = ftok.Encoding.load("ftok-4k")
        trained = ftok.train(["the mill by the river turns " * 20], 280, name="mill", special_tokens=["<|endoftext|>"])
        for encoding in (named, trained):
            again = pickle.loads(pickle.dumps(encoding))
            self.assertEqual((again.name, again.sha256, again.n_vocab, again.special_tokens_set),
                             (encoding.name, encoding.sha256, encoding.n_vocab, encoding.special_tokens_set))
            self.assertEqual(again.encode("the mill turns"), encoding.encode("the mill turns"))
        self.assertLess(len(pickle.dumps(named)), 1000)  # its name
        # Of that name, but not it: pickled whole.
        impostor = ftok.train(["the mill by the river turns " * 20], 280, name="ftok-4k")
        self.assertEqual(pickle.loads(pickle.dumps(impostor)).n_vocab, impostor.n_vocab)
        with get_context("spawn").Pool(1) as pool:
            self.assertEqual(pool.apply(encode_elsewhere, (named, "hello world")), named.encode("hello world"))

    def test_whatever_an_encoding_is_made_of_is_pickled(self):
        with tempfile.TemporaryDirectory() as folder:
            ftok.Encoding.load("ftok-4k").save(f"{folder}/tokenizer.json")
            file = json.loads(Path(folder, "tokenizer.json").read_text())
            file["normalizer"] = {"type": "NFC"}
            file["added_tokens"].append({"id": file["added_tokens"][-1]["id"] + 1, "content": "plain", "single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False})
            Path(folder, "tokenizer.json").write_text(json.dumps(file))
            other = ftok.Encoding.load(f"{folder}/tokenizer.json")
        texts = ["the mill by the river turns " * 20]
        for encoding in (other, *(ftok.train(texts, 280, name=name) for name in ("org/model", "", "n" * 300, "caf\u00e9", "..")),
                         ftok.train(texts, 280, pattern="llama3"), ftok.train(texts, 280, pattern="gpt2-original"), ftok.train(texts, 280, pattern="[a-z]+", special_tokens=["<a>"])):
            for again in (pickle.loads(pickle.dumps(encoding)), copy.deepcopy(encoding)):
                self.assertEqual(again._state(), encoding._state())
                self.assertEqual((again.name, again.pattern, again.encode("the mill cafe\u0301 plain")), (encoding.name, encoding.pattern, encoding.encode("the mill cafe\u0301 plain")))

    @unittest.skipIf(tiktoken is None, "needs tiktoken")
    def test_names_of_models_are_tiktokens(self):
        names = [*tiktoken.model.MODEL_TO_ENCODING, *(prefix + "x" for prefix in tiktoken.model.MODEL_PREFIX_TO_ENCODING)]
        for name in names:
            self.assertEqual(ftok.encoding_name_for_model(name), tiktoken.model.encoding_name_for_model(name), name)

    def test_names_of_models(self):
        for model, vocabulary in {"gpt-4": "cl100k_base", "gpt-4-0613": "cl100k_base", "gpt-4o-2024-08-06": "o200k_base", "o200k": "o200k_base",
                                  "llama-3.1": "llama3.1", "llama3": "llama3", "gpt-oss-20b": "o200k_harmony", "ftok-4k": "ftok-4k"}.items():
            self.assertEqual(ftok.encoding_name_for_model(model), vocabulary)
        for unknown in ("gpt", "gpt-40", "o", ""):
            self.assertRaises(KeyError, ftok.encoding_name_for_model, unknown)
        self.assertIs(ftok.encoding_for_model("ftok-4k"), ftok.get_encoding("ftok-4k"))

    def test_a_vocabulary_that_is_not_here_is_named_with_its_command(self):
        with tempfile.TemporaryDirectory() as empty, unittest.mock.patch.dict(os.environ, {"FTOK_CACHE": empty}):
            with self.assertRaisesRegex(ValueError, "`ftok vocab get cl100k_base` fetches it"):
                ftok.Encoding.load("gpt-4")
            with self.assertRaisesRegex(ValueError, "`ftok vocab get o200k_base` fetches it"):
                ftok.Encoding.load("o200k_base")
            with self.assertRaisesRegex(ValueError, "no file mill, and no vocabulary of that name"):
                ftok.Encoding.load("mill")

    def test_from_pretrained(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertRaises(FileNotFoundError, ftok.from_pretrained, folder)
            encoding = ftok.Encoding.load("ftok-4k")
            encoding.save(f"{folder}/tokenizer.json")
            self.assertEqual(ftok.from_pretrained(folder).encode("hello world"), encoding.encode("hello world"))

    def test_how_it_is_shown(self):
        encoding = ftok.Encoding.load("ftok-4k")
        self.assertIn("'ftok-4k': 4", repr(encoding))
        view = encoding.view("a <b>\u4e16")
        for again in (pickle.loads(pickle.dumps(view)), copy.copy(view), copy.deepcopy(view)):
            self.assertEqual((again, again._repr_html_()), (view, view._repr_html_()))
        shown = view._repr_html_()
        self.assertIn("&lt;", shown)
        self.assertIn(f"title='{encoding.encode('a')[0]}'", shown)


@unittest.skipUnless(os.environ.get("FTOK_PROGRAM"), "FTOK_PROGRAM does not name the program")
class Program(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="ftok-python-"))
        cls.reports = []
        cls.result = ftok.run("fineweb-2024-04", SAMPLE, cls.folder / "out", vocab="ftok-4k", options={"shards.shard_tokens": 5000}, progress=cls.reports.append)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_a_run_gives_what_the_command_gives(self):
        self.assertEqual(self.result["documents"], self.result["kept"] + sum(self.result["dropped"].values()))
        self.assertEqual(self.reports[-1]["inputs_committed"], 1)
        self.assertIn(f"<td style='text-align:right'>{self.result['kept']:,}</td>", self.result._repr_html_())
        with self.assertRaises(ftok.RunError) as raised:
            ftok.run("no-such-recipe", SAMPLE, self.folder / "none", progress=None)
        self.assertEqual(raised.exception.returncode, 2)
        self.assertIn("no-such-recipe", str(raised.exception))
        again = pickle.loads(pickle.dumps(raised.exception))
        self.assertEqual((again.returncode, str(again)), (2, str(raised.exception)))
        with get_context("spawn").Pool(1) as pool:
            self.assertRaises(ftok.RunError, pool.map_async(fail_elsewhere, [0]).get, 60)

    def test_shards_of_every_format_are_the_same_documents(self):
        expected = {split: self.tokens_by_id(self.folder / "out", split) for split in ("train", "val")}
        self.assertEqual(sum(map(len, expected.values())), self.result["kept"])
        windows = None
        for form in FORMATS[1:]:
            output = self.folder / form
            subprocess.run([ftok.program(), "shards", "convert", "--to", form, "--shard-tokens", "3000", self.folder / "out", output], check=True, capture_output=True)
            for split in ("train", "val"):
                shards = ftok.Shards(output, split)
                self.assertEqual(shards.format, form)
                got = {name: shards[i].tolist()[:-1] for i, name in enumerate(shards.ids)}
                self.assertEqual(got, expected[split], form)
                self.assertTrue(all(shards[i][-1] == shards.end_of_text for i in range(len(shards))))
            all_windows = [window["input_ids"].tolist() for window in map(ftok.Shards(output).windows(100).__getitem__, range(len(ftok.Shards(output).windows(100))))]
            windows = windows or all_windows
            self.assertEqual(all_windows, windows, form)

    @staticmethod
    def tokens_by_id(folder, split):
        lines = subprocess.run([ftok.program(), "shards", "cat", "--json", "--ids", folder], check=True, capture_output=True, text=True).stdout.splitlines()
        documents = {document["id"]: document["tokens"][1:] for document in map(json.loads, lines)}
        shards = ftok.Shards(folder, split)
        return {name: documents[name] for name in shards.ids}

    def test_windows_go_on_where_they_stood(self):
        windows = ftok.Shards(self.folder / "out").windows(64, seed=7)
        stream = iter(windows)
        first = [next(stream)["input_ids"] for _ in range(len(windows))]
        self.assertEqual({tuple(window) for window in first}, {tuple(windows[i]["input_ids"]) for i in range(len(windows))})
        next(stream)
        state = json.loads(json.dumps(windows.state_dict()))
        rest = [next(stream)["input_ids"].tolist() for _ in range(5)]
        again = pickle.loads(pickle.dumps(ftok.Shards(self.folder / "out"))).windows(64, seed=7)
        again.load_state_dict(state)
        self.assertEqual([window["input_ids"].tolist() for window, _ in zip(again, range(5))], rest)
        one = windows[0]
        self.assertEqual(one["input_ids"].dtype, np.int64)
        self.assertEqual(one["input_ids"][1:].tolist(), one["labels"][:-1].tolist())
        self.assertRaises(ValueError, ftok.Shards(self.folder / "out").windows(64, seed=8).load_state_dict, state)
        self.assertRaises(IndexError, windows.__getitem__, len(windows))

    def test_windows_are_a_sequence(self):
        windows = ftok.Shards(self.folder / "out").windows(64, seed=7)
        self.assertEqual([window["labels"].tolist() for window in windows[3:0:-2]], [windows[i]["labels"].tolist() for i in (3, 1)])
        self.assertEqual((windows[-1]["labels"].tolist(), windows.index(windows[5]), windows.count(windows[5])), (windows[len(windows) - 1]["labels"].tolist(), 5, 1))
        self.assertIn(windows[len(windows) - 1], windows)
        for absent in (5, {}, {"input_ids": [1], "labels": [2]}):
            self.assertNotIn(absent, windows)
            self.assertRaises(ValueError, windows.index, absent)
        self.assertRaises(TypeError, windows.__getitem__, 1.5)
        state = windows.state_dict()
        for bad in ({"epoch": -1}, {"position": -1}, {"position": len(windows) + 1}, {"position": 1.5}, {"position": "1"}, {"epoch": None}):
            self.assertRaises(ValueError, windows.load_state_dict, {**state, **bad})
        self.assertRaises(ValueError, windows.load_state_dict, {key: value for key, value in state.items() if key != "epoch"})

    def test_a_shard_that_is_not_what_the_manifest_lists(self):
        output = self.folder / "cut"
        shutil.copytree(self.folder / "out", output)
        shard = next(output.glob("ftok_train_*.bin"))
        shard.write_bytes(shard.read_bytes()[:-2])
        self.assertRaises(ValueError, ftok.Shards, output)
        self.assertRaises(FileNotFoundError, ftok.Shards, self.folder)

    def test_texts_are_read_back(self):
        try:
            import zstandard  # noqa: F401
        except ImportError:
            self.skipTest("zstandard is not installed")
        documents = list(ftok.read(self.folder / "out"))
        self.assertEqual(len(documents), self.result["kept"])
        self.assertTrue(all(document["text"] and document["id"] for document in documents))
        lines = self.folder / "lines.jsonl"
        lines.write_text("".join(json.dumps({"text": document["text"], "id": document["id"], "own": 7}) + "\n" for document in documents))
        self.assertEqual([document["id"] for document in ftok.read(lines)], [document["id"] for document in documents])
        self.assertEqual(next(ftok.read(lines))["own"], 7)

    def test_lines_of_every_kind(self):
        """Compressed or not, whole or cut, with what is no JSON and no UTF-8."""
        try:
            import zstandard
        except ImportError:
            self.skipTest("zstandard is not installed")
        rows = [{"text": f"Line {i} of the mill. " * 50, "id": str(i)} for i in range(300)]
        lines = [json.dumps(row).encode() + b"\n" for row in rows]
        whole = b"".join(lines)
        pack = zstandard.ZstdCompressor().compress
        packers = {".jsonl": bytes, ".jsonl.gz": gzip.compress, ".jsonl.zst": pack, ".several.jsonl.zst": lambda data: b"".join(pack(data[at:at + 9999]) for at in range(0, len(data), 9999))}
        def read(ending, data):
            path = self.folder / f"kinds{ending}"
            path.write_bytes(data)
            return list(ftok.read(path))
        for ending, packed in packers.items():
            with self.subTest(ending):
                self.assertEqual(read(ending, packed(b"\xef\xbb\xbf" + whole.replace(b"\n", b"\r\n\n", 7))), rows)
                self.assertEqual(read(ending, packed(whole[:-1])), rows)
                self.assertEqual(read(ending, packed(b"")), [])
                self.assertEqual(read(ending, packed(b'{"text": "caf\xe9 \xe4\xb8."}')), [{"text": "caf\ufffd \ufffd."}])
                for bad, says in ((b"{", "line 2: not JSON"), (b"[1]", "line 2: not a JSON object"), (b"\xff", "line 2: not JSON")):
                    with self.assertRaisesRegex(ValueError, f"kinds{ending}: {says}"):
                        read(ending, packed(lines[0] + bad + b"\n"))
                if ending != ".jsonl":
                    with self.assertRaisesRegex(ValueError, f"kinds{ending}: cut short"):
                        read(ending, packed(whole)[:-5])
                    with self.assertRaisesRegex(ValueError, f"kinds{ending}: "):
                        read(ending, packed(whole)[:-20] + b"\xff" * 20)
        output = self.folder / "cut-texts"
        shutil.copytree(self.folder / "out", output)
        part = next((output / "parts").glob("*.text.jsonl.zst"))
        part.write_bytes(part.read_bytes()[:-1000])
        with self.assertRaisesRegex(ValueError, f"{part.name}: cut short"):
            list(ftok.read(output))

    def test_a_recipe_with_a_stage_of_its_own(self):
        (self.folder / "shout.py").write_text("def process(document):\n    return document['text'].upper()\n")
        recipe = self.folder / "own.toml"
        recipe.write_text(f'preset = "fineweb-2024-04"\nstages = ["http", "extract", "own", "minhash", "dedup"]\n[own]\nkind = "python"\nfile = "{self.folder}/shout.py"\n')
        self.assertEqual(ftok.deduplicate(["the mill turns", "the mill turns"], recipe=recipe), [True, False])
        plain, shouted = (next(ftok.read(SAMPLE, recipe=recipe, stages=stages))["text"] for stages in (["http", "extract"], ["http", "extract", "own"]))
        self.assertEqual((plain != shouted, plain.upper()), (True, shouted))

    def test_parquet_is_read_by_the_program_where_pyarrow_is_not_installed(self):
        try:
            table = ftok.run("fineweb-2024-04", SAMPLE, self.folder / "table", vocab="ftok-4k", options={"text.format": "parquet"}, progress=None)
        except ftok.RunError as error:
            self.assertIn("without Arrow", str(error))
            self.skipTest("the program was built without Arrow")
        with unittest.mock.patch.dict(sys.modules, {"pyarrow": None, "pyarrow.parquet": None}):
            by_folder = list(ftok.read(self.folder / "table"))
            by_file = list(ftok.read(next((self.folder / "table" / "parts").glob("*.text.parquet"))))
        self.assertEqual(len(by_folder), table["kept"])
        self.assertEqual(by_file, by_folder)
        self.assertEqual([d["text"] for d in by_folder], [d["text"] for d in ftok.read(self.folder / "out")])

    def test_any_input_through_any_stages(self):
        pages = list(ftok.read(SAMPLE))
        self.assertEqual(len(pages), self.result["documents"] - self.result["dropped"].get("text.empty", 0) - sum(
            count for reason, count in self.result["dropped"].items() if reason.startswith(("http.", "warc.", "extract."))))
        self.assertTrue(all(page["text"] and page["url"] and "stopped_after" not in page and "title" in page for page in pages))
        judged = list(ftok.read(SAMPLE, stages=["http", "extract", "language"], options={"language.languages": {"fr": 0.5}}))
        self.assertTrue(0 < len(judged) < len(pages) and {page["language"] for page in judged} == {"fr"})
        lines = self.folder / "two.jsonl"
        lines.write_text(json.dumps({"text": "short"}) + "\n" + json.dumps({"id": "b", "text": pages[0]["text"]}) + "\n")
        self.assertEqual([document["id"] for document in ftok.read([lines, lines], stages="gopher_quality", options={"gopher_quality.words_min": 5, "gopher_quality.stop_words_min": 0})],
                         ["b", "b"])
        with self.assertRaises(ftok.RunError):
            next(ftok.read(lines, stages="no_such_stage"))
        with self.assertRaises(ftok.RunError):
            next(ftok.read(self.folder / "absent.warc.gz"))

    def test_functions_over_lists(self):
        text = "The mill by the river turns all day, and the miller sleeps. " * 3
        self.assertEqual([judged["outcome"] for judged in ftok.filter_texts(["x" * 40, {"id": "b", "text": "hello"}], stages="gopher_quality")],
                         ["gopher_quality.too_short", "gopher_quality.too_short"])
        self.assertIn("measurements", ftok.filter_texts([text], measure=True)[0])
        (english, german) = ftok.detect_languages([text, "Der M\u00fcller schl\u00e4ft, und die M\u00fchle\nam Fluss dreht sich den ganzen Tag."])
        self.assertEqual((english[0][0], german[0][0]), ("en", "de"))
        self.assertEqual(ftok.find_pii(["mail a@b.com", "none"]), [[{"kind": "email", "begin": 5, "end": 12, "text": "a@b.com"}], []])
        self.assertEqual(ftok.replace_pii(["mail a@b.com"]), ["mail email@example.com"])
        self.assertEqual(ftok.deduplicate([text, "Another text of which there is one.", text]), [True, True, False])
        # What the stages do not judge repeats nothing but itself.
        large = "The mill by the river turns all day. " * 500_000
        self.assertEqual(ftok.deduplicate(["", text, " ", "", large, large + "x", {"text": large}, text, "\u3000"]), [True, True, True, False, True, True, False, False, True])
        self.assertEqual((ftok.deduplicate([""]), ftok.deduplicate(["", "\n", ""])), ([True], [True, True, False]))
        odd = ["The mill by the river\x00 turns", "BZh9 und die M\u00fchle am Fluss dreht sich den ganzen Tag", "", "The mill \ud800 by the river turns", "\x1f\x8b\x08 \u2028 \x85"]
        found = ftok.detect_languages(odd)
        self.assertEqual([len(languages) for languages in found][:4], [1, 1, 0, 1])
        self.assertEqual(([languages[0][0] for languages in (found[0], found[1], found[3])], len(found)), (["en", "de", "en"], 5))
        many = [f"mail a{i}@b.com\nand \"c\" \u4e16" if i % 2 else "none" for i in range(300)]
        self.assertEqual([len(spans) for spans in ftok.find_pii(many)], [i % 2 for i in range(300)])
        self.assertEqual(ftok.replace_pii(many, kinds=["email"]), [text.replace(f"a{i}@b.com", "email@example.com") for i, text in enumerate(many)])
        for function in (ftok.filter_texts, ftok.detect_languages, ftok.deduplicate, ftok.find_pii, ftok.replace_pii):
            self.assertEqual(function([]), [])
            self.assertRaises(TypeError, function, "one text")


if __name__ == "__main__":
    unittest.main()
