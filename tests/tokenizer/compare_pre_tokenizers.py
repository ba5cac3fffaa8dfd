#!/usr/bin/env python3
"""tokenizer.json files of byte-level BPE with the pre-tokenizers of several families: the ids of `ftok encode` are those of Hugging Face
tokenizers (PyPI), and what ftok writes again as a tokenizer.json gives them too.

  compare_pre_tokenizers.py FTOK [--random N]

The files are made here, trained on a few sentences. Runs in the Python of $FTOK_PEERS/trainers where this one lacks tokenizers. Exit 0 when
nothing differs, 1 when something does, 77 (a skipped test) without tokenizers.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer_python import require

tokenizers = require("tokenizers", "tokenizers", "trainers")
from compare_with_peers import code_points, random_strings
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers

TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
          r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CORPUS = ["the cat sat on the mat, 123 4567 12 1 don't we'll THE", "  two  spaces   3  4   x \n\n  5", "naïve Café  ½²٣ 世界 //\n/ ...\n", "HTTPServer2 aB1 \t9"] * 20


def variants():
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    yield "GPT-2", gpt2
    yield "SmolLM, StarCoder 2", pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2])
    yield "numbers by a Split", pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"\p{N}"), "isolated"), gpt2])
    yield "Mistral Nemo", pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(TEKKEN), "isolated"), letters])
    yield "the same removed, inverted", pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(TEKKEN), "removed", True), letters])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ftok")
    parser.add_argument("--random", type=int, default=20000)
    args = parser.parse_args()
    texts = CORPUS[:4] + list(random_strings(args.random)) + [text for text in code_points() if ord(text[-1]) < 0x20000]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lines, path, again = folder / "texts.jsonl", folder / "tokenizer.json", folder / "again.json"
        lines.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        for name, pre_tokenizer in variants():
            tokenizer = tokenizers.Tokenizer(models.BPE())
            tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer, decoders.ByteLevel()
            tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=500, show_progress=False, special_tokens=["<|endoftext|>"],
                                                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
            tokenizer.save(str(path))
            subprocess.run([args.ftok, "vocab", "convert", path, "--output", again], check=True, capture_output=True)
            expected = [e.ids for e in tokenizer.encode_batch(texts)]
            for file, what in ((path, ""), (again, ", written again")):
                got = subprocess.run([args.ftok, "encode", "--vocab", file, "--jsonl", lines, "--ids"], check=True, capture_output=True, text=True).stdout
                ids = [list(map(int, line.split())) for line in got.split("\n")[:-1]]
                wrong = [i for i in range(len(texts)) if ids[i] != expected[i]]
                theirs = [e.ids for e in tokenizers.Tokenizer.from_file(str(file)).encode_batch(texts)]
                wrong += [i for i in range(len(texts)) if theirs[i] != expected[i]]
                print(f"{name}{what}: {len(wrong)} differences in {len(texts)} texts")
                for i in sorted(wrong, key=lambda i: len(texts[i]))[:3]:
                    print(f"  {texts[i][:200]!r}: {ids[i][:40]}, not {expected[i][:40]}")
                failed += len(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
