# The quality filters over JSONL: the chain, each alone, measurements, changed keys, compressed input, bad lines.
cat > docs.jsonl <<'JSON'
{"id":"short","text":"One two three. Four five six. Seven eight nine. Ten of the end. And one more here."}
{"id":"empty","text":""}
{"id":"code","text":"int main () { }"}
not json
{"id":"no text"}
JSON
ftok filter --recipe fineweb-datatrove-0.10 docs.jsonl
ftok filter --recipe fineweb-2024-04 --each docs.jsonl
gzip -c docs.jsonl | ftok filter --recipe fineweb-datatrove-0.10 --stages c4 --measure -
ftok filter --stages c4 --set c4.sentences_min=6 docs.jsonl
