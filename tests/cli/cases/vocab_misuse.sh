fails() { local code=0; ftok "$@" < /dev/null || code=$?; echo "exit $code"; }
fails vocab convert ftok-4k --output vocab.txt
fails vocab convert ftok-4k --output vocab.bpe
fails vocab show ftok-4k --id 5000
fails vocab get lid.176.ftz
fails vocab compare ftok-4k --text nothing.txt
printf 'AA== 0\nAA== 1\n' > twice.tiktoken
fails vocab show twice.tiktoken --pattern gpt2
printf 'AA== 0\nAQ== 5\n' > gap.tiktoken
fails vocab show gap.tiktoken --pattern gpt2
printf 'AA== 0\nAQ' > cut.tiktoken
fails vocab show cut.tiktoken --pattern gpt2
echo a > a.txt
ftok vocab train --quiet --size 256 --output bytes.tiktoken a.txt && rm bytes.json
fails vocab show bytes.tiktoken
# An address where a path is meant, also where nothing would be written there.
fails vocab count --output a.counts --temporary s3://bucket/temporary a.txt
