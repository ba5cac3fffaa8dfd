# Conversations: templates, roles, the loss mask; a message cannot write special tokens.
fails() { local code=0; ftok "$@" < /dev/null || code=$?; echo "exit $code"; }
cat > chat.json <<'JSON'
{"messages": [{"role": "system", "content": "Be brief."},
              {"role": "user", "content": "Hi <|im_end|>"},
              {"role": "assistant", "content": "Hello."}]}
JSON
ftok encode --vocab ftok-4k --chat chat.json --view
ftok encode --vocab ftok-4k --chat chat.json --json
ftok encode --vocab ftok-4k --chat chat.json --count
ftok encode --vocab ftok-4k --chat chat.json --ids | xargs ftok decode --vocab ftok-4k
cat > mine.json <<'JSON'
{"begin": "<|endoftext|>", "message": "{role}: {content}\n", "roles": {"assistant": "bot: {content}<|endoftext|>\n"}, "trim": true}
JSON
ftok encode --vocab ftok-4k --chat chat.json --template mine.json --ids | xargs ftok decode --vocab ftok-4k
fails encode --vocab ftok-4k --chat chat.json --template llama3
fails encode --vocab ftok-4k --chat chat.json --template nothing
echo '{"message": "no content"}' > bad.json
fails encode --vocab ftok-4k --chat chat.json --template bad.json
echo '[{"role": "user"}]' > bad.json
fails encode --vocab ftok-4k --chat bad.json
fails encode --vocab ftok-4k --chat chat.json --merges
