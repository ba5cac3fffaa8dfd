# Conversations: templates, roles, the loss mask; a message cannot write special tokens.
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
fails() { local code=0; ftok "$@" < /dev/null || code=$?; echo "exit $code"; }
cat > chat.json <<'JSON'
{"messages": [{"role": "system", "content": "Be brief."},
              {"role": "user", "content": "Hi <|im_end|>"},
              {"role": "assistant", "content": "Hello."}]}
JSON
ftok encode --vocab "$V" --chat chat.json --view
ftok encode --vocab "$V" --chat chat.json --json
ftok encode --vocab "$V" --chat chat.json --count
ftok encode --vocab "$V" --chat chat.json --ids | xargs ftok decode --vocab "$V"
cat > mine.json <<'JSON'
{"begin": "<|endoftext|>", "message": "{role}: {content}\n", "roles": {"assistant": "bot: {content}<|endoftext|>\n"}, "trim": true}
JSON
ftok encode --vocab "$V" --chat chat.json --template mine.json --ids | xargs ftok decode --vocab "$V"
fails encode --vocab "$V" --chat chat.json --template llama3
fails encode --vocab "$V" --chat chat.json --template nothing
echo '{"message": "no content"}' > bad.json
fails encode --vocab "$V" --chat chat.json --template bad.json
echo '[{"role": "user"}]' > bad.json
fails encode --vocab "$V" --chat bad.json
fails encode --vocab "$V" --chat chat.json --merges
