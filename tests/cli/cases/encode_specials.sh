# A special token's text: plain, the token, or refused with its place.
fails() { local code=0; ftok "$@" < /dev/null || code=$?; echo "exit $code"; }
ftok encode --vocab ftok-4k --ids 'a<|endoftext|>'
ftok encode --vocab ftok-4k --ids --specials allow 'a<|endoftext|>'
fails encode --vocab ftok-4k --ids --specials refuse 'a<|endoftext|>'
