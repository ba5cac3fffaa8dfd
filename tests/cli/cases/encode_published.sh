# needs: tokenizer/o200k_base.tiktoken
# needs: tokenizer/qwen2_3.tiktoken
# Published vocabularies that have the ranks of another: by name where those ranks were fetched, else NAME=FILE.
# stderr: ignored
data=$FTOK_TEST_DATA/tokenizer
fails() { local code=0; ftok "$@" < /dev/null 2> message || code=$?; sed "s|$data|DATA|" message; echo "exit $code"; }
export FTOK_CACHE=$PWD
fails encode --vocab o200k_harmony --ids hello
mkdir models
cp "$data/o200k_base.tiktoken" "$data/p50k_base.tiktoken" models
encode() { ftok encode --ids --specials allow "$@"; }
encode --vocab o200k_base 'hello<|channel|><|endoftext|>'
encode --vocab o200k_harmony 'hello<|channel|><|endoftext|>'
encode --vocab p50k_base 'a<|fim_middle|>b'
encode --vocab p50k_edit 'a<|fim_middle|>b'
encode --vocab "$data/qwen2_3.tiktoken" '<|im_start|><think>hello</think>'
encode --vocab "qwen3=$data/qwen2_3.tiktoken" '<|im_start|><think>hello</think>'
ftok encode --compare "qwen3=$data/qwen2_3.tiktoken,o200k_harmony" 'hello world' | grep -o 'qwen3\|o200k_harmony' | sort -u
ftok vocab show o200k_harmony --json | grep -o '"n_vocab":[0-9]*'
fails encode --vocab "qwen3=$data/p50k_base.tiktoken" hello
fails encode --vocab "qwen4=$data/qwen2_3.tiktoken" hello
fails encode --vocab "qwen3=no-such-file" hello
fails encode --vocab llama3 hello
