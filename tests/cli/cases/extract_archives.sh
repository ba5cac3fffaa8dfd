# Archives are told from pages by their bytes, and taken as FILE as --input takes them; a glob works with and without quotes.
ftok extract --input "$SAMPLE" --jsonl > input.jsonl 2> /dev/null
mkdir crawl && cp "$SAMPLE" crawl/a.warc.gz && cp "$SAMPLE" crawl/no-name
lines() { python3 -c 'import json, sys; print([(page["url"], page["text"]) for page in map(json.loads, sys.stdin)] == [(page["url"], page["text"]) for page in map(json.loads, open("input.jsonl"))] * int(sys.argv[1]))' "$1"; }
ftok extract crawl/a.warc.gz --jsonl 2> /dev/null | lines 1
ftok extract crawl/* --jsonl 2> /dev/null | lines 2
ftok extract 'crawl/*' --jsonl 2> /dev/null | lines 2
echo "<p>The keeper of the lamp walks to the harbour every morning and back again at night.</p>" > page.html
ftok extract page.html crawl/no-name --jsonl 2> /dev/null | sed -n '1s/^\(.\{18\}\).*/\1/p'
ftok extract crawl/no-name || echo "exit $?"
ftok extract crawl/no-name --jsonl --report r.html || echo "exit $?"
ftok extract 'crawl/*.html' --jsonl || echo "exit $?"
# A name that only looks like an archive's is a page's.
mkdir site.archive && cp page.html site.archive/my.warcraft.html && ftok extract site.archive/my.warcraft.html
