# What is wrong with a command line is said in one line; the output folder is not made.
refused() { local code=0; ftok run "$@" || code=$?; echo "exit $code"; }
refused --input "$SAMPLE"
refused --output out
refused --input no-such-file.warc.gz --output out --vocab ftok-4k
refused --input 'no-such-*.warc.gz' --output out --vocab ftok-4k
refused --input "$SAMPLE" --output out --rejects some
refused --input "$SAMPLE" --output out --memory lots
refused --input "$SAMPLE" --output out --shard-tokens -5
refused --input "$SAMPLE" --output out --slice 3/2
refused --input "$SAMPLE" --output out --only both
refused --input "$SAMPLE" --output out --task 0/2
refused --input "$SAMPLE" --output out --only extract --task 2
refused --input "$SAMPLE" --output out --only extract --measure out
refused --input "$SAMPLE" --output out --threads many
refused --input "$SAMPLE" --output out --vocab no-such-vocabulary
refused --input "$SAMPLE" --output out --language-model no-such-model.bin
ls
