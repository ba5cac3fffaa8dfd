# GPT-2's pair of files, and looking at a vocabulary.
printf 'hello world hello world hello hello' > text.txt
ftok vocab train --size 262 --pattern gpt2 --min-count 1 --output small.tiktoken --special '<|endoftext|>' text.txt 2> /dev/null
ftok vocab convert small.tiktoken --output vocab.bpe
ftok encode --vocab vocab.bpe --ids 'hello world'
ftok encode --vocab small.tiktoken --ids 'hello world'
ftok vocab show small.tiktoken --id 256 --id 262
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
ftok vocab show "$V" | head -3
ftok vocab compare "$V" small.tiktoken --text text.txt
