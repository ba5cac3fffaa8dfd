# What `ftok explain` refuses.
refused() { local code=0; ftok explain "$@" || code=$?; echo "exit $code"; }
refused
refused no-such-file.html
refused --record 12 "$SAMPLE" 2> err.txt
sed 's/.*ftok-sample/ftok-sample/' err.txt
refused --record x "$SAMPLE"
refused --recipe no-such-recipe "$SAMPLE"
