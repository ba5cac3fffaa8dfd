#!/usr/bin/env python3
"""Compares the ids of `ftok encode` with those of tiktoken and Hugging Face tokenizers (both from PyPI), id for id.

  compare_with_peers.py FTOK [--data FOLDER] [--corpora] [--texts A.jsonl ...] [--random N] [--vocab cl100k ...] [--huggingface]

Inputs: every Unicode code point between letters, digits, spaces and punctuation; N random strings of nasty classes; with --corpora
all texts of the test data (books, C4, sentences in 75 languages, what ftok extracts from the web pages); the
documents of the given JSON Lines files. Prints a line for each vocabulary and input, and every kind of difference; exit 0
when there is none, 1 when there is one, 77 (a skipped test) when a package or file is missing. Runs in the Python of
$FTOK_PEERS/bpe where this one lacks the packages.
"""
import argparse, base64, itertools, json, pathlib, random, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer_python import require
from test_folders import TEST_DATA, need_or_skip

PATTERNS = {
    "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
    "gpt2-original": r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "cl100k": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "llama3": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "o200k": "|".join([
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"]),
}
VOCABULARIES = {  # name: (rank file, pattern)
    "r50k": ("r50k_base", "gpt2"), "r50k-original": ("r50k_base", "gpt2-original"), "p50k": ("p50k_base", "gpt2"),
    "cl100k": ("cl100k_base", "cl100k"), "llama3": ("cl100k_base", "llama3"), "o200k": ("o200k_base", "o200k"),
    "qwen2": ("qwen2_3", "qwen2"),
}
SPACES = [" ", " ", "  ", "\n", "\r", "\r\n", "\t", "\u00a0", "\u0085", "\u2028", "\u3000", "\u200b", "\x0b", "\x1c", "\u180e"]
WORDS = ["a", "Z", "hello", "World", "don", "é", "ß", "ſ", "ǅ", "ʰ", "中", "文字", "あ", "한국", "ب", "हि", "न्दी", "ไทย", "İ", "K"]
MARKS = ["\u0301", "\u0300\u0323", "\u20dd", "\u0903", "\u200d", "\ufe0f", "\U0001f3fb"]
NUMBERS = ["1", "12", "123", "1234567", "٣", "Ⅷ", "²", "½", "१२३४", "\U0001d7d8"]
OTHERS = ["'", "’", "!", "...", "/", "//", "_", "-", "$", "👍", "👨\u200d👩\u200d👧", "🏳️\u200d🌈", "\0", "\x1b", "\ufffd", "\U000f0000", "<|", "|>"]
CONTRACTIONS = ["'" + c for s in ("s", "t", "re", "ve", "m", "ll", "d", "ſ", "l", "v") for c in (s, s.upper(), s.capitalize())]
CLASSES = [SPACES, SPACES, WORDS, WORDS, MARKS, NUMBERS, OTHERS, CONTRACTIONS]


def random_strings(count):
    chooser = random.Random(12345)
    for _ in range(count):
        yield "".join(chooser.choice(chooser.choice(CLASSES)) for _ in range(chooser.randint(1, 12)))


def code_points():
    for block in range(0, 0x110000, 16):
        characters = [chr(c) for c in range(block, block + 16) if not 0xD800 <= c <= 0xDFFF]
        if characters:
            yield "".join(f"a{c}b A{c}B1{c}2 {c}x.{c}. {c} \n{c}\n {c}'{c}s" for c in characters) + characters[-1]


def load_tiktoken(name, data):
    tiktoken = require("tiktoken", "tiktoken", "bpe")
    file, pattern = VOCABULARIES[name]
    ranks = {}
    with open(data / "tokenizer" / f"{file}.tiktoken", "rb") as lines:
        for line in lines:
            token, rank = line.split()
            ranks[base64.b64decode(token)] = int(rank)
    encoding = tiktoken.Encoding(name, pat_str=PATTERNS[pattern], mergeable_ranks=ranks, special_tokens={})
    return lambda texts: encoding.encode_ordinary_batch(texts, num_threads=2)


def load_huggingface(path):
    tokenizers = require("tokenizers", "tokenizers", "bpe")
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
    return lambda texts: [e.ids for e in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def batches(label, texts, bytes_max=1 << 24):
    """Parts of `texts` small enough to hold their ids in memory several times."""
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= bytes_max:
            yield label, batch
            batch, size = [], 0
    if batch:
        yield label, batch


def corpora(ftok, data):
    """(label, texts) of the test data's texts, batch by batch."""
    def lines(*command):
        with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
            yield from process.stdout
        if process.returncode != 0:
            raise SystemExit(f"{command[0]} failed: exit code {process.returncode}")

    for path in sorted((data / "text").glob("*.jsonl.zst")):
        yield from batches(path.name, (json.loads(line)["text"] for line in lines("zstd", "-dcq", path)))
    sentences = data / "lid" / "lingua_sentences.tar.zst"
    if sentences.exists():
        yield from batches("75 languages", lines("tar", "-xOf", sentences, "--use-compress-program=zstd"))
    pages = data / "warc" / "derived" / "real_pages_trafilatura_aeb.warc.gz"
    if pages.exists():
        yield from batches("web pages", (json.loads(line)["text"] for line in lines(ftok, "extract", "--jsonl", "--input", pages)))


def compare(ftok, arguments, reference, texts, label):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
        file.flush()
        run = subprocess.run([ftok, "encode", *arguments, "--ids", "--jsonl", file.name], capture_output=True, text=True)
    if run.returncode != 0:
        print(f"{label}: ftok failed: {run.stderr.strip()}")
        return 1
    got = [[int(i) for i in line.split()] for line in run.stdout.split("\n")[:-1]]
    want = reference(texts)
    wrong = [i for i in range(len(texts)) if i >= len(got) or list(got[i]) != list(want[i])]
    size = sum(len(t.encode()) for t in texts)
    print(f"{label}: {len(texts)} texts, {size} bytes, {sum(map(len, want))} tokens, {len(wrong)} differ", flush=True)
    for i in sorted(wrong, key=lambda i: len(texts[i]))[:3]:
        print(f"  {texts[i][:200]!r}\n    want {list(want[i])[:40]}\n    got  {list(got[i])[:40]}")
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ftok")
    parser.add_argument("--data", type=pathlib.Path, default=TEST_DATA)
    parser.add_argument("--texts", nargs="*", default=[])
    parser.add_argument("--corpora", action="store_true", help="all texts of the test data")
    parser.add_argument("--random", type=int, default=100000)
    parser.add_argument("--vocab", nargs="*", default=list(VOCABULARIES))
    parser.add_argument("--huggingface", action="store_true", help="compare gpt2_tokenizer.json with tokenizers too")
    parser.add_argument("--limit-mb", type=float, help="only the first of each of --texts")
    args = parser.parse_args()
    need_or_skip(args.data / "tokenizer")
    require("tiktoken", "tiktoken", "bpe")
    inputs = [("code points", list(code_points())), (f"random strings", list(random_strings(args.random)))]
    for path in args.texts:
        texts, size = [], 0
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                texts.append(json.loads(line)["text"])
                size += len(texts[-1].encode())
                if args.limit_mb and size > args.limit_mb * 1e6:
                    break
        inputs.append((pathlib.Path(path).name, texts))
    wrong = 0

    def compare_all(flags, reference, name):
        differing = 0
        for label, texts in itertools.chain(inputs, corpora(args.ftok, args.data) if args.corpora else ()):
            differing += compare(args.ftok, flags, reference, texts, f"{name}, {label}")
        return differing

    for name in args.vocab:
        file, pattern = VOCABULARIES[name]
        flags = ["--vocab", str(args.data / "tokenizer" / f"{file}.tiktoken"), "--pattern", pattern]
        wrong += compare_all(flags, load_tiktoken(name, args.data), name)
    if args.huggingface:
        path = args.data / "tokenizer" / "gpt2_tokenizer.json"
        wrong += compare_all(["--vocab", str(path)], load_huggingface(path), "gpt2_tokenizer.json, Hugging Face")
        with tempfile.TemporaryDirectory() as folder:
            converted = pathlib.Path(folder) / "tokenizer.json"
            for name in ("cl100k_base", "o200k_base", "qwen2_3"):
                path = args.data / "tokenizer" / f"{name}.tiktoken"
                subprocess.run([args.ftok, "vocab", "convert", path, "--output", converted], check=True)
                wrong += compare_all(["--vocab", str(path)], load_huggingface(converted), f"{name}, Hugging Face")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
