# What the cases of `ftok rl` begin with: letters.py, a program of problems, and `model`, a chat model that knows nothing yet.
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
cp "$FTOK_SOURCE/tests/cli/rewards_letters.py" letters.py
ftok rl letters --problems 8 > chat.jsonl
ftok tokenize --vocab "$V" --chat chatml --output shards --quiet --validation-per-mille 0 chat.jsonl > /dev/null
ftok train sft --data shards --output model --steps 1 --set vocabulary=$V --set model.vocabulary_size=1004 --set model.layers=1 --set model.channels=32 \
  --set model.length=32 --set training.tokens_per_step=64 --set run.sample_every=0 --set run.threads=1 2> /dev/null
