# Conversations to shards with loss masks; a model fine-tuned on them, and asked.
# stderr: ignored
# replace: [0-9.]+ s wall.* => (cost)
# replace: [0-9.]+ [kM]?B/s of text.* => (rate)
# replace: =[0-9.]+$ => =X
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
python3 - <<'PY'
import json
with open("chat.jsonl", "w") as f:
    for i in range(30):
        f.write(json.dumps({"id": i, "messages": [{"role": "user", "content": f"What is {i}?"}, {"role": "assistant", "content": f"It is {i}."}]}) + "\n")
    f.write('{"messages": []}\n{"messages": [{"role": "user"}]}\n')
PY
ftok tokenize --vocab "$V" --chat chatml --output shards chat.jsonl
ftok shards verify shards | sed 's/, [0-9]* bytes//'
ls shards
python3 - > in-loss <<'PY'
tokens = open("shards/ftok_train_000000.bin", "rb").read()[1024:]
mask = open("shards/ftok_train_000000.mask", "rb").read()
assert 2 * len(mask) == len(tokens)
print(*(int.from_bytes(tokens[2 * i : 2 * i + 2], "little") for i in range(len(mask)) if mask[i]))
PY
xargs ftok decode --vocab "$V" < in-loss | head -c 60; echo
# The same documents in another order, the same masks.
ftok tokenize --vocab "$V" --chat chatml --shuffle 1 --output shuffled chat.jsonl | grep kept
ftok shards verify shuffled | sed 's/, [0-9]* bytes//'
wc -c < shards/ftok_train_000000.mask
flags="--set model.layers=1 --set model.heads=1 --set model.channels=8 --set model.length=64 --set model.vocabulary_size=$(ftok vocab show "$V" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["n_vocab"])') --set training.tokens_per_step=64 --set run.threads=1 --set vocabulary=$V --set run.sample_every=2"
ftok train tiny --data shards --output base --steps 2 $flags
ftok train tiny --data shards --output tuned --init base --steps 2 $flags
wc -l < tuned/log.jsonl
ftok generate tuned --chat chatml --tokens 4 --temperature 0 "What is 7?" | wc -l
ftok generate tuned --chat chatml --tokens 4 --json "What is 7?" | python3 -c 'import json, sys; print(sorted(json.load(sys.stdin)))'
code=0; ftok tokenize --vocab "$V" --chat llama3 --output x chat.jsonl || code=$?; echo "exit $code"
code=0; ftok tokenize --vocab "$V" --chat chatml --format wet --output x chat.jsonl || code=$?; echo "exit $code"
code=0; ftok tokenize --vocab "$V" --output shards chat.jsonl || code=$?; echo "exit $code"
