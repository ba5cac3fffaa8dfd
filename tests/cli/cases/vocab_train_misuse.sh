# What is wrong with counting and training is said in one line, and nothing is left behind.
refused() { local code=0; ftok vocab "$@" < /dev/null || code=$?; echo "exit $code"; }
echo '{"text":"hello hello world"}' > a.jsonl
echo 'hello' > a.txt
ftok vocab count --quiet --output a.counts a.jsonl
ftok vocab count --quiet --pattern gpt2 --output b.counts a.jsonl
ftok vocab count --quiet --pattern '[a-z]+|\s' --output c.counts a.jsonl

refused count --output x.counts no-such-file
refused count --output no/such/folder/x.counts a.jsonl
refused count --pattern 'a(?!b)' --output x.counts a.jsonl
refused count --pattern 'a++' --output x.counts a.jsonl
refused count --pattern gpt5 --output x.counts a.jsonl
refused count --weight b.jsonl=2 --output x.counts a.jsonl
refused count --weight a.jsonl=.5 --output x.counts a.jsonl
refused count --memory 1M --output x.counts a.jsonl
refused count --memory much --output x.counts a.jsonl
refused count --text-key body --output x.counts a.jsonl
printf "WARC/1.0\r\n" | gzip > page.warc.gz
refused count --output x.counts page.warc.gz
printf '{"text":"fine"}\n{"text":"fine"\n' > bad.jsonl
refused count --output x.counts bad.jsonl
seq 100000 | gzip > whole.gz
head -c 20000 whole.gz > cut.txt.gz
refused count --output x.counts cut.txt.gz

refused merge-counts --output x.counts a.counts b.counts
refused merge-counts --output x.counts a.counts c.counts
refused merge-counts --output x.counts a.counts a.jsonl
head -c -3 a.counts > cut.counts
refused merge-counts --output x.counts a.counts cut.counts
refused merge-counts --weight d.counts=2 --output x.counts a.counts

refused train --size 100 --output x.tiktoken a.jsonl
refused train --size 300 --output x.tiktoken a.counts b.counts
refused train --size 300 --output x.tiktoken a.counts a.jsonl
refused train --size 300 --pattern gpt2 --output x.tiktoken a.counts
refused train --size 300 --output x.tiktoken cut.counts
refused train --size 300 --special '' --output x.tiktoken a.jsonl
refused train --size 300 --special '<a>' --special '<a>' --output x.tiktoken a.jsonl
refused train --size 50000 --extend ftok-50k --output x.tiktoken a.jsonl
refused train --size 300 --compatible sentencepiece --output x.tiktoken a.jsonl
refused train --size 300 --compatible huggingface --ties greatest-bytes --output x.tiktoken a.jsonl

# A checkpoint of something else.
ftok vocab train --quiet --size 260 --checkpoint state --output v.tiktoken a.jsonl
refused train --size 260 --checkpoint state --weight a.jsonl=2 --output x.tiktoken a.jsonl
echo '{' > state/state.json
refused train --size 260 --checkpoint state --output x.tiktoken a.jsonl

# No room for the output.
seq 9000 | tr 0-9 a-j > words.txt
(trap '' XFSZ; ulimit -f 1; refused count --quiet --output x.counts words.txt)
ls
