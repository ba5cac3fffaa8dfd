"""The parts of the golden record: each runs the program on its inputs and gives (key, value) rows, one a document or
file, so that a difference names what changed. A value is a digest, or in clear where that says more (counts, reasons).
"""
import hashlib, json, os, re, shutil, subprocess
from collections import Counter

import inputs, places


MANIFEST_KEYS = ["vocabulary", "shard_tokens", "end_of_text_placement", "validation_per_mille", "totals", "shards",
                 "parts_in_shards"]


class Skip(Exception):
    """a part that cannot run here; says why"""


def digest(data, digits=16):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode("utf-8")).hexdigest()[:digits]


class Program:
    """The program under test, in a working folder of its own. What it reads has the same relative name everywhere,
    since outputs hold the names of inputs; what a user may have fetched or set is out of its sight."""

    def __init__(self, binary, work, threads):
        self.binary, self.work, self.threads = os.path.abspath(binary), work, str(threads)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("FTOK_") or k == "FTOK_VECTOR"}
        self.environment.update(HOME=str(work), XDG_CACHE_HOME=str(work / "cache"), XDG_DATA_HOME=str(work / "data"))

    def try_run(self, *arguments, **environment):
        return subprocess.run([self.binary, *map(str, arguments)], capture_output=True, stdin=subprocess.DEVNULL,
                              cwd=self.work, env={**self.environment, **environment})

    def run(self, *arguments):
        """-> standard output; raises where the program fails"""
        done = self.try_run(*arguments)
        if done.returncode != 0:
            command = " ".join(map(str, arguments))[:200]
            raise RuntimeError(f"ftok {command}: exit {done.returncode}\n{done.stderr.decode()[-2000:]}")
        return done.stdout


class Table:
    """rows that are made a column at a time: a document's row says what became of it in each run"""

    def __init__(self):
        self.columns, self.rows = [], {}

    def add(self, column, cells):
        """`cells`: (key, value) pairs; the second K is K#2, as in every other column"""
        seen = Counter()
        for key, value in cells:
            seen[key] += 1
            name = key if seen[key] == 1 else f"{key}#{seen[key]}"
            self.rows.setdefault(name, ["-"] * len(self.columns)).append(value)
        self.columns.append(column)
        for row in self.rows.values():
            row.extend(["-"] * (len(self.columns) - len(row)))

    def __iter__(self):
        yield "columns", " | ".join(self.columns)
        for key, row in self.rows.items():
            yield key, " ".join(row)


def key_of(text):
    """a key without tabs and line ends"""
    return re.sub(r"\s", "_", text) or "-"


def counts(result, prefix):
    """the funnel of `--json`, a row a count; what times and memory took is left out"""
    for key, value in sorted(json.loads(result).items()):
        if key in ("seconds", "cpu_seconds", "cpu_seconds_by_stage", "peak_rss_bytes"):
            continue
        if isinstance(value, dict):
            for name, count in sorted(value.items()):
                yield f"{prefix} {key}.{name}", str(count)
        else:
            yield f"{prefix} {key}", json.dumps(value)


def files_of(folder, prefix):
    """shards, sidecars, masks and keys; of the manifest what rests on neither versions nor compressed bytes"""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".bin", ".docs", ".mask", ".keys"):
            yield f"{prefix} {path.relative_to(folder)}", digest(path.read_bytes())
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for key in MANIFEST_KEYS:
        value = json.dumps(manifest.get(key), sort_keys=True)
        yield f"{prefix} manifest.{key}", value if len(value) < 40 else digest(value)
    for number, entry in enumerate(manifest["inputs"]):
        yield f"{prefix} manifest.inputs {number}", digest(json.dumps(entry["report"], sort_keys=True))


def lines_of(folder):
    """lines of kept and then of dropped documents of a run's folder, each with its document"""
    for kind in ("text", "rejects"):
        for path in sorted((folder / "parts").glob(f"*.{kind}.jsonl.zst")):
            for line in inputs.unpack(path).splitlines():
                yield line, json.loads(line)


def outcome(line, document, digits=16):
    return f"{document.get('reason', 'kept')}:{digest(line, digits)}"


def by_url(document):
    return key_of(document.get("url") or document["id"])


def run_recipe(ftok, recipe, file, output, vocabulary, shard_tokens):
    return ftok.run("run", "--recipe", recipe, "--input", file, "--output", output, "--vocab", vocabulary,
                    "--shard-tokens", shard_tokens, "--rejects", "text", "--threads", ftok.threads, "--quiet", "--json")


def place_sample(work):
    """the sample and its recipe in `work`, with lists by a path that no move of folders changes"""
    shutil.copy(places.SAMPLE_WARC, work / "sample.warc.gz")
    if not (work / "lists").exists():
        (work / "lists").symlink_to(places.SAMPLE / "lists")
    recipe = places.SAMPLE_RECIPE.read_text("utf-8")
    (work / "sample.toml").write_text(re.sub(r'"[^"]*/(lists/[^"]+)"', r'"\1"', recipe), "utf-8")


def sample(ftok):
    """the bundled sample with its own recipe and with each preset: every document, every file, every measure"""
    place_sample(ftok.work)
    documents = Table()
    for recipe in ["sample.toml", *places.PRESETS]:
        output = ftok.work / f"sample-{recipe}"
        yield from counts(run_recipe(ftok, recipe, "sample.warc.gz", output, "ftok-50k", 10000), f"{recipe} funnel")
        yield from files_of(output, recipe)
        documents.add(recipe, [(by_url(document), outcome(line, document)) for line, document in lines_of(output)])
        ftok.run("run", "--recipe", recipe, "--input", "sample.warc.gz", "--measure", "measures.jsonl", "--threads",
                 ftok.threads, "--quiet")
        measures = (ftok.work / "measures.jsonl").read_bytes().splitlines()
        documents.add(f"{recipe} --measure", [(by_url(json.loads(line)), digest(line)) for line in measures])
    add_filters(ftok, documents)
    yield from explained(ftok)
    yield from documents


def add_filters(ftok, documents):
    """`ftok filter` on the texts of the sample's documents"""
    with open(ftok.work / "texts.jsonl", "w", encoding="utf-8") as out:
        for _, document in lines_of(ftok.work / f"sample-{places.PRESETS[0]}"):
            if document.get("text"):
                out.write(json.dumps({"id": by_url(document), "text": document["text"]}) + "\n")
    for preset in places.PRESETS:
        for flag in ("--measure", "--each"):
            lines = ftok.run("filter", "--recipe", preset, flag, "texts.jsonl").splitlines()
            documents.add(f"filter {flag} {preset}", [(json.loads(line)["id"], digest(line)) for line in lines])


def explained(ftok):
    rejects = [document for _, document in lines_of(ftok.work / "sample-sample.toml") if "reason" in document]
    for document in rejects[::12]:
        offset = document["offset"]
        text = ftok.run("explain", "--recipe", "sample.toml", "--record", offset, "--show-text", "sample.warc.gz")
        yield f"explain {by_url(document)} at {offset}", digest(text)


def test_data():
    data = places.test_data()
    if data is None:
        raise Skip("set FTOK_TEST_DATA to the folder of test data")
    return data


EXTRACTIONS = {"text": [], "markdown": ["--markdown"],
               "recall": ["--recall", "--title", "--comments", "--links", "--images"], "precision": ["--precision"]}


def extracted(ftok, names, way, digits):
    """a digest for each page's line; the counter of memory is left out"""
    for begin in range(0, len(names), 500):
        some = names[begin:begin + 500]
        lines = ftok.run("extract", "--jsonl", *EXTRACTIONS[way], *(f"{name}.html" for name in some)).splitlines()
        for name, line in zip(some, lines, strict=True):
            yield name, digest(re.sub(rb',"arena_bytes":\d+', b"", line), digits)


def page_rows(ftok, pages, ways, digits):
    for name, html in pages.items():
        path = ftok.work / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(html)
    inputs.write_warc(ftok.work / "pages.warc.gz", pages)
    table = Table()
    for way in ways:
        table.add(way, extracted(ftok, list(pages), way, digits))
    for preset in places.PRESETS:
        output = ftok.work / f"pages-{preset}"
        result = run_recipe(ftok, preset, "pages.warc.gz", output, "ftok-100k", 200000)
        yield from counts(result, f"{preset} funnel")
        yield from files_of(output, preset)
        table.add(preset, [(document["id"].removeprefix("urn:golden:"), outcome(line, document, digits))
                           for line, document in lines_of(output)])
    yield from table


def pages(ftok):
    """20 real pages of each set"""
    return page_rows(ftok, inputs.pages(test_data(), 20), ["text", "markdown", "recall", "precision"], 16)


def pages_full(ftok):
    """all real pages"""
    return page_rows(ftok, inputs.pages(test_data()), ["text", "markdown"], 8)


def vocabulary_files(data):
    return {**{path.stem: path.stem for path in sorted(places.VOCABULARIES.glob("*.tiktoken"))},
            **{path.name: path for path in sorted((data / "tokenizer").iterdir())
               if path.suffix in (".tiktoken", ".bpe") or path.name == "gpt2_tokenizer.json"}}


SPECIALS = "<|endoftext|> a <|im_start|>b<|im_end|><|endofprompt|> <|fim_prefix|>c<|endoftext|"


def vocabularies(ftok):
    """1 MB of text with every vocabulary, a row for each 64 KB"""
    data = test_data()
    chunks = list(inputs.chunks_of(inputs.mixed_text(data, places.SAMPLE)))
    with open(ftok.work / "chunks.jsonl", "w", encoding="utf-8") as out:
        for chunk in chunks:
            out.write(json.dumps({"text": chunk}) + "\n")
    for number, chunk in enumerate(chunks):
        yield f"text {number}", f"{len(chunk.encode())} {digest(chunk)}"  # a change here is one of the inputs
    for name, vocabulary in vocabulary_files(data).items():
        lines = ftok.run("encode", "--vocab", vocabulary, "--jsonl", "chunks.jsonl", "--ids").splitlines()
        for number, line in enumerate(lines):
            yield f"{name} {number}", f"{len(line.split())} {digest(line)}"
        counted = ftok.run("encode", "--vocab", vocabulary, "--jsonl", "chunks.jsonl", "--count")
        yield f"{name} counts agree", str(counted.split() == [b"%d" % len(line.split()) for line in lines])
        specials = ftok.run("encode", "--vocab", vocabulary, "--specials", "allow", "--json", "--offsets", SPECIALS)
        yield f"{name} specials", digest(specials)


def warc_files(data):
    folder = data / "warc"
    files = [path for path in sorted(folder.glob("*/**/*")) if path.is_file() and path.parent.name != "derived"]
    return [str(path.relative_to(folder)) for path in files]


def rows_of_eight(lines):
    """eight short digests to a row, so that a row names a place in a long file"""
    short = [digest(line, 6) for line in lines]
    for begin in range(0, len(short), 8):
        yield begin, " ".join(short[begin:begin + 8])


def warc(ftok):
    """the small archives of public test suites, damaged and odd ones among them: records, texts, rejects"""
    data = test_data()
    files = warc_files(data)
    (ftok.work / "warc").symlink_to(data / "warc")
    for file in files:
        done = ftok.try_run("warc", "list", "--json", f"warc/{file}")
        records = done.stdout.splitlines()
        yield f"{file} list", f"exit {done.returncode}, {len(records)} records, messages {digest(done.stderr)}"
        for begin, value in rows_of_eight(records):
            yield f"{file} records from {begin}", value
    readable = [file for file in files if ftok_reads(file)]
    (ftok.work / "readable").write_text("".join(f"warc/{file}\n" for file in readable), "utf-8")
    output = ftok.work / "warc-run"
    result = ftok.run("run", "--input-list", "readable", "--output", output, "--vocab", "ftok-4k", "--rejects", "text",
                      "--set", 'stages=["http","extract"]', "--set", "dedup.scope=off", "--shard-tokens", "1000000",
                      "--threads", ftok.threads, "--quiet", "--json")
    yield from counts(result, "run funnel")
    for number, file in enumerate(readable):
        for kind in ("text", "rejects"):
            path = output / "parts" / f"{number:06}.{kind}.jsonl.zst"
            lines = inputs.unpack(path).splitlines() if path.exists() else []
            yield f"{file} {kind}", str(len(lines))
            for begin, value in rows_of_eight(lines):
                yield f"{file} {kind} from {begin}", value
    yield from files_of(output, "run")


def ftok_reads(file):
    return re.search(r"\.(warc|arc|wet|wat)(\.gz)?(\.open|\.bad)?$", file) is not None


def write_texts(work):
    """a small set of texts and one of conversations: the files that the sample was made from, cut at empty lines"""
    texts, chats = [], []
    for path in sorted(places.SAMPLE.rglob("*.txt")):
        pieces = [piece for piece in path.read_text("utf-8").split("\n\n") if piece.strip()]
        for number, piece in enumerate(pieces):
            turns = zip(("system", "user", "assistant"), piece.split(". "))
            texts.append({"id": f"{path.stem}/{number}", "text": piece})
            chats.append({"id": f"{path.stem}/{number}", "messages": [{"role": a, "content": b} for a, b in turns]})
    for name, documents in (("texts.jsonl", texts), ("chats.jsonl", chats)):
        (work / name).write_text("".join(json.dumps(document) + "\n" for document in documents), "utf-8")


def tokenize(ftok):
    """`ftok tokenize` in order, shuffled and of conversations; a small vocabulary trained and used"""
    write_texts(ftok.work)
    ways = {"plain": ["texts.jsonl"],
            "shuffle": ["--shuffle", "7", "texts.jsonl"],
            "chat": ["--chat", "chatml", "chats.jsonl"],
            "after": ["--end-of-text", "after", "--vocab", "ftok-100k", "texts.jsonl"]}
    for way, flags in ways.items():
        vocabulary = [] if "--vocab" in flags else ["--vocab", "ftok-4k"]
        result = ftok.run("tokenize", *vocabulary, "--output", way, "--shard-tokens", "20000",
                          "--threads", ftok.threads, "--quiet", "--json", *flags)
        yield from counts(result, f"{way} funnel")
        yield from files_of(ftok.work / way, way)
    trainings = {"cl100k": ["--pattern", "cl100k"], "gpt2": ["--pattern", "gpt2", "--compatible", "huggingface"],
                 "extend": ["--extend", "ftok-4k", "--size", "4600"]}
    for name, flags in trainings.items():
        size = [] if "--size" in flags else ["--size", "1500"]
        ftok.run("vocab", "train", *size, *flags, "--special", "<|endoftext|>", "--threads", ftok.threads, "--quiet",
                 "--output", f"{name}.tiktoken", "texts.jsonl")
        yield f"vocab train {name}.tiktoken", digest((ftok.work / f"{name}.tiktoken").read_bytes())
        yield f"vocab train {name}.json", digest((ftok.work / f"{name}.json").read_bytes())
        ids = ftok.run("encode", "--vocab", f"{name}.tiktoken", "--jsonl", "texts.jsonl", "--ids").splitlines()
        yield f"vocab train {name} encodes", f"{sum(len(line.split()) for line in ids)} {digest(b' '.join(ids))}"
