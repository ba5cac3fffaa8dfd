# Every page of a WARC file as a line of JSON, in order, whatever the threads.
# stderr: ignored
for threads in 1 2; do ftok extract --input "$SAMPLE" --jsonl --threads $threads > pages$threads.jsonl; done
cmp pages1.jsonl pages2.jsonl
python3 - <<'PYTHON'
import json
pages = [json.loads(line) for line in open("pages1.jsonl", encoding="utf-8")]
print(len(pages), "pages,", len({page["id"] for page in pages}), "ids")
print([page["text"].split("\n")[0] for page in pages if "tide-pools" in page["url"]])
PYTHON
# Files give the same keys, in the order given.
for name in a b; do
  printf '<title>%s</title><link rel=canonical href="https://x.example/%s"><article><p>The keeper of the %s lamp walks to the harbour every morning and back again at night.</article>' $name $name $name > $name.html
done
ftok extract --jsonl b.html a.html | python3 -c '
import json, sys
for line in sys.stdin:
    page = json.loads(line)
    print(list(page)[:6], page["id"], page["url"], page["text"][:22])'
