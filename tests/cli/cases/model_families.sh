# Folders of Hugging Face's Llama, Mistral and Qwen: what they are, text, training from them, evaluation, export, refusals.
# replace: loss [0-9.]+ \+- [0-9.]+ => loss X +- X
# replace: perplexity [0-9.]+ => perplexity X
refused() { local code=0; ftok "$@" 2>&1 || code=$?; echo "exit $code"; }
for family in "$FTOK_SOURCE"/tests/trainer/families/*; do
  cp -r "$family" .
  name=$(basename "$family")
  ftok model info "$name" | sed -n 1,3p
  ftok generate "$name" --ids "3 24 17" --tokens 8 --temperature 0
  ftok model export "$name" --output exported --format safetensors-bf16 --file-size 3K 2> err
  cat err
  test -e exported/model.safetensors.index.json
  ftok generate exported --ids "3 24 17" --tokens 8 --temperature 0 | cmp - <(ftok generate "$name" --ids "3 24 17" --tokens 8 --temperature 0)
  rm -r exported
done
mkdir shards
python3 - <<'PY'
import random, struct
random.seed(1)
for name, count in (("x_train_0", 3000), ("x_val_0", 400)):
    with open(f"shards/{name}.bin", "wb") as f:
        f.write(struct.pack("<256i", 20240520, 1, count, *[0] * 253))
        f.write(struct.pack(f"<{count}H", *[(i * 7 + 3) % 29 if random.random() < 0.9 else random.randrange(29) for i in range(count)]))
PY
flags="--init qwen3 --data shards --output tuned --device cpu --set model.length=16 --set training.tokens_per_step=128 --set run.threads=1 --set run.sample_every=0"
ftok train tiny $flags --steps 2 2> /dev/null
ftok train tiny $flags --steps 4 2> /dev/null
wc -l < tuned/log.jsonl
ftok model info tuned | sed -n 2,4p
ftok eval tuned --val shards
ftok eval qwen3 --val shards --length 16 --windows 4
ftok eval qwen3 --val shards --length 16 --windows 4 --weights int8
ftok generate qwen3 --ids 3 --temperature 0 --tokens 4 --weights int8
refused generate qwen3 --ids 3 --weights int4
refused generate qwen3 --ids 3 --device cuda --weights int8
refused eval qwen3 --val shards --length 65
ftok model export tuned --output back 2> /dev/null
grep -E "model_type|head_dim" back/config.json
refused model export tuned --output x.bin --format llmc
refused train tiny --init qwen3 --data shards --output other --set model.qk_norm=false --set model.length=16 --set training.tokens_per_step=128
sed -i 's/"qwen3"/"bloom"/' qwen3/config.json
refused generate qwen3 --ids 3
sed -i 's/"num_attention_heads": 4/"num_attention_heads": 5/' llama2/config.json
refused generate llama2 --ids 3
refused train tiny --init llama2 --data shards --output other
ls -d other/checkpoints x.bin 2> /dev/null || true
