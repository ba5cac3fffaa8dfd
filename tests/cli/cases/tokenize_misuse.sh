V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
fails() { local code=0; ftok "$@" < /dev/null || code=$?; echo "exit $code"; }
printf '{"text": "one"}\n' > texts.jsonl
fails tokenize texts.jsonl
fails tokenize --output out --shuffle seed texts.jsonl
fails tokenize --output out nothing.jsonl
fails tokenize --output out --vocab no-such-vocabulary texts.jsonl
fails tokenize --output out --shard-tokens 0 texts.jsonl
fails tokenize --output out --validation-per-mille 1001 texts.jsonl
fails tokenize --output texts.jsonl texts.jsonl
printf '{"text": "caf\xe9"}\n' > latin.jsonl
fails tokenize --output out2 --strict latin.jsonl
printf '{"text": "fine"}\n{"text": "fine"\n' > broken.jsonl
seq -f '{"content": "text", "id": %g}' 12 > content.jsonl
fails tokenize --output out3 --quiet --vocab "$V" content.jsonl | tail -n 1
head -n 8 content.jsonl > eight.jsonl  # as many as are named: none more
fails tokenize --output out4 --quiet --vocab "$V" eight.jsonl 2>&1 | grep -c warning
fails encode --vocab "$V" --jsonl broken.jsonl --ids
