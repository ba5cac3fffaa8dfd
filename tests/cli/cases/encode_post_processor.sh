# The tokens that a tokenizer.json's post-processor puts around every text: with and without, counted, cut, and what a conversion, an
# export's tokenizer and documents in shards make of them.
ftok vocab convert "$FTOK_SOURCE/tests/data/frozen-1k.tiktoken" --output plain.json
python3 - <<'PY'
import json
plain = json.load(open("plain.json"))
ids = {token["content"]: token["id"] for token in plain["added_tokens"]}
end = next(iter(ids))
piece = {"SpecialToken": {"id": end, "type_id": 0}}
template = {"type": "TemplateProcessing", "single": [piece, {"Sequence": {"id": "A", "type_id": 0}}, piece], "pair": [],
            "special_tokens": {end: {"id": end, "ids": [ids[end]], "tokens": [end]}}}
byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
json.dump({**plain, "post_processor": {"type": "Sequence", "processors": [byte_level, template]}}, open("around.json", "w"))
PY
V="--vocab around.json"
ftok encode $V --ids "the end"
ftok encode $V --ids --no-add-special-tokens "the end"
ftok encode $V --offsets "the end"
ftok encode $V --count "the end"; ftok encode $V --count --no-add-special-tokens "the end"
for budget in 1 2 99; do ftok encode $V --json --budget $budget "the end"; done
ftok encode $V --ids ""
echo '{"text":"the end"}' > in.jsonl
ftok encode $V --jsonl in.jsonl
ftok vocab convert around.json --output again.json && ftok encode --vocab again.json --ids "the end"
ftok vocab convert around.json --output ranks.tiktoken && ftok encode --vocab ranks.tiktoken --ids "the end"
ftok tokenize $V --output out in.jsonl | tail -1
ftok shards inspect out/ftok_train_000000.bin | head -3
python3 -c 'import json; print(*json.load(open("out/manifest.json"))["notes"], sep="\n")'
