# Texts to shards; what is in them again.
# replace: [0-9.]+ s wall.* => (cost)
# replace: [0-9.]+ [kM]?B/s of text.* => (rate)
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
printf '{"text": "one two three", "id": "a"}\n{"text": "four", "id": "b"}\n{"no": 1}\n' > texts.jsonl
ftok tokenize --vocab "$V" --output out --validation-per-mille 0 texts.jsonl
ftok shards verify out | sed 's/, [0-9]* bytes//'
ftok shards cat --vocab "$V" out
printf 'from a pipe' | ftok tokenize --vocab "$V" --output piped --quiet --format text --validation-per-mille 0 > /dev/null
ftok shards cat --vocab "$V" piped
