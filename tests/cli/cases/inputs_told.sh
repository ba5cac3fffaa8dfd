# What each reader makes of what it is not for: arrays and tables are read as rows, the rest is refused by name, an
# address is no path.
show() { local code=0; ftok "$@" 2>&1 || code=$?; echo "exit $code"; }
echo '[{"id":"a","text":"One."},{"id":"b","text":"Two."}]' > array.json
printf 'id;text\n1;"One; two"\n' > table.txt
echo '[["One.", 1], ["Two.", 2]]' > arrays.json
printf '{"data": [\n{"text": "One."}\n]}\n' > object.json
printf 'ARROW1 and more' > data.arrow
printf '<mediawiki xmlns="x">\n<text>One.</text>\n' > dump
printf 'WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x>\r\nContent-Length: 5\r\n\r\nHTTP/\r\n\r\n' > crawl.warc
for file in array.json table.txt arrays.json object.json data.arrow dump crawl.warc; do
  echo "== $file"
  show filter --stages c4 $file
  show encode --vocab ftok-4k --jsonl $file
done
echo "== pages"
printf '<p>A page, compressed.</p>' | gzip > page.html.gz
printf '\211PNG\r\n\032\n' > image.html
printf '\001\002\003' > bytes.html
show extract page.html.gz
show extract image.html
show extract bytes.html
show extract - < image.html
echo "== addresses"
show run --input ftp://mill/a.warc.gz --output out
show train tiny --data gs://mill/shards --output out
show generate gs://mill/model x
show encode --vocab s3://mill/v.tiktoken x
show filter --recipe s3://mill/recipe.toml array.json
show remove-ids gs://mill/out x
show url check --domains s3://mill/domains http://x.org/
ls -d *: 2> /dev/null || echo "no folder of an address's name"
