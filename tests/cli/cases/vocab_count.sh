# replace: ("output":"w.counts","pattern":"cl100k","pretokens":)[0-9]+(,"distinct":)[0-9]+(,"text_bytes":)[0-9]+ => \1N\2N\3N
# Counts add up to the same file however the corpus is split, stored or counted, and the same vocabulary comes out of them.
# stderr: ignored
sample() { for i in $(seq "$1" "$2"); do echo "{\"text\":\"the cat number $i sat on the mat, the $((i * i)) mats of caf\\u00e9 $((i % 7))\"}"; done; }
sample 1 300 > a.jsonl
sample 301 500 > b.jsonl
cat a.jsonl b.jsonl > all.jsonl
gzip -k a.jsonl
zstd -q b.jsonl
ftok vocab count --threads 1 --output all.counts all.jsonl
ftok vocab count --threads 3 --output split.counts a.jsonl.gz b.jsonl.zst
cmp all.counts split.counts
ftok vocab count --output a.counts a.jsonl
ftok vocab count --output b.counts b.jsonl.zst
ftok vocab merge-counts --output merged.counts b.counts a.counts
cmp all.counts merged.counts
ftok vocab count --weight a.jsonl=3 --output weighted.counts a.jsonl b.jsonl
ftok vocab merge-counts --weight a.counts=3 --output weighted2.counts a.counts b.counts
cmp weighted.counts weighted2.counts

train() { ftok vocab train --size 400 --name v --special '<|endoftext|>' "$@"; }
train --output v1.tiktoken all.jsonl
train --threads 2 --output v2.tiktoken a.jsonl.gz b.jsonl
train --output v3.tiktoken merged.counts
train --output v4.tiktoken b.counts a.counts
for v in v2 v3 v4; do cmp v1.tiktoken $v.tiktoken; cmp v1.json $v.json; done
ftok encode --vocab v1.tiktoken --ids 'the cat sat on the mats' | ftok decode --vocab v1.tiktoken
echo

# Text is the same as JSON Lines of it only where no text ends inside a run of white space; here both are one text.
printf 'one two two three three three\n' > t.txt
printf '{"body":"one two two three three three\\n"}\n' > t.jsonl
ftok vocab count --output t1.counts t.txt
ftok vocab count --text-key body --output t2.counts t.jsonl
ftok vocab count --output t3.counts - < t.txt
cmp t1.counts t2.counts
cmp t1.counts t3.counts
ftok vocab count --json --quiet --output t1.counts t.txt | sed 's/"seconds":[^}]*/"seconds":S/'
ftok vocab merge-counts --json --output t4.counts t1.counts t2.counts

# Old ids stay.
ftok vocab train --size 450 --extend v1.tiktoken --output more.tiktoken all.counts
head -400 more.tiktoken | cmp - v1.tiktoken
tail -1 more.tiktoken | cut -d' ' -f2

# A recipe's documents out of a WARC file.
ftok vocab count --quiet --json --recipe fineweb-2024-04 --output w.counts "$SAMPLE" | sed 's/"seconds":[^}]*/"seconds":S/'
