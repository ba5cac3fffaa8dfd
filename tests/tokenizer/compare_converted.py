#!/usr/bin/env python3
"""Vocabularies written by `ftok vocab convert` in other programs' forms, read by those programs: the same ids.

  compare_converted.py FTOK [--data FOLDER] [--random N]

tokenizer.json by Hugging Face tokenizers (PyPI), for the bundled vocabularies and, where the test data has them, the published ones;
.tiktoken made from a tokenizer.json by ftok itself. Runs in the Python of $FTOK_PEERS/bpe where this one lacks it. Exit 0 when no id differs, 1 when one does, 77 (a skipped test) without tokenizers.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

from compare_with_peers import random_strings, require
from test_folders import TEST_DATA, what_is_missing

tokenizers = require("tokenizers", "tokenizers", "bpe")
SPECIAL = "a <|endoftext|> b"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ftok")
    parser.add_argument("--data", type=pathlib.Path, default=TEST_DATA)
    parser.add_argument("--random", type=int, default=20000)
    args = parser.parse_args()
    ranks = args.data / "tokenizer"
    if missing := what_is_missing(ranks):
        print(f"without published vocabularies: {missing}")
    vocabularies = ["ftok-4k", "ftok-50k", "ftok-100k"]
    vocabularies += [str(path) for path in sorted(ranks.glob("*.tiktoken"))] + [str(path) for path in (ranks / "vocab.bpe", ranks / "gpt2_tokenizer.json") if path.exists()]
    texts = list(random_strings(args.random)) + ["The naïve café: 世界 🙂!\n\n  def f(x):\treturn x", "", " ", "\n\n \n"]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder) / "texts.jsonl"
        lines.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        for vocabulary in vocabularies:
            converted = str(pathlib.Path(folder) / "tokenizer.json")
            subprocess.run([args.ftok, "vocab", "convert", vocabulary, "--output", converted], check=True)
            run = lambda v, *flags: subprocess.run([args.ftok, "encode", "--vocab", v, "--ids", *flags], check=True, capture_output=True, text=True).stdout
            expected = [list(map(int, line.split())) for line in run(vocabulary, "--jsonl", str(lines)).split("\n")[:len(texts)]]
            theirs = tokenizers.Tokenizer.from_file(converted)
            differ = [text for text, ids, got in zip(texts, expected, theirs.encode_batch(texts, add_special_tokens=False)) if got.ids != ids]
            back = [list(map(int, line.split())) for line in run(converted, "--jsonl", str(lines)).split("\n")[:len(texts)]]
            differ += [text for text, ids, got in zip(texts, expected, back) if got != ids]
            special = list(map(int, run(vocabulary, "--specials", "allow", SPECIAL).split()))
            if theirs.encode(SPECIAL).ids != special:
                differ.append(SPECIAL)
            print(f"{pathlib.Path(vocabulary).name}: {len(differ)} of {len(texts)} texts differ" + (f", e.g. {differ[0]!r}" if differ else ""))
            failed += bool(differ)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
