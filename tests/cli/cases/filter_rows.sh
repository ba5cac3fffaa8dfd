# The quality filters over rows: an array and tables are judged as the lines of JSON they stand for; damage is named by its row.
filter() { ftok filter --recipe fineweb-datatrove-0.10 --stages c4 "$@"; }
cat > docs.jsonl <<'JSON'
{"id":"short","text":"One two three."}
{"id":"code","text":"int main () { }"}
JSON
printf '[{"id":"short","text":"One two three."},\n {"id":"code","text":"int main () { }"}]\n' > docs.json
printf 'id,text\nshort,One two three.\ncode,int main () { }\n' > docs.csv
printf 'id\ttext\nshort\tOne two three.\ncode\tint main () { }\n' > docs.tsv
filter docs.jsonl | tee lines
for name in json csv tsv; do filter docs.$name | diff lines - && echo "the same of docs.$name"; done
(head -c 45 docs.json; echo ",") > cut.json
filter cut.json
echo '<!doctype html><p>x' > page.html
filter page.html || echo "exit $?"
