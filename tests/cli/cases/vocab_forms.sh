# A vocabulary in every form gives the same ids.
text='The naïve café: 世界 🙂, 12345 tokens; don'"'"'t split'
ftok encode --vocab ftok-4k --ids "$text" > expected
ftok vocab convert ftok-4k --output copy.tiktoken
ftok vocab convert ftok-4k --output tokenizer.json
for vocabulary in copy.tiktoken tokenizer.json; do ftok encode --vocab "$vocabulary" --ids "$text" | cmp - expected && echo "same: $vocabulary"; done
ftok vocab convert --vocab tokenizer.json --output again.tiktoken
cmp copy.tiktoken again.tiktoken && echo 'same ranks'
