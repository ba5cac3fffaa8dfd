# Stages under names of their own: two classifiers, one before deduplication and one after it, each with a model, a score
# and reasons; the kinds of stage there are; an order that makes no sense.
# stderr: ignored
# replace: (?<= %) +[0-9.]+ s(?=  |$) => TIME
# replace: ^(tokens +[0-9,]+) +[0-9.]+ s$ => \1 TIME
# replace: in, .* peak memory.* => in, T
cp "$FTOK_SOURCE/share/models/ftok-lid.ftz" german.ftz
cp "$FTOK_SOURCE/share/models/ftok-lid.ftz" english.ftz
cat > two.toml <<'TOML'
stages = ["german", "dedup", "english"]
[german]
kind = "classifier"
model = "german.ftz"
label = "de"
score_max = 0.5
[english]
kind = "classifier"
model = "english.ftz"
label = "en"
score_min = 0.5
[dedup]
minhash = false
TOML
cat > a.jsonl <<'JSONL'
{"id":"a","text":"The tide comes in and the boats leave the harbour."}
{"id":"b","text":"Die Flut kommt und die Boote verlassen den Hafen."}
{"id":"c","text":"The tide comes in and the boats leave the harbour."}
{"id":"d","text":"La marée monte et les bateaux quittent le port."}
JSONL
ftok run --recipe two.toml --vocab ftok-4k --input a.jsonl --output out
zstd -dcq out/parts/000000.text.jsonl.zst | grep -o '"id":"."\|"[a-z]*_score":[0-9.e-]*' | sed 's/\(\.[0-9][0-9]\)[0-9]*/\1/'
zstd -dcq out/parts/000000.rejects.jsonl.zst | grep -o '"id":"."\|"reason":"[^"]*"\|"duplicate_of":"."'
ftok shards verify out
grep ': classifier"\|folder_version' out/binding.toml | sed 's/" = .*/" = .../'
fails() { local code=0; ftok "$@" 2>&1 || code=$?; echo "exit $code"; }
fails run --recipe two.toml --set english.score_min=0.4 --vocab ftok-4k --input a.jsonl --output out
ftok filter --recipe two.toml --each a.jsonl
ftok filter --recipe two.toml --stages english --measure a.jsonl | grep -o '"rule":"[^"]*"' | sort -u
fails filter --recipe two.toml --stages engl a.jsonl
fails recipe show two.toml --set 'stages=["extract","http"]'
fails recipe show two.toml --set english.labl=en
ftok recipe show two.toml --plain | sed -n '/^\[german/,/^$/p'
ftok recipe kinds
