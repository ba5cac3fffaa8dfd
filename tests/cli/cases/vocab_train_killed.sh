# Killed at any file it completes, training on a corpus goes on to the same vocabulary.
# stderr: ignored
for i in $(seq 1 20000); do echo "the cat $i sat on the mat $((i * 31 % 977)) of word$((i * 7 % 499))"; done > a.txt
for i in $(seq 1 4000); do echo "{\"text\":\"another $i text with line$((i * 3 % 251))\"}"; done | zstd -q > b.jsonl.zst
train() { ftok vocab train --quiet --size 3000 --checkpoint "$1" --checkpoint-every 300K --name v --output "$2" a.txt b.jsonl.zst; }
train whole whole.tiktoken
ftok vocab train --quiet --size 3000 --name v --output plain.tiktoken a.txt b.jsonl.zst
cmp whole.tiktoken plain.tiktoken
kills=0
for at in 1 2 3 4 5 6 7 8 9 10 11 12; do
  if ! (LD_PRELOAD=$FTOK_FAULTS FAULTS_KILL_AT_COMMIT=$at train "state$at" "v$at.tiktoken"); then kills=$((kills + 1)); fi
  train "state$at" "v$at.tiktoken"
  cmp whole.tiktoken "v$at.tiktoken"
  cmp whole.json "v$at.json"
done
# And again and again, each time one checkpoint further.
for at in $(seq 1 30); do
  if (LD_PRELOAD=$FTOK_FAULTS FAULTS_KILL_AT_COMMIT=5 train often often.tiktoken); then break; fi
done
cmp whole.tiktoken often.tiktoken
[ "$kills" -ge 9 ] && echo killed and gone on with
# A larger vocabulary goes on from the merges of the smaller one.
ftok vocab train --quiet --size 3100 --checkpoint whole --name v --output larger.tiktoken a.txt b.jsonl.zst
head -3000 larger.tiktoken | cmp - whole.tiktoken
