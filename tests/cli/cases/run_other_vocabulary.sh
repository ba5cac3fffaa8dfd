# A finished folder with another vocabulary: the message is the command that gives it, and it does.
# stderr: ignored
ftok run "$SAMPLE" -o corpus -v ftok-4k -q > /dev/null
ftok run "$SAMPLE" -o corpus -v ftok-50k -q 2> said || echo "exit $?"
grep -o "; its texts.*" said
eval "$(sed 's/.*: ftok tokenize/ftok tokenize/; s/NEW/other/' said) -q" > /dev/null
ftok run "$SAMPLE" -o fresh -v ftok-50k -q > /dev/null
for folder in other fresh; do ftok shards cat $folder --limit 1000 | sha256sum; done | uniq | wc -l
{ ftok run "$SAMPLE" -o corpus -v ftok-4k -q --set c4.sentences_min=4 2>&1 || true; } | grep -o "use another folder"
rm corpus/manifest.json
{ ftok run "$SAMPLE" -o corpus -v ftok-50k -q 2>&1 || true; } | grep -o "use another folder"
