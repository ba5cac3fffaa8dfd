# The ways to look at tokens: cells with ids, trees of merges, vocabularies side by side, offsets, a budget.
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
text=$(printf 'naïve café 世界\n\tdef f(x): \x1b')
ftok encode --vocab "$V" --view "$text"
COLUMNS=40 ftok encode --vocab "$V" --view 'a line that is longer than forty columns breaks between two tokens'
ftok encode --vocab "$V" --merges 'the token'
COLUMNS=60 ftok encode --compare "$V","$V" 'side by side'
ftok encode --vocab "$V" --offsets 'é世!'
ftok encode --vocab "$V" --json --offsets 'é世!'
ftok encode --vocab "$V" --budget 3 --json 'one two three four five'
ftok encode --vocab "$V" --budget 0 --json 'one two three four five'
ftok encode --vocab "$V" --budget 0 --count 'one two three four five'
ftok encode --vocab "$V" --colour always --view 'a b'
printf '{"text": "one"}\n{"text": "two three"}\n' > texts.jsonl
ftok encode --vocab "$V" --jsonl texts.jsonl --ids
ftok encode --vocab "$V" --jsonl texts.jsonl
