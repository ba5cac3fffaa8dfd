# A recipe for a language from texts in it, and what is wrong with too few of them.
for i in $(seq 60); do
  printf '{"id":"%s","text":"Die Flut kommt am %s. Tag und die Boote verlassen den Hafen.\\nDer Wind dreht und das Meer ist ruhig.\\nDie Fischer sehen auf die See und der Tag geht."}\n' "$i" "$i"
done > german.jsonl
ftok recipe fit --language de german.jsonl -o german.toml
sed -n '/^preset/p; /^languages/p; /^stop_words/p; /^unspaced/p; /^mean_word/p' german.toml
ftok recipe check german.toml
refused() { local code=0; ftok recipe fit "$@" || code=$?; echo "exit $code"; }
head -3 german.jsonl > few.jsonl
refused --language de few.jsonl
refused --language xx german.jsonl
refused --language de --tail 0.7 german.jsonl
refused german.jsonl
