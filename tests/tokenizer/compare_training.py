#!/usr/bin/env python3
"""Compares the merges of `ftok vocab train --compatible huggingface` with those of Hugging Face's BpeTrainer (`tokenizers`, from
PyPI) on the same texts: the tokens must be the same in the same order.

  compare_training.py FTOK [--data FOLDER] [--size 20000]

Inputs: parts of the real texts in English and in 75 languages, and words over few letters, where counts tie and runs overlap.
Prints a line for each; exit 0 when all are equal, 1 when one is not, 77 (a skipped test) when a package or file is missing.
Runs in the Python of $FTOK_PEERS/bpe where this one lacks them.
"""
import argparse, base64, json, os, pathlib, random, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer_python import require
from test_folders import TEST_DATA, need_or_skip

require("tokenizers", "tokenizers", "bpe")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
PATTERNS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama3": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}


def byte_letters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}


def huggingface(texts, pattern, size, least):
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERNS[pattern]), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, min_frequency=least, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    letters = byte_letters()
    return [bytes(letters[c] for c in a + b) for a, b in json.loads(tokenizer.to_str())["model"]["merges"]]


def ftok_tokens(ftok, texts, pattern, size, least):
    with tempfile.TemporaryDirectory() as folder:
        source, output = pathlib.Path(folder) / "texts.jsonl", pathlib.Path(folder) / "v.tiktoken"
        with open(source, "w", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": t}, ensure_ascii=False) + "\n" for t in texts)
        subprocess.run([ftok, "vocab", "train", "--quiet", "--compatible", "huggingface", "--size", str(size), "--pattern", pattern,
                        "--min-frequency", str(least), "--output", output, source], check=True)
        return [base64.b64decode(line.split()[0]) for line in open(output)][256:]


def few_letters(count):
    chooser = random.Random(5)
    return [" ".join("".join(chooser.choice("aab.") for _ in range(chooser.randint(1, 30))) for _ in range(50)) for _ in range(count)]


def real_texts(data):
    from_archive = lambda command: subprocess.run(command, shell=True, capture_output=True, check=True).stdout
    books = from_archive(f"zstd -dcq '{data}/text/c4_1000.jsonl.zst'").decode().splitlines()
    yield "web text", [json.loads(line)["text"] for line in books]
    with tempfile.TemporaryDirectory() as folder:
        from_archive(f"zstd -dcq --long=27 '{data}/lid/lingua_sentences.tar.zst' | tar x -C '{folder}'")
        yield "75 languages", [path.read_text(encoding="utf-8")[:40_000] for path in sorted(pathlib.Path(folder).rglob("*.txt"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ftok")
    parser.add_argument("--data", type=pathlib.Path, default=TEST_DATA)
    parser.add_argument("--size", type=int, default=20_000)
    args = parser.parse_args()
    need_or_skip(args.data / "text")
    wrong = 0
    for label, texts in [("few letters", few_letters(40)), *real_texts(args.data)]:
        for pattern, least in (("gpt2", 0), ("llama3", 2)):
            want = huggingface(texts, pattern, args.size, least)
            got = ftok_tokens(args.ftok, texts, pattern, args.size, least)
            first = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), None)
            is_wrong = first is not None or len(want) != len(got)
            wrong += is_wrong
            print(f"{label}, {pattern}, least count {least}: {len(want)} merges, {'equal' if not is_wrong else f'{len(got)} of ftok, first difference at {first}'}",
                  flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
