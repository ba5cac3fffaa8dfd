# What `ftok dedup` refuses.
refused() { local code=0; ftok dedup "$@" || code=$?; echo "exit $code"; }
refused
refused recall
refused recall no-such-file.tsv
refused clusters no-such-file.jsonl
refused recall pairs.tsv documents.jsonl --bin-width nan
refused recall pairs.tsv documents.jsonl --bin-width 1.01
