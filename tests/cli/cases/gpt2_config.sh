# A GPT-2 whose config.json is not of its tensors is refused, by key and tensor.
fails() { local code=0; ftok "$@" < /dev/null 2>&1 || code=$?; echo "exit $code"; }
printf 'The tide comes in. The tide goes out.\n%.0s' {1..40} > book.txt
ftok tokenize --vocab ftok-4k --output web --quiet --validation-per-mille 0 book.txt > /dev/null
ftok train tiny --data web --output base --steps 1 --set model.layers=2 --set model.channels=32 --set model.heads=2 --set model.length=16 --set training.tokens_per_step=64 \
  --set run.sample_every=0 --set run.threads=1 2> /dev/null
ftok model export base --output folder
ftok model info folder | sed -n 2p
cp folder/config.json good.json
for change in n_layer=1 n_layer=3 n_embd=64 n_positions=17 n_ctx=17 vocab_size=4095 n_inner=100; do
  python3 - "$change" <<'PY'
import json, sys
config, (key, value) = json.load(open("good.json")), sys.argv[1].split("=")
if key == "n_ctx":
    del config["n_positions"]
config[key] = int(value)
json.dump(config, open("folder/config.json", "w"))
PY
  fails model info folder
done
# What is not said is not held against the tensors; n_inner is null in most folders.
python3 -c 'import json; config = json.load(open("good.json")); [config.pop(key) for key in ("n_layer", "n_embd", "n_positions", "n_ctx", "vocab_size")]; json.dump({**config, "n_inner": None}, open("folder/config.json", "w"))'
ftok model info folder | sed -n 2p
# Tensors of a layer beyond the others.
python3 - <<'PY'
import json, struct
data = open("folder/model.safetensors", "rb").read()
length = struct.unpack("<Q", data[:8])[0]
head = json.loads(data[8:8 + length])
values = data[8 + length:]
head["transformer.h.5.ln_1.bias"] = {"dtype": "F32", "shape": [32], "data_offsets": [len(values), len(values) + 128]}
text = json.dumps(head).encode()
open("folder/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + values + bytes(128))
PY
fails model info folder
