# Each misuse is one line that names the flag or key, and exit code 2; a missing file is exit code 1.
fails() { local code=0; ftok filter "$@" || code=$?; echo "exit $code"; }
echo '{"text":"x"}' > docs.jsonl
fails
fails --stages c5 docs.jsonl
fails --each --measure docs.jsonl
fails --set c4.sentence_min=1 docs.jsonl
fails --set fineweb.rules=2025 docs.jsonl
fails no-such-file.jsonl
