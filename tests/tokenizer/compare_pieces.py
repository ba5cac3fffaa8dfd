#!/usr/bin/env python3
"""tokenizer.json files of SentencePiece's kind (BPE over characters, U+2581 for spaces, bytes for what has no token), as Llama 2 and
Mistral have them: ids and texts of `ftok encode` and `ftok decode` are those of Hugging Face tokenizers (PyPI).

  compare_pieces.py FTOK [--random N]

The files are made here: trained on a few sentences, with the normalizer Prepend and Replace or the pre-tokenizer Metaspace in each of its
schemes, with and without tokens for bytes and for the unknown, merges that cross words and merges that do not. Runs in the Python of
$FTOK_PEERS/trainers where this one lacks tokenizers. Exit 0 when nothing differs, 1 when something does, 77 (a skipped test) without
tokenizers.
"""
import argparse, json, pathlib, random, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from peer_python import require

tokenizers = require("tokenizers", "tokenizers", "trainers")
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

MARK = "\u2581"
BYTES = [f"<0x{b:02X}>" for b in range(256)]
CORPUS = ["the cat sat on the mat, and the rat ran to the hat", "  two  spaces   three", "naïve café über straße", "in the end the end is near",
          "1234 1212 2024", "<s> is not </s>", "world 世界 世"] * 20
ALPHABETS = ["the cat sn", " ", "  " + MARK, "éüß世界", "🙂\u200d\u0301", "0123456789", "<>sx/0A41", "\n\t\x00\x7f", "qwzQWZ"]
TEXTS = ["", " ", "  ", MARK, "a", "the cat", " the cat", "  the  cat ", "the cat<s>the mat</s> the rat", "<s>", "<s> <s>the", "[INST] the cat [/INST]",
         "🙂🙂 the🙂", "<0x41>", "the\u2581cat", "世界世界 naïve", "the <unk> cat", "zzzz the", "zz", "é🙂zé🙂"]


def variants():
    """name, normalizer, pre-tokenizer, what the model says, the bytes that have tokens"""
    mark = normalizers.Replace(" ", MARK)
    both = normalizers.Sequence([normalizers.Prepend(MARK), mark])
    unknown = {"unk_token": "<unk>", "fuse_unk": True}
    everything = {**unknown, "byte_fallback": True}
    yield "llama2", both, None, everything, BYTES
    yield "replace alone", mark, None, everything, BYTES
    yield "gemma", mark, pre_tokenizers.Split(" ", "merged_with_previous"), everything, BYTES
    yield "unknown fused", both, None, unknown, []
    yield "unknown each", both, None, {"unk_token": "<unk>"}, []
    yield "no unknown", both, None, {}, []
    yield "some bytes", both, None, everything, BYTES[:0x80] + BYTES[0xE0:]
    for scheme in ("first", "always", "never"):
        for split in (False, True):
            yield f"metaspace {scheme}{' split' if split else ''}", None, pre_tokenizers.Metaspace(MARK, scheme, split), everything, BYTES


def make(folder, name, normalizer, pre_tokenizer, model, byte_tokens, normalized):
    tokenizer = tokenizers.Tokenizer(models.BPE(**model))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Sequence([decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    names = ["<unk>", "<s>", "</s>"]
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, special_tokens=names + byte_tokens, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    form = json.loads(tokenizer.to_str())
    form["added_tokens"] = [{**token, "normalized": normalized} for token in form["added_tokens"] if token["content"] in names]
    if "each" in name:  # as older files write merges
        form["model"]["merges"] = [" ".join(pair) if isinstance(pair, list) else pair for pair in form["model"]["merges"]]
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(form))
    return path, tokenizers.Tokenizer.from_file(str(path))


def random_texts(count):
    chooser = random.Random(7)
    for _ in range(count):
        yield "".join(chooser.choice(chooser.choice(ALPHABETS)) for _ in range(chooser.randint(1, 30)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ftok")
    parser.add_argument("--random", type=int, default=3000)
    args = parser.parse_args()
    texts = TEXTS + CORPUS[:7] + list(random_texts(args.random))
    failed = 0

    def ftok(*arguments, input=None):
        return subprocess.run([args.ftok, *arguments], check=True, capture_output=True, input=input).stdout

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lines = folder / "texts.jsonl"
        lines.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        for name, normalizer, pre_tokenizer, model, byte_tokens in variants():
            for normalized in (False, True):
                path, theirs = make(folder, name, normalizer, pre_tokenizer, model, byte_tokens, normalized)
                differences = []
                for flag, adds in (("--add-special-tokens", True), ("--no-add-special-tokens", False)):
                    got = ftok("encode", "--vocab", str(path), "--specials", "allow", flag, "--jsonl", str(lines), "--ids").decode()
                    expected = [e.ids for e in theirs.encode_batch(texts, add_special_tokens=adds)]
                    for text, ids, line in zip(texts, expected, got.split("\n")[:-1], strict=True):
                        if list(map(int, line.split())) != ids:
                            differences.append(f"{text!r}: {line}, not {ids}")
                if model.get("byte_fallback"):  # else what is unknown is lost
                    for text, ids in list(zip(texts, expected))[:60]:
                        back = ftok("decode", "--vocab", str(path), input=" ".join(map(str, ids)).encode()).decode()
                        if back != theirs.decode(ids, skip_special_tokens=False):
                            differences.append(f"{ids}: {back!r}, not {theirs.decode(ids, skip_special_tokens=False)!r}")
                print(f"{name}, added tokens {'normalized' if normalized else 'as they are'}: {len(differences)} differences in {len(texts)} texts")
                for difference in differences[:5]:
                    print(" ", difference)
                failed += len(differences)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
