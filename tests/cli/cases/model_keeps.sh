# What a model keeps on its way: the file of its vocabulary and its chat template, through fine-tuning, averaging, import and export; squared ReLU as Qwen 3.
for kind in tiktoken json; do cp "$FTOK_SOURCE/tests/data/frozen-1k.$kind" my.$kind; done
fails() { local code=0; ftok "$@" < /dev/null 2>&1 || code=$?; echo "exit $code"; }
printf 'The tide comes in. The tide goes out.\n%.0s' {1..40} > book.txt
ftok tokenize --vocab my.tiktoken --output web --quiet --validation-per-mille 0 book.txt > /dev/null
ftok rl sorting --problems 8 > chat.jsonl
ftok tokenize --vocab my.tiktoken --chat chatml --output lessons --validation-per-mille 0 chat.jsonl 2>&1 | grep next
small="--set model.vocabulary_size=1004 --set model.layers=1 --set model.channels=32 --set model.heads=2 --set model.length=48 --set training.tokens_per_step=96 --set run.sample_every=0 --set run.threads=1"
nano="--set model.norm=rmsnorm --set model.positions=rotary --set model.mlp=relu2 --set model.qk_norm=true --set model.qkv_bias=false --set model.projection_bias=false --set model.mlp_bias=false"
ftok train tiny --data web --output base --steps 2 --set vocabulary=my.tiktoken $small $nano 2> /dev/null
for seed in 1 2; do ftok train sft --init base --data lessons --output tuned$seed --steps 2 --seed $seed --set run.sample_every=0 --set run.threads=1 2>&1 | grep -v "^step"; done
ftok model info tuned1 | grep vocabulary
echo "Sort a b." | ftok chat tuned1 --tokens 2 --temperature 0 2> /dev/null | wc -l
# With another vocabulary the data's name stays.
ftok tokenize --vocab ftok-4k --chat chatml --output others --quiet --validation-per-mille 0 chat.jsonl > /dev/null
ftok train sft --init base --data others --show | grep "^vocabulary ="
ftok model average tuned1 tuned2 --output mean
cmp tuned1/chat.json mean/chat.json
cp -r tuned2 other
echo '{"name": "own", "message": "<|im_start|>{role} {content}<|im_end|>"}' > other/chat.json
fails model average tuned1 other --output x
fails model average mean maen --output x
# Squared ReLU is a gate and up that are alike, with a ReLU between them.
ftok model export mean --output exported
grep -E "model_type|hidden_act|intermediate_size" exported/config.json
ftok model import exported --output back --recipe tiny
cmp mean/chat.json back/chat.json
ftok model info mean --json | sed 's/.*"layers"/"layers"/' > a
ftok model info back --json | sed 's/.*"layers"/"layers"/' > b
cmp a b
ftok model export mean --output parts --file-size 20K 2> /dev/null
python3 - <<'PY'
import json, os, struct
index = json.load(open("parts/model.safetensors.index.json"))
size = 0
for name in set(index["weight_map"].values()):
    with open(f"parts/{name}", "rb") as file:
        head = struct.unpack("<Q", file.read(8))[0]
        size += os.path.getsize(f"parts/{name}") - 8 - head
print("total_size is right" if size == index["metadata"]["total_size"] else (size, index["metadata"]))
# One gate that is not its up.
data = bytearray(open("exported/model.safetensors", "rb").read())
length = struct.unpack("<Q", data[:8])[0]
begin = json.loads(data[8:8 + length])["model.layers.0.mlp.gate_proj.weight"]["data_offsets"][0]
data[8 + length + begin] ^= 1
open("exported/model.safetensors", "wb").write(data)
PY
fails model info exported
fails model export mean --output x.gguf --format gguf
