# A classifier of one's own: judged alone, in a run, its score with the text; a model without its stage, a label that is none.
# stderr: ignored
# replace: (?<= %) +[0-9.]+ s(?=  |$) => TIME
# replace: ^(tokens +[0-9,]+) +[0-9.]+ s$ => \1 TIME
# replace: in, .* peak memory.* => in, T
MODEL=$FTOK_SOURCE/share/models/ftok-lid.ftz
printf '{"id":"a","text":"The tide comes in and the boats leave the harbour."}\n{"id":"b","text":"Die Flut kommt und die Boote verlassen den Hafen."}\n' > a.jsonl
good="--set classifier.model=$MODEL --set classifier.label=__label__de --set classifier.score_min=0.5"
ftok filter --stages classifier $good --measure a.jsonl | sed 's/\(\.[0-9][0-9]\)[0-9]*/\1/g'
ftok run $good --set stages='["classifier"]' --set dedup.scope=off --vocab ftok-4k --input a.jsonl --output out
zstd -dcq out/parts/000000.text.jsonl.zst | grep -o '"id":"."\|"classifier_score":0\.9'
zstd -dcq out/parts/000000.rejects.jsonl.zst | grep -o '"reason":"[^"]*"'
fails() { local code=0; ftok "$@" 2>&1 || code=$?; echo "exit $code"; }
fails run $good --set stages='["c4"]' --set dedup.scope=off --vocab ftok-4k --input a.jsonl --output out2
fails run $good --set classifier.label=good --vocab ftok-4k --input a.jsonl --output out2 | sed "s|$FTOK_SOURCE|...|"
fails filter --stages classifier a.jsonl
