# Items of an evaluation set in texts: found and named, listed where they cannot be, dropped by a recipe.
cat > bench.jsonl <<'JSONL'
{"id": "q1", "question": "Which of these rivers flows through the old town before it reaches the wide northern sea at last?", "choices": ["Elbe", "Rhine"]}
{"question": "Where do the two owls of the mill sleep in winter?"}
{"question": "Too short"}
JSONL
cat > texts.jsonl <<'JSONL'
{"id": "a", "text": "Nothing of it stands here, only words about rivers and the sea."}
{"id": "b", "text": "A quiz! Where do the two owls of the mill sleep in winter? And: which of these rivers flows through the old town before it reaches the wide northern sea, at last?"}
JSONL
ftok decontaminate --set bench.jsonl texts.jsonl
ftok decontaminate --set bench.jsonl --list
ftok filter --set 'stages=["decontaminate", "minhash"]' --set 'decontaminate.sets=["bench.jsonl"]' texts.jsonl
ftok decontaminate texts.jsonl || echo "exit code $?"
ftok decontaminate --set bench.jsonl || echo "exit code $?"
# Sets in the forms that texts have: compressed, an array, a table; a field that no item has.
gzip -k bench.jsonl
zstd -q bench.jsonl
(echo '['; sed '$!s/$/,/' bench.jsonl; echo ']') > array.json
printf 'name,question\n1,"Where do the two owls of the mill sleep in winter?"\n2,"Which of these rivers flows through the old town before it reaches the wide northern sea, at last?"\n' > table.csv
for set in bench.jsonl.gz bench.jsonl.zst array.json table.csv; do
  echo "$set"
  ftok decontaminate --set $set texts.jsonl 2>&1 | cut -c1-60
done
ftok filter --set 'stages=["decontaminate", "minhash"]' --set 'decontaminate.sets=["table.csv"]' texts.jsonl | cut -c1-60
ftok decontaminate --set bench.jsonl --field nope texts.jsonl || echo "exit code $?"
ftok decontaminate --set table.csv --field question --field nope texts.jsonl || echo "exit code $?"
ftok decontaminate --set "$FTOK_SOURCE/share/sample/ftok-sample.warc.gz" texts.jsonl 2>&1 | sed "s|$FTOK_SOURCE/||" || true
echo 'not JSON' >> bench.jsonl
ftok decontaminate --set bench.jsonl texts.jsonl || echo "exit code $?"
