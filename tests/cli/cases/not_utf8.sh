# A byte that is not UTF-8 becomes U+FFFD in every command that reads lines of JSON.
printf '{"text":"Caf\351 by the mill"}\n' > lines.jsonl
ftok encode --vocab ftok-4k --jsonl lines.jsonl | head -3
echo "encode: ${PIPESTATUS[0]}"
ftok vocab count --pattern gpt2 --quiet --output c.counts lines.jsonl
echo "vocab count: $?"
ftok language --text-key text lines.jsonl > /dev/null
echo "language: $?"
ftok pii --jsonl lines.jsonl > /dev/null
echo "pii: $?"
