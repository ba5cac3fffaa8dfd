# A record is found where `warc list` says it lies, also behind a dictionary and inside a member, and nowhere else.
record() {
  local body="HTTP/1.1 200 OK\r\nContent-Type: $2\r\n\r\n$3"
  local length=$(printf "$body" | wc -c)
  printf "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:$1>\r\nWARC-Target-URI: http://$1.example/\r\nContent-Type: application/http\r\nContent-Length: $length\r\n\r\n$body\r\n\r\n"
}
record a text/html '<p>first</p>' > a
record b text/html '<p>second</p>' > b
record c application/pdf '%%PDF-1.4' > c
cat a b c > plain.warc
gzip -nc plain.warc > one.warc.gz
head -c 4096 plain.warc > dictionary
size=$(wc -c < dictionary)
{ printf "\x5d\x2a\x4d\x18\x$(printf %02x $((size % 256)))\x$(printf %02x $((size / 256)))\x00\x00"; cat dictionary
  for page in a b c; do zstd -qc -D dictionary $page; done; } > dictionary.warc.zst
explained() { ftok explain --set 'stages=["http"]' --set dedup.scope=off --record "$1" "$2" | sed -n 1p; }
for file in plain.warc one.warc.gz dictionary.warc.zst; do
  echo "$file"
  for place in $(ftok warc list $file | cut -f 1); do
    echo "$(ftok warc cat $file $place --payload) $(explained $place $file)"
  done
done
refused() { local code=0; ftok "$@" || code=$?; echo "exit $code"; }
refused explain --set 'stages=["http"]' --set dedup.scope=off --record 1 plain.warc
refused explain --set 'stages=["http"]' --set dedup.scope=off --record 0+1 one.warc.gz
refused explain --set 'stages=["http"]' --set dedup.scope=off --record 0+x one.warc.gz
refused explain --set 'stages=["http"]' --set dedup.scope=off --record 99999 plain.warc
# Of several in a member the offset alone names the first, and that is said.
explained 0 one.warc.gz
printf '{"text":"one"}\n{"text":"two"}\n' > lines.jsonl
explained 15 lines.jsonl
refused explain --set 'stages=["http"]' --set dedup.scope=off --record 3 lines.jsonl
