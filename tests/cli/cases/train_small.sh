# stderr: ignored
# needs: tokenizer
# What a first user meets: one book, a folder named lang=en, a vocabulary of one's own, an address for a path; exports say what stops.
tiny="--set model.layers=1 --set model.heads=2 --set model.channels=16 --set model.length=8 --set training.tokens_per_step=64 --set run.threads=1 --set run.sample_every=0"
for i in $(seq 60); do echo '{"text":"a b c d e f g h i j"}'; done > in.jsonl
seq 500 > book.txt
ftok tokenize --vocab ftok-4k --output lang=en book.txt | tail -1
ftok train tiny --data lang=en --output one --steps 1 $tiny
seq 3 > more.txt
ftok tokenize --vocab ftok-4k --output lang=en book.txt more.txt | tail -2
ftok tokenize --vocab ftok-4k --output both --quiet book.txt more.txt > log
diff -r lang=en both && echo "the same as in one go"
ftok tokenize --vocab ftok-4k --validation-per-mille 0 --output none book.txt more.txt | tail -1
ftok vocab train --quiet --size 270 --special '<|endoftext|>' --output own.tiktoken in.jsonl > log
ftok tokenize --vocab own.tiktoken --output data --quiet in.jsonl > log
ftok train tiny --data data --output own --steps 1 $tiny
ftok model info own | grep -o "vocabulary own"
for flag in model.vocabulary_size=64 vocabulary=ftok-4k; do ftok train tiny --data data --output no --set $flag $tiny 2>&1 | grep -o 'vocabulary = "own" and model.vocabulary_size = [0-9]*' || true; done
ftok train tiny --data data --output s3://bucket/run $tiny 2>&1 || echo "exit $?"
ls -d s3* 2> log || echo "no folder"
ftok model export own --vocab own.tiktoken --output hf
grep -c '"eos_token": "<|endoftext|>"' hf/tokenizer_config.json
for i in $(seq 30); do echo '{"messages":[{"role":"user","content":"it"},{"role":"assistant","content":"is"}]}'; done > chat.jsonl
ftok tokenize --vocab ftok-4k --chat chatml --output chat --quiet chat.jsonl > log
ftok train tiny --data chat --output talks --steps 1 $tiny
ftok model export talks --output talks-hf
grep chat_template talks-hf/tokenizer_config.json
tr -d ' \n' < talks-hf/generation_config.json
ftok model export talks --chat llama3 --output refused 2>&1 || echo "exit $?"
ls -d refused 2> log || echo "no folder"
