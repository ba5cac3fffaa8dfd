# Recipes are checked one by one, compared key by key, and described for editors.
printf 'stages = ["c4", "minhash", "dedup", "pii"]\n[c4]\nsentences_min = 3\n' > mine.toml
printf '[c4]\nsentences_mni = 3\n' > wrong.toml
printf 'stages = ["own", "minhash"]\n[own]\nkind = "python"\nfile = "not-there.py"\n' > missing.toml
ftok recipe check mine.toml wrong.toml || echo "exit $?"
ftok recipe check missing.toml || echo "exit $?"
# What a run refuses is not good.
for set in dedup.verify_jaccard=0.7 dedup.verify_jaccard=2 dedup.memory=0 shards.shard_tokens=0; do
  ftok recipe check mine.toml --set $set || echo "exit $?"
done
ftok recipe diff fineweb-2024-04 fineweb-datatrove-0.10
ftok recipe diff --exit-code mine.toml mine.toml
ftok recipe diff --exit-code mine.toml fineweb-2024-04 > differences || echo "exit $?"
grep -E 'c4.sentences_min|stages' differences
ftok recipe schema > schema.json
head -4 schema.json
