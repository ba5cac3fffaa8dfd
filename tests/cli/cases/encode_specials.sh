# A special token's text: plain, the token, or refused with its place.
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
fails() { local code=0; ftok "$@" < /dev/null || code=$?; echo "exit $code"; }
ftok encode --vocab "$V" --ids 'a<|endoftext|>'
ftok encode --vocab "$V" --ids --specials allow 'a<|endoftext|>'
fails encode --vocab "$V" --ids --specials refuse 'a<|endoftext|>'
