# Each of these is a one-line error and an exit code.
printf 'WARC/1.0\r\nWARC-Type: metadata\r\nContent-Length: 4\r\n\r\na: b\r\n\r\n' > a.warc
ftok warc cat a.warc nine || echo "exit $?"
ftok warc cat a.warc 9 || echo "exit $?"
ftok warc cat a.warc 900 || echo "exit $?"
ftok warc count missing.warc || echo "exit $?"
# A file that cannot be read does not keep the others from being read.
ftok warc count missing.warc a.warc || echo "exit $?"
ftok warc list a.warc missing.warc || echo "exit $?"
printf '\x04\x22\x4D\x18....' > a.warc.lz4
ftok warc count a.warc.lz4 || echo "exit $?"
