# What is wrong with a model, an evaluation or a request for text is said in one line.
refused() { local code=0; ftok "$@" || code=$?; echo "exit $code"; }
refused model
refused model info nothing
printf 'no model' > x.bin
refused model info x.bin
printf '\0\0\0' > x.safetensors
refused model info x.safetensors
refused eval
refused eval nothing
refused eval --write out.bin
printf '{"ctx":"a"}\n' > bad.jsonl
refused eval --hellaswag bad.jsonl --vocab ftok-4k --write out.bin
refused eval --hellaswag bad.jsonl --write out.bin
refused generate nothing --stop ''
refused generate nothing --repetition-penalty 0
refused generate nothing --temperature -1
refused train tiny --data a=0 --output model
refused train tiny --data a=1 --data b --output model
refused train tiny --data a --output model --set training.on_bad_loss=ignore
refused train tiny --data a --output model --set run.recompute=all
refused train gpt2-1558m --data a --output model --set run.micro_batch=100000 2>&1 | sed 's/there are [0-9.]*.*/there are less/'
RANK=2 WORLD_SIZE=2 refused train tiny --data a --output model
WORLD_SIZE=x refused train tiny --data a --output model
