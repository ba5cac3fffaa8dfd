# Averages of models, log-probabilities of given texts, and shares of the data that change by step.
refused() { local code=0; ftok "$@" 2>&1 || code=$?; echo "exit $code"; }
mkdir web books
python3 - <<'PY'
import random, struct
random.seed(1)
for folder in ("web", "books"):
    tokens = [random.randrange(4096) for _ in range(3000)]
    with open(f"{folder}/x_train_0.bin", "wb") as f:
        f.write(struct.pack("<256i", 20240520, 1, len(tokens), *[0] * 253) + struct.pack(f"<{len(tokens)}H", *tokens))
PY
cat > mine.toml <<'TOML'
preset = "nano"
[model]
layers = 1
heads = 2
channels = 16
length = 8
[training]
tokens_per_step = 64
[run]
threads = 1
sample_every = 0
checkpoint_every = 2
[[mixture.stage]]
from_step = 2
weights = {books = 1}
[[mixture.stage]]
from_step = 4
weights = {books = 1, web = 3}
TOML
data="--data web=1 --data books=1"
ftok train mine.toml $data --output model --steps 6 2> /dev/null
grep -c . model/log.jsonl
ftok train mine.toml --show | sed -n '/mixture/,/^$/p' | grep -v '^#'
refused train mine.toml --data web --output other | tail -2
ls -d other 2> /dev/null || true  # nothing was begun
ftok train mine.toml $data --output short --steps 3 2>&1 | grep mixture  # its second stage is never reached
refused train mine.toml --data web --data books --output other --set 'optimizer.matrices=adam' | tail -2

ftok model average model/checkpoints/*.ckpt --output averaged
ftok model info averaged | sed -n 3p
python3 - <<'PY'
import json, subprocess
def means(model):
    shown = json.loads(subprocess.run(["ftok", "model", "info", model, "--json"], capture_output=True, check=True).stdout)
    return [tensor["mean"] for tensor in shown["tensors"]]
kept = [means(f"model/checkpoints/step-{step:09}.ckpt") for step in (2, 4, 6)]
for mean, *parts in zip(means("averaged"), *kept):
    assert abs(mean - sum(parts) / 3) < 1e-6, (mean, parts)
print("the averages of three checkpoints")
PY
refused model average model --output again
refused model average model model --output averaged
refused model average model "$FTOK_SOURCE/tests/trainer/families/qwen3" --output again | sed "s|$FTOK_SOURCE|SOURCE|"

cat > texts.jsonl <<'JSON'
{"text": "The river"}
{"context": "The river", "text": " runs to the sea, and the sea is never full; from where the rivers come, there they return again."}

{"text": ""}
JSON
ftok eval model --texts texts.jsonl > answers
python3 - <<'PY'
import json, math, subprocess
answers = [json.loads(line) for line in open("answers")]
print([(answer["line"], len(answer["tokens"]), "".join(token["text"] for token in answer["tokens"])) for answer in answers])
for answer in answers:
    assert abs(answer["log_probability"] - sum(token["log_probability"] for token in answer["tokens"])) < 1e-9
first = answers[0]["tokens"][0]
shown = json.loads(subprocess.run(["ftok", "generate", "model", "--probabilities", "4096", "--json", "--temperature", "1"], capture_output=True, check=True).stdout)
probability = {token["id"]: token["probability"] for token in shown}[first["id"]]
assert abs(math.log(probability) - first["log_probability"]) < 2e-3  # generate leaves out ids that are no tokens
print("as generate says")
PY
echo '{"txt": "a"}' > bad.jsonl
refused eval model --texts bad.jsonl
echo '{"text": "a", "context": 3}' > bad.jsonl
refused eval model --texts bad.jsonl
refused eval model --texts texts.jsonl --val web | tail -2
