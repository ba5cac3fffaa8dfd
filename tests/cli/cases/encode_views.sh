# The ways to look at tokens: cells with ids, trees of merges, vocabularies side by side, offsets, a budget.
text=$(printf 'naïve café 世界\n\tdef f(x): \x1b')
ftok encode --vocab ftok-4k --view "$text"
COLUMNS=40 ftok encode --vocab ftok-4k --view 'a line that is longer than forty columns breaks between two tokens'
ftok encode --vocab ftok-4k --merges 'the token'
COLUMNS=60 ftok encode --compare ftok-4k,ftok-4k 'side by side'
ftok encode --vocab ftok-4k --offsets 'é世!'
ftok encode --vocab ftok-4k --json --offsets 'é世!'
ftok encode --vocab ftok-4k --budget 3 --json 'one two three four five'
ftok encode --vocab ftok-4k --colour always --view 'a b'
printf '{"text": "one"}\n{"text": "two three"}\n' > texts.jsonl
ftok encode --vocab ftok-4k --jsonl texts.jsonl --ids
ftok encode --vocab ftok-4k --jsonl texts.jsonl
