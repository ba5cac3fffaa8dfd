fails() { local code=0; ftok "$@" < /dev/null || code=$?; echo "exit $code"; }
fails encode --vocab no-such-vocabulary text
fails decode --vocab ftok-4k not-a-number
fails decode --vocab ftok-4k 99999999
