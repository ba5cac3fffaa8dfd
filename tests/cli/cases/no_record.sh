# What is no input under an input's name: one line, exit 1, and nothing written.
printf '\037\213\010\000garbagegarbagegarbage' > g.gz
cp g.gz g.warc.gz
try() { local code=0; "$@" 2>&1 || code=$?; echo "exit $code"; }
try ftok filter g.gz
try ftok filter - < g.gz
try ftok optout build --agent CCBot -o lists g.warc.gz
test ! -e lists && echo "no list was written"
try ftok warc count g.warc.gz
try ftok warc list g.gz
echo '{"question":"one two three four five six seven eight nine ten eleven twelve thirteen fourteen"}' > set.jsonl
try ftok decontaminate --set set.jsonl g.gz
# A list is decompressed, and then it is a list or nothing.
echo '{"text": "The mill by the river turns all day."}' > one.jsonl
echo one.jsonl | iconv -t UTF-16 > utf16.txt
ftok run --input-list utf16.txt --output read --vocab ftok-4k --quiet --json --set 'stages=["minhash"]' 2> /dev/null | grep -o '"documents":1'
head -c 64 /dev/zero > zeros.txt
gzip -n < zeros.txt > zeros.gz
try ftok run --input-list zeros.gz --output out --vocab ftok-4k --quiet
echo bad.com | iconv -t UTF-16 > domains.txt
gzip -n < domains.txt > domains.gz
try ftok url check --domains domains.txt http://bad.com/ http://good.com/
try ftok url check --domains domains.gz http://bad.com/
try ftok url check --domains zeros.txt http://bad.com/
echo http://bad.com/ | iconv -t UTF-16 > urls.txt
try ftok url check --domains domains.txt - < urls.txt
# Plain text that goes on as binary data.
for i in $(seq 4000); do echo "A line of text, number $i."; done > mixed.txt
head -c 100000 /dev/zero >> mixed.txt
try ftok filter mixed.txt
try ftok vocab train --size 300 -o v.tiktoken mixed.txt
try ftok tokenize --vocab ftok-4k -o shards --quiet mixed.txt
