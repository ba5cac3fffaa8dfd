# A model from shards to text: train, go on, look at it, evaluate it, generate, export and import.
# stderr: ignored
# replace: loss [0-9.]+ \+- [0-9.]+ => loss X +- X
# replace: perplexity [0-9.]+ => perplexity X
# replace: (accuracy|normalised) [0-9.]+ \+- [0-9.]+ => \1 X +- X
# replace: ( +-?[0-9]+\.[0-9]+){2}$ => X X
mkdir shards
python3 - <<'PY'
import random, struct
random.seed(1)
for name, count in (("x_train_0", 3000), ("x_val_0", 400)):
    with open(f"shards/{name}.bin", "wb") as f:
        f.write(struct.pack("<256i", 20240520, 1, count, *[0] * 253))
        token = 0
        for _ in range(count):
            token = (token * 7 + 3) % 61 if random.random() < 0.9 else random.randrange(61)
            f.write(struct.pack("<H", token))
PY
flags="--data shards --output model --set model.layers=2 --set model.heads=2 --set model.channels=16 --set model.length=8 --set model.vocabulary_size=61 --set training.tokens_per_step=64 --set run.threads=1 --set run.sample_every=4 --set vocabulary='' --set run.checkpoint_every=4"
ftok train tiny $flags --steps 4
ftok train tiny $flags --steps 8
wc -l < model/log.jsonl
ls model model/checkpoints
head -c 4 model/loss.svg; echo
ftok model info model | sed -n 1,6p
ftok eval model --val shards
printf '{"ctx":"a","label":0,"endings":["b","c","d","e"]}\n' > h.jsonl
ftok eval --hellaswag h.jsonl --vocab ftok-4k --write h.bin
stat -c %s h.bin
sed 's/"label":0/"label":"0"/' h.jsonl | ftok eval --hellaswag - --vocab ftok-4k --write piped.bin  # as the hub has it
cmp h.bin piped.bin
code=0; sed 's/"label":0/"label":"4"/' h.jsonl | ftok eval --hellaswag - --vocab ftok-4k --write piped.bin || code=$?; echo "exit $code"
code=0; sed 's/"label":0/"label":"0x"/' h.jsonl | ftok eval --hellaswag - --vocab ftok-4k --write piped.bin || code=$?; echo "exit $code"
ftok generate model --ids "3 24" --tokens 5 --temperature 0 > a.txt
ftok generate model --ids "3 24" --tokens 5 --temperature 0 > b.txt
cmp a.txt b.txt && wc -w < a.txt
ftok generate model --ids 3 --samples 2 --tokens 3 | grep ==
for ids in "1 2 3 4 5 6 7 8" "1 2 3 4 5 6 7 8 9 10"; do
  ftok generate model --ids "$ids" --tokens 1 2>&1 > /dev/null | sed -n 's/.*warning: the prompt/the prompt/p'
  ftok generate model --ids "$ids" --probabilities 2 2>&1 > /dev/null | grep -c 'are not read' || true
done
ftok generate model --ids 3 --probabilities 4 | wc -l
ftok generate model --ids 3 --json --tokens 3 | python3 -c 'import json, sys; print(sorted(json.load(sys.stdin)))'
ftok model export model --output exported
ls exported
ftok model import exported --output imported
ftok model export imported --output imported.bin --format llmc
ftok model export model --output model.bin --format llmc
cmp imported.bin model.bin && echo same
