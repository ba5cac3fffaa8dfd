# Each misuse is one line that names the flag, and exit code 2.
fails() { local code=0; ftok "$@" || code=$?; echo "exit $code"; }
fails --no-such-flag
fails versoin
fails version extra
fails extract --no-such-flag page.html
fails shards cnvert
fails shards
fails shards xyz
fails recipe shwo c4
fails vocab --no-such-flag
fails run --recipe finewb pages.warc.gz -o out
fails recipe show c4x
fails recipe show zzzzzzzz
fails status job --price nan
fails status job --price -1
fails status job --watch --every 0
fails status job --watch --every nan
fails submit slurm job --program s3://bucket/ftok
