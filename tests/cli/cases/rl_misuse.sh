# Flags of rl that do not go together, answers that are all alike, a reward model where one that writes is wanted, too little memory.
# replace: [0-9.]+ GB of memory, but there are [0-9.]+; [0-9]+ would fit => X GB of memory, but there are X; X would fit
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
fails() { local code=0; ftok "$@" < /dev/null 2>&1 || code=$?; echo "exit $code"; }
ftok rl sorting --problems 8 > chat.jsonl
ftok tokenize --vocab "$V" --chat chatml --output shards --quiet --validation-per-mille 0 chat.jsonl > /dev/null
ftok train sft --data shards --output model --steps 1 --set vocabulary=$V --set model.vocabulary_size=1004 --set model.layers=1 --set model.channels=32 \
  --set model.length=48 --set training.tokens_per_step=96 --set run.sample_every=0 --set run.threads=1 2> /dev/null
for flags in "--held-out" "--problems 2 --rankings 2" "--problems 2 --best-of 2" "--problems 2 --output x" "--problems 2 --init model" "--problems 2 --reward model" \
  "--rankings 2 --output x --init model" "--rankings 2 --best-of 2 --init model" "--best-of 2 --output x --init model"; do
  fails rl sorting $flags 2>&1 | tail -n 2 | head -n 3
done
# What is always wrong cannot be ranked.
fails rl sorting --init model --rankings 3 --set rl.samples=2 --set rl.tokens_max=2 --set run.threads=1
fails rl sorting --init model --output x --set run.micro_batch=1048576 --set rl.problems=65536 --set rl.samples=4096 --set rl.tokens_max=1000000
ls -d x 2> /dev/null || true
# A reward model writes nothing.
printf '%s\n' '{"prompt": "a?", "chosen": "yes", "rejected": "no"}' '{"prompt": "b?", "chosen": "yes", "rejected": "no"}' > rankings.jsonl
ftok reward train rankings.jsonl --init model --output judge --steps 1 --set run.threads=1 --set reward.held_out_per_mille=0 -q
fails chat judge
fails generate judge "a"
fails eval judge --chat chat.jsonl
fails probe judge chat.jsonl
fails rl sorting --init judge --output x
fails train sft --init judge --data shards --output x
