# Two sources in shares of a budget: the report, the manifest's totals, the data card.
for i in $(seq 40); do echo "{\"id\": \"w$i\", \"text\": \"The mill by the river grinds rye number $i.\"}"; done > web.jsonl
for i in $(seq 5); do echo "{\"id\": \"b$i\", \"text\": \"The baker of book $i\"}"; done > books.jsonl
cat > mix.toml <<'TOML'
[[mix.source]]
name = "web"
paths = ["web.jsonl"]
weight = 3.0
[[mix.source]]
name = "books"
paths = ["books.jsonl"]
epochs_max = 2.0
[shards]
validation_per_mille = 0
TOML
ftok mix mix.toml --budget 0.4K --vocab ftok-4k --output out --set mix.seed=3
ftok shards verify out
ftok card out --name Mixed --license cc-by-4.0
sed -n '1,20p' out/README.md
ftok card out --print --license 'CC BY' || echo "exit $?"
ftok mix mix.toml --budget 1B --output out || echo "exit $?"
ftok mix mix.toml --budget many --output new || echo "exit $?"
