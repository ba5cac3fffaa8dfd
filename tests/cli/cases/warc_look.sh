# What `ftok warc` says of a small archive: a sound response, a request with a wrong length, garbage, a gzip member.
record() { printf 'WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: http://a.example/%s\r\nContent-Type: application/http\r\nContent-Length: %s\r\n\r\n%b\r\n\r\n' "$1" "$1" "$2" "$3"; }
record response 56 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>caf\xe9</p>\n' > a.warc
record request 99 'GET / HTTP/1.1\r\n\r\n' >> a.warc
record metadata 4 'a: b' >> a.warc
ftok warc count a.warc 2> count.log
cat count.log
ftok warc count --json a.warc 2> /dev/null
ftok warc list a.warc
ftok warc list --json a.warc > list.json; head -1 list.json
ftok warc cat a.warc 0 --payload
gzip -n < a.warc > b.warc.gz
ftok warc list b.warc.gz
ftok warc cat b.warc.gz 0+338
ftok warc count - < b.warc.gz 2> /dev/null
