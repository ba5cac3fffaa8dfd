"""Runs the `ftok` program: a recipe over inputs, and single stages over lists of texts."""
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path


class RunError(RuntimeError):
    """The program ended with `returncode`, and said why: the codes are those of the README."""

    def __init__(self, returncode, message):
        super().__init__(message or f"ftok ended with exit code {returncode}")
        self.returncode = returncode

    def __reduce__(self):
        return type(self), (self.returncode, str(self))


def program():
    """The path of the `ftok` program: $FTOK_PROGRAM, else the one that came with this package, else the one in PATH. Raises FileNotFoundError."""
    own = str(Path(__file__).parent / "bin" / "ftok")
    found = shutil.which(os.environ.get("FTOK_PROGRAM") or (own if os.path.exists(own) else "ftok"))
    if found is None:
        raise FileNotFoundError("the program ftok is not found: put it into PATH, or set FTOK_PROGRAM to its path")
    return found


def _call(arguments, given=None):
    """standard output of one command; `given` is its standard input"""
    done = subprocess.run([program(), *map(str, arguments)], input=given, capture_output=True, check=False)
    if done.returncode != 0:
        raise RunError(done.returncode, done.stderr.decode(errors="replace").strip())
    return done.stdout


class RunResult(dict):
    """What `ftok run --json` prints, as a dict; in a notebook, the funnel as a table. `output` is the folder."""

    def __init__(self, fields, output):
        super().__init__(fields)
        self.output = Path(output)

    def shards(self, split="train"):
        """The output's `ftok.Shards`."""
        from ._shards import Shards
        return Shards(self.output, split)

    def _rows(self):
        yield "records", self["records"]
        for kind, count in self["skipped"].items():
            yield f"skipped: {kind}", count
        yield "documents", self["documents"]
        for reason, count in self["dropped"].items():
            yield f"dropped: {reason}", count
        yield "kept", self["kept"]
        yield "tokens", self["tokens"]

    def __repr__(self):
        return (f"<ftok.RunResult {str(self.output)!r}: {self['records']} records, {self['documents']} documents, {self['kept']} kept, "
                f"{self['tokens']} tokens>")

    def _repr_html_(self):
        rows = "".join(f"<tr><td>{html.escape(name)}</td><td style='text-align:right'>{count:,}</td></tr>" for name, count in self._rows())
        return f"<table><caption>{html.escape(str(self.output))}</caption>{rows}</table>"


def _setting(value):
    """a value as a recipe has it: Python's lists, dicts and truths as TOML's; a str stands for itself"""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key), ensure_ascii=False)} = {json.dumps(one, ensure_ascii=False)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (bool, list, tuple)) else value


def _print_progress(report):
    sys.stderr.write(f"\rftok: {report['inputs_committed']}/{report['inputs']} inputs, {report['records']} records, {report['kept']} kept, {report['tokens']} tokens ")
    sys.stderr.flush()


def run(recipe, inputs, output, *, vocab="ftok-100k", options=None, threads=0, language_model=None, max_failed_inputs=None, progress=True):
    """Does `ftok run`: WARC, WET, JSON Lines and other inputs to token shards in the folder `output`.

    `recipe` is the name of a preset or a file, `inputs` a path, address or glob, or several; `options` are keys of the recipe ({"shards.format": "mds"}), their values strings, numbers, lists or dicts.
    `progress` is a function that is called with each report (a dict), or True: a line on standard error. A run that was stopped goes on when it is called
    again. Returns a RunResult. Raises RunError: with `returncode` 65 where inputs could not be read, and `max_failed_inputs` does not allow for them.
    """
    inputs = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    arguments = ["run", "--recipe", recipe, "--output", output, "--vocab", vocab, "--threads", threads, "--json", "--quiet"]
    for path in inputs:
        arguments += ["--input", path]
    for key, value in (options or {}).items():
        arguments += ["--set", f"{key}={_setting(value)}"]
    if language_model is not None:
        arguments += ["--language-model", language_model]
    if max_failed_inputs is not None:
        arguments += ["--max-failed-inputs", max_failed_inputs]
    report = _print_progress if progress is True else progress or None
    with tempfile.TemporaryDirectory(prefix="ftok-run-") as folder:
        reports, errors, results = (Path(folder) / name for name in ("progress.jsonl", "errors", "result.json"))
        with errors.open("wb") as error, results.open("wb") as result:
            process = subprocess.Popen([program(), *map(str, arguments), "--progress-json", str(reports)], stdout=result, stderr=error)
        _wait(process, reports, report)
        message = errors.read_text(errors="replace").strip()
        if report is _print_progress:
            sys.stderr.write("\n")
        if process.returncode != 0:
            raise RunError(process.returncode, message)
        return RunResult(json.loads(results.read_text()), output)


def _wait(process, reports, report):
    """until the process ends, with what it reports meanwhile; an exception stops it"""
    seen = 0
    try:
        while True:
            ended = process.poll() is not None
            if report is not None and reports.exists():
                with reports.open("rb") as lines:
                    lines.seek(seen)
                    for line in lines:
                        if not line.endswith(b"\n"):
                            break
                        seen += len(line)
                        report(json.loads(line))
            if ended:
                return
            time.sleep(0.1)
    except BaseException:
        process.terminate()  # what is committed stays, and the same call goes on
        process.wait()
        raise


def read(path, *, recipe=None, stages=None, options=None, language_model=None):
    """The documents of `path`, in order: dicts with "text", "id", "url" and what else is known of them.

    A finished output folder of `ftok run` gives what it kept, with the fields of its parts; a file of JSON Lines (.jsonl, .ndjson; also .gz and .zst) its lines, one of
    Parquet its rows (where pyarrow is installed all of their columns, else what the program reads of them). Any other input, or several in a list (files, addresses, globs), gives the documents that the stages of a recipe make
    of it: `["http", "extract"]` of the preset fineweb-2024-04 where neither `recipe` nor `stages` are named, the main text of pages. `stages` are names of stages
    in their order, `options` keys of the recipe as run() takes them. Whatever names one of these goes through the stages, JSON Lines and Parquet too. The stages run
    in a process of the program, which writes what it keeps to a temporary folder before the first document comes. Raises RunError; ValueError, with the file and the
    line, where JSON Lines hold anything but objects, or compressed data that are damaged or cut short. A byte-order mark is left out, and bytes that are not UTF-8 become U+FFFD.
    """
    several = not isinstance(path, (str, os.PathLike))
    folder = None if several else Path(path)
    plain = recipe is None and stages is None and not options
    if plain and folder is not None and (folder.is_dir() or (folder.is_file() and folder.name.removesuffix(".gz").removesuffix(".zst").endswith(_ROWS))):
        yield from _stored(folder)
        return
    with tempfile.TemporaryDirectory(prefix="ftok-read-") as work:
        yield from _staged(path, Path(work) / "out", recipe or "fineweb-2024-04", stages or (None if recipe else ["http", "extract"]), options or {}, language_model)


_ROWS = (".jsonl", ".ndjson", ".parquet")


def _staged(inputs, output, recipe, stages, options, language_model):
    """what the stages keep, by a run that ends after the last one"""
    if stages is None:
        shown = _call(["recipe", "show", recipe, "--plain"]).decode().splitlines()
        stages = json.loads(next(line for line in shown if line.startswith("stages = ")).removeprefix("stages = "))
    stages = [stages] if isinstance(stages, str) else list(stages)
    recipe = _recipe_of(recipe, stages, output.parent)
    run(recipe, inputs, output, vocab="ftok-4k", progress=False, language_model=language_model,
        options={**options, "stages": stages, "output.stop_after": stages[-1]})
    for document in _stored(output):
        del document["stopped_after"]
        yield document


def _recipe_of(recipe, stages, folder):
    """the recipe without sections of stages that have names of their own and are not among `stages`: nothing would read these"""
    sections = re.split(r"(?m)^(?=\[)", _call(["recipe", "show", recipe, "--plain"]).decode())
    read = [section for section in sections if not re.search(r"(?m)^kind = ", section) or re.match(r"\[([^]]*)\]", section)[1] in stages]
    if len(read) == len(sections):
        return recipe
    path = folder / "recipe.toml"
    path.write_text("".join(read), encoding="utf-8")
    return path


def _stored(path):
    """the documents of an output folder, or of a file of rows"""
    parts = sorted([*(path / "parts").glob("*.text.jsonl.zst"), *(path / "parts").glob("*.text.parquet")]) if path.is_dir() else [path]
    if not parts:
        raise FileNotFoundError(f"{path} holds no texts (parts/*.text.*): it is not an output of `ftok run`, or of one with --no-text")
    for part in parts:
        if part.suffix == ".parquet":
            yield from _rows(part)
            continue
        yield from _objects(part)


def _rows(path):
    try:
        import pyarrow.parquet
    except ImportError:
        with tempfile.TemporaryDirectory(prefix="ftok-read-") as work:
            yield from _staged([path], Path(work) / "out", "fineweb-2024-04", ["http", "extract"], {}, None)
        return
    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(1024):
            yield from batch.to_pylist()


def _objects(path):
    """the objects of JSON Lines, perhaps compressed"""
    for number, line in enumerate(_lines(path), 1):
        text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).decode(errors="replace")
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{path}: line {number}: not JSON: {error}") from None
        if not isinstance(value, dict):
            raise ValueError(f"{path}: line {number}: not a JSON object")
        yield value


def _lines(path):
    """the lines of a file, perhaps compressed, as bytes"""
    if path.suffix == ".zst":
        begun = []  # of a line
        for piece in _unpacked(path):
            *lines, rest = piece.split(b"\n")
            for line in lines:
                yield b"".join([*begun, line])
                begun = []
            begun.append(rest)
        yield b"".join(begun)
        return
    if path.suffix != ".gz":
        with path.open("rb") as lines:
            yield from lines
        return
    import gzip
    import zlib
    with gzip.open(path) as lines:
        try:
            yield from lines
        except EOFError:
            raise ValueError(f"{path}: cut short") from None
        except (OSError, zlib.error) as error:
            raise ValueError(f"{path}: damaged: {error}") from None


def _unpacked(path):
    """what the frames of a .zst file hold, piece by piece"""
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor as begin, ZstdError
    else:
        from zstandard import ZstdDecompressor, ZstdError
        begin = ZstdDecompressor().decompressobj
    frame = None
    with path.open("rb") as file:
        while data := file.read(1 << 15):
            while data:
                frame = frame or begin()
                try:
                    yield frame.decompress(data)
                except ZstdError as error:
                    raise ValueError(f"{path}: damaged: {error}") from None
                data = frame.unused_data if frame.eof else b""
                frame = None if frame.eof else frame
    if frame is not None:
        raise ValueError(f"{path}: cut short")


def _refuse_one(texts):
    if isinstance(texts, (str, bytes)):
        raise TypeError("expected a list of texts, not one text")


def _lines_of(texts):
    _refuse_one(texts)
    documents = [dict(text) if isinstance(text, Mapping) else {"text": text} for text in texts]
    return "".join(json.dumps({"id": document.get("id", str(number)), "text": document["text"]}) + "\n" for number, document in enumerate(documents)).encode()


def filter_texts(texts, *, recipe="fineweb-2024-04", stages=None, options=None, measure=False):
    """What the recipe's quality filters say of each text, in order: dicts with "id", "outcome" ("keep", or the reason to drop), "value" and "threshold"; with
    `measure` also "measurements", the value of every rule. `texts` are str, or dicts with "text" and perhaps "id"; `stages` names some filters."""
    arguments = ["filter", "--recipe", recipe, *(["--measure"] if measure else [])]
    if stages is not None:
        arguments += ["--stages", ",".join([stages] if isinstance(stages, str) else stages)]
    for key, value in (options or {}).items():
        arguments += ["--set", f"{key}={_setting(value)}"]
    lines = _lines_of(texts)
    return [json.loads(line) for line in _call([*arguments, "-"], lines).splitlines()] if lines else []


def detect_languages(texts, *, top=1, model=None):
    """The `top` languages of each text, best first: lists of (label, probability), the probability between 0 and 1. Line ends count as spaces."""
    _refuse_one(texts)
    texts = [text["text"] if isinstance(text, Mapping) else text for text in texts]
    lines = _lines_of([" ".join(text.split()) for text in texts])
    arguments = ["language", "--text-key", "text", "--json", "--top", top, *(["--model", model] if model else [])]
    answers = [json.loads(line) for line in _call([*arguments, "-"], lines).splitlines()] if lines else []
    if len(answers) != len(texts):
        raise RuntimeError(f"{len(answers)} answers for {len(texts)} texts")
    return [[(one["language"], one["probability"]) for one in answer["languages"]] for answer in answers]


def find_pii(texts, *, kinds=("email", "ipv4")):
    """The personal data in each text: lists of dicts with "kind", "begin" and "end" (in bytes of UTF-8) and "text". `kinds` is "all" or some of email, ipv4, ipv6,
    phone, card, iban, us_ssn, api_key."""
    kinds = kinds if isinstance(kinds, str) else ",".join(kinds)
    lines = _lines_of(texts)
    return [json.loads(line)["spans"] for line in _call(["pii", "--kinds", kinds, "--jsonl", "--spans", "-"], lines).splitlines()] if lines else []


def replace_pii(texts, *, kinds=("email", "ipv4")):
    """Each text with its personal data replaced, as the stage `pii` does it."""
    kinds = kinds if isinstance(kinds, str) else ",".join(kinds)
    lines = _lines_of(texts)
    return [json.loads(line)["text"] for line in _call(["pii", "--kinds", kinds, "--jsonl", "-"], lines).splitlines()] if lines else []


def deduplicate(texts, *, recipe="fineweb-2024-04", options=None):
    """Which texts to keep: a list of bool, False for what repeats an earlier text, exactly or nearly, by the recipe's stages `minhash` and `dedup`. What these do not
    judge, texts that are empty, white space or larger than a run reads, is False where it is the same as an earlier one."""
    _refuse_one(texts)
    texts = [text["text"] if isinstance(text, Mapping) else text for text in texts]
    if not texts:
        return []
    lines = _lines_of(texts)
    # A run of nothing that it judges would be refused, so behind them stands a text that repeats none.
    digest = hashlib.sha256(lines).hexdigest()
    lines += json.dumps({"id": "last", "text": " ".join(digest[at:at + 4] for at in range(0, len(digest), 4))}).encode() + b"\n"
    with tempfile.TemporaryDirectory(prefix="ftok-dedup-") as work:
        folder = Path(work)
        (folder / "texts.jsonl").write_bytes(lines)
        stages = ["minhash", "dedup"]
        result = run(_recipe_of(recipe, stages, folder), folder / "texts.jsonl", folder / "out", vocab="ftok-4k", progress=False,
                     options={"shards.validation_per_mille": 0, **(options or {}), "stages": stages, "text.format": "jsonl"})
        kept = set(result.shards().ids)
        repeated = {reject["id"] for part in (folder / "out" / "parts").glob("*.rejects.jsonl.zst") for reject in _objects(part) if reject["reason"].startswith("dedup.")}
    keep, unjudged = [], set()
    for number, text in enumerate(texts):
        judged = str(number) in kept or str(number) in repeated
        keep.append(str(number) in kept if judged else text not in unjudged)
        if not judged:
            unjudged.add(text)
    return keep
