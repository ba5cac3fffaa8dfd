# The main job on a small text input: the result as JSON, the files, and what is refused afterwards.
# replace: (?<= %) +[0-9.]+ s(?=  |$) => TIME
# replace: ^(tokens +[0-9,]+) +[0-9.]+ s$ => \1 TIME
# replace: "seconds":[0-9.e-]+ => "seconds":S
# replace: "cpu_seconds":[0-9.e-]+ => "cpu_seconds":S
# replace: "peak_rss_bytes":[0-9]+ => "peak_rss_bytes":B
# replace: "cpu_seconds_by_stage":\{.*?\} => "cpu_seconds_by_stage":{}
# replace: (deduplication index: at most) .* => \1 N
# replace: in, .* peak memory.* => in, T
line() { printf '{"id":"%s","url":"http://a.example/%s","text":"%s"}\n' "$1" "$1" "$2"; }
{ line a "The tide comes in. The tide goes out."; line b "The tide comes in. The tide goes out."; line c "A gull sat on the wall."; echo 'no json'; } > a.jsonl
cat > recipe.toml <<'TOML'
preset = "fineweb-2024-04"
stages = ["http", "extract", "minhash"]
TOML
ftok recipe show recipe.toml > /dev/null
run() { local code=0; ftok run --recipe recipe.toml --vocab ftok-4k --output out "$@" || code=$?; echo "exit $code"; }
run --input a.jsonl --json
find out -type f | sort
zstd -dcq out/parts/000000.text.jsonl.zst
zstd -dcq out/parts/000000.rejects.jsonl.zst
ftok shards verify out | sed "s, [0-9]* bytes, N bytes,"
run --input a.jsonl --set minhash.bands=7
line d "Another page about the sea." > d.jsonl
run --input d.jsonl
run --input a.jsonl --input d.jsonl
