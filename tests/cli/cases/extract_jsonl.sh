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
