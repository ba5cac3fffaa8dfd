# Weights with a fraction are exact: what counts half as often as something whole, at thresholds twice as high, is the same.
# stderr: ignored
sample() { for i in $(seq "$1" "$2"); do echo "{\"text\":\"the cat number $i sat on the mat, the $((i * i)) mats $((i % 7))\"}"; done; }
sample 1 300 > a.jsonl
sample 200 500 | sed 's/the cat/a dog/; s/mat/carpet/g' > b.jsonl
train() { ftok vocab train --size 500 --name v --json "$@" | grep -o '"ranks":[0-9]*\|"least_count":[0-9]*' | tr '\n' ' '; echo; }
train --min-frequency 3 --weight a.jsonl=0.5 --weight b.jsonl=1.5 --output half.tiktoken a.jsonl b.jsonl
train --min-frequency 6 --weight b.jsonl=3 --output whole.tiktoken a.jsonl b.jsonl
cmp half.tiktoken whole.tiktoken
train --min-count 2 --min-frequency 3 --weight a.jsonl=.25 --weight b.jsonl=2.25 --output quarter.tiktoken a.jsonl b.jsonl
train --min-count 8 --min-frequency 12 --weight b.jsonl=9 --output nine.tiktoken a.jsonl b.jsonl
cmp quarter.tiktoken nine.tiktoken

# The same with counts files.
ftok vocab count --output a.counts a.jsonl
ftok vocab count --output b.counts b.jsonl
train --min-frequency 3 --weight a.counts=0.5 --weight b.counts=1.5 --output counts.tiktoken b.counts a.counts
cmp half.tiktoken counts.tiktoken

# A checkpoint taken with one is not gone on with another.
train --checkpoint state --weight a.jsonl=0.5 --output x.tiktoken a.jsonl b.jsonl
ftok vocab train --size 500 --checkpoint state --weight a.jsonl=0.75 --output y.tiktoken a.jsonl b.jsonl || echo "exit $?"
