# --measure records every rule's value and drops nothing.
# stderr: ignored
# replace: (?<= %) +[0-9.]+ s(?=  |$) => TIME
# replace: ^(tokens +[0-9,]+) +[0-9.]+ s$ => \1 TIME
# replace: in, .* peak memory.* => in, T
printf '{"id":"a","text":"The tide comes in. The tide goes out."}\n{"id":"b","text":"{ curly }"}\n' > a.jsonl
ftok run --recipe fineweb-datatrove-0.10 --set stages='["c4","fineweb"]' --set dedup.scope=off --input a.jsonl --measure m.jsonl
cat m.jsonl
