# A vocabulary in every form gives the same ids.
text='The naïve café: 世界 🙂, 12345 tokens; don'"'"'t split'
ftok encode --vocab ftok-4k --ids "$text" > expected
ftok vocab convert ftok-4k --output copy.tiktoken
ftok vocab convert ftok-4k --output tokenizer.json
for vocabulary in copy.tiktoken tokenizer.json; do ftok encode --vocab "$vocabulary" --ids "$text" | cmp - expected && echo "same: $vocabulary"; done
ftok vocab convert --vocab tokenizer.json --output again.tiktoken
cmp copy.tiktoken again.tiktoken && echo 'same ranks'
printf 'hello world hello world hello hello' > text.txt
ftok vocab train --size 262 --pattern gpt2 --min-count 1 --output small.tiktoken --special '<|endoftext|>' text.txt 2> /dev/null
ftok vocab convert small.tiktoken --output vocab.bpe
ftok encode --vocab vocab.bpe --ids 'hello world'
ftok encode --vocab small.tiktoken --ids 'hello world'
ftok vocab show small.tiktoken --id 256 --id 262
ftok vocab show ftok-4k | head -3
ftok vocab compare ftok-4k ftok-50k --text text.txt
