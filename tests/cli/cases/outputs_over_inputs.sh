# No command puts what it writes in place of what it reads, by whatever name; all inputs stay as they are.
refused() { local code=0; ftok "$@" || code=$?; echo "exit $code"; }
printf '{"id":"a","text":"The tide comes in. The tide goes out."}\n' > in.jsonl
mkdir links && ln -s ../in.jsonl links/a.jsonl && ln in.jsonl hard.jsonl
cp in.jsonl texts.json
ftok vocab convert ftok-4k -o mine.json
sha256sum *.json* > before
refused run --input in.jsonl --measure in.jsonl
refused run --input in.jsonl --measure links/a.jsonl
refused run --input hard.jsonl --measure ./in.jsonl
refused run --input 'links/*' --measure in.jsonl
refused run --input in.jsonl --output out --progress-json in.jsonl
refused run --input in.jsonl --measure -
refused run --input in.jsonl --measure m.jsonl.gz
cp "$FTOK_SHARE"/sample/ftok-sample.warc.gz a.recipe.toml
refused run --input a.recipe.toml --measure a
rm a.recipe.toml
refused tokenize in.jsonl --output out --progress-json in.jsonl
refused recipe fit --language en in.jsonl -o in.jsonl
refused extract in.jsonl --report in.jsonl
refused encode --chat in.jsonl --page in.jsonl
refused view --text in.jsonl --export in.jsonl
refused eval --hellaswag in.jsonl --write in.jsonl
refused vocab count in.jsonl -o in.jsonl
refused vocab merge-counts in.jsonl -o in.jsonl
refused vocab train --size 300 texts.json -o texts.tiktoken
refused vocab convert mine.json -o mine.tiktoken
sha256sum -c --quiet before && ls
# Under a name of zstd the measures are zstd.
ftok run -q --set stages='["c4"]' --set dedup.scope=off --input in.jsonl --measure m.jsonl.zst
zstd -dcq m.jsonl.zst
ftok whatif m.jsonl.zst --set c4.sentences_min=1 | head -3
