#!/usr/bin/env python3
"""tokenizer.json files whose post-processor puts tokens around every text: the ids of `ftok encode`, with and without them, are
those of Hugging Face tokenizers (PyPI); documents in shards have none of these tokens, and the manifest says so.

  compare_post_processors.py FTOK [--random N]

The files are made here from the bundled ftok-4k: Llama 3's (ByteLevel, then a template with a token in front), Qwen's (ByteLevel alone),
Gemma's (a template), templates at both ends and of several tokens, RobertaProcessing, BertProcessing. Runs in the Python of
$FTOK_PEERS/bpe where this one lacks tokenizers. Exit 0 when no id differs, 1 when one does, 77 (a skipped test) without tokenizers.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

from compare_with_peers import random_strings, require

tokenizers = require("tokenizers", "tokenizers", "bpe")
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
ADDED = {"<|begin_of_text|>": 4200, "<|eot_id|>": 4201, "<bos>": 4202, "<eos>": 4203}


def template(single, ids):
    """`single` is names of special tokens and A, the text; `ids` their ids"""
    def pieces(names, text, kind):
        return [{"Sequence": {"id": text, "type_id": kind}} if name == "A" else {"SpecialToken": {"id": name, "type_id": kind}}
                for name in names]
    names = sorted(set(single) - {"A"})
    return {"type": "TemplateProcessing", "single": pieces(single, "A", 0), "pair": pieces(single, "A", 0) + pieces(single, "B", 1),
            "special_tokens": {name: {"id": name, "ids": ids[name], "tokens": [name] * len(ids[name])} for name in names}}


def processors(ids):
    one = {name: [id] for name, id in ids.items()}
    many = {**one, "<bos>": [ids["<bos>"], ids["<|begin_of_text|>"]]}
    pair = {"sep": ["<eos>", ids["<eos>"]], "cls": ["<bos>", ids["<bos>"]]}
    return {
        "llama3": {"type": "Sequence", "processors": [BYTE_LEVEL, template(["<|begin_of_text|>", "A"], one)]},
        "qwen": BYTE_LEVEL,
        "gemma": template(["<bos>", "A"], one),
        "both ends": template(["<bos>", "A", "<eos>", "<eos>"], one),
        "only behind": template(["A", "<eos>"], one),
        "several ids": {"type": "Sequence", "processors": [template(["<bos>", "A", "<eos>"], many), BYTE_LEVEL]},
        "roberta": {"type": "RobertaProcessing", "trim_offsets": True, "add_prefix_space": False, **pair},
        "bert": {"type": "BertProcessing", **pair},
    }


def ids_of(lines):
    return [list(map(int, line.split())) for line in lines.split("\n")[:-1]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ftok")
    parser.add_argument("--random", type=int, default=2000)
    args = parser.parse_args()
    texts = list(random_strings(args.random)) + ["", " ", "The naïve café: 世界 🙂!\n\n  def f(x):\treturn x", "<bos> and <|eot_id|>"]
    failed = 0

    def ftok(*arguments):
        return subprocess.run([args.ftok, *arguments], check=True, capture_output=True, text=True)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        ftok("vocab", "convert", "ftok-4k", "--output", str(folder / "plain.json"))
        plain = json.loads((folder / "plain.json").read_text())
        added = [{**plain["added_tokens"][0], "id": len(plain["model"]["vocab"]) + i, "content": name} for i, name in enumerate(ADDED)]
        plain["added_tokens"] += added
        for name, processor in processors({token["content"]: token["id"] for token in added}).items():
            path = folder / "tokenizer.json"
            path.write_text(json.dumps({**plain, "post_processor": processor}))
            theirs = tokenizers.Tokenizer.from_file(str(path))
            converted = folder / "converted.json"
            ftok("vocab", "convert", str(path), "--output", str(converted))
            again = tokenizers.Tokenizer.from_file(str(converted))
            differ = 0
            for flag, adds in (("--add-special-tokens", True), ("--no-add-special-tokens", False)):
                expected = [e.ids for e in theirs.encode_batch(texts, add_special_tokens=adds)]
                arguments = ["encode", "--vocab", str(path), "--specials", "allow", flag, "--jsonl", str(folder / "texts.jsonl")]
                got = [ids_of(ftok(*arguments, "--ids").stdout),
                       [json.loads(line)["ids"] for line in ftok(*arguments, "--json", "--offsets").stdout.splitlines()],
                       [e.ids for e in again.encode_batch(texts, add_special_tokens=adds)]]
                differ += sum(one != ids for ids, ones in zip(expected, zip(*got)) for one in ones)
                counts = list(map(int, ftok(*arguments, "--count").stdout.split()))
                differ += sum(count != len(ids) for count, ids in zip(counts, expected))
                cut = ids_of(ftok(*arguments, "--ids", "--budget", "3").stdout)
                differ += sum(one != ids[:3] for one, ids in zip(cut, expected))
            with_default = ids_of(ftok("encode", "--vocab", str(path), "--ids", "--specials", "allow", "--jsonl", str(folder / "texts.jsonl")).stdout)
            differ += sum(one != e.ids for one, e in zip(with_default, theirs.encode_batch(texts)))
            print(f"{name}: {differ} differences in {len(texts)} texts")
            failed += differ
            failed += check_documents(ftok, folder, path, name)
    return 1 if failed else 0


def check_documents(ftok, folder, path, name):
    """shards hold the texts' own tokens; the manifest and a warning say what is left out, where there is something"""
    output = folder / f"shards {name}"
    done = ftok("tokenize", "--vocab", str(path), "--output", str(output), "--quiet", "--end-of-text", "after", str(folder / "texts.jsonl"))
    again = folder / f"plain {name}"
    ftok("tokenize", "--vocab", str(path).replace("tokenizer.json", "plain.json"), "--output", str(again), "--quiet", "--end-of-text", "after",
         str(folder / "texts.jsonl"))
    same = all((output / shard.name).read_bytes() == shard.read_bytes() for shard in again.glob("ftok_*.bin"))
    notes = json.loads((output / "manifest.json").read_text())["notes"]
    said = [note for note in notes if "post-processor puts" in note]
    wanted = 0 if name == "qwen" else 1
    if same and len(said) == wanted and done.stderr.count("post-processor puts") == wanted:
        return 0
    print(f"{name}: documents: shards are {'the same' if same else 'others'}, notes {notes}, said {done.stderr!r}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
