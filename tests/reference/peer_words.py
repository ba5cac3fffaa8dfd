#!/usr/bin/env python3
"""Words and sentences as spaCy and NLTK find them: the reference that core/words and core/sentences are held against.

    PYTHON_WITH_DATATROVE tests/reference/peer_words.py < TEXTS.jsonl > WORDS.jsonl

Each line {"text": ...} comes back with "spacy": its words as datatrove 0.10.1 splits them (spaCy 3.8.18), "ends": where its
sentences end (in characters), "nltk": the words NLTK's word tokenizer makes of the text as one sentence. NLTK's patterns are
compiled with Python's own `re`, as in the version FineWeb was made with (3.10 uses another engine, whose white space and word
characters differ).
"""
import json
import re
import sys

import spacy
from nltk.tokenize.destructive import NLTKWordTokenizer


def with_re(patterns):
    return [(re.compile(pattern.pattern), substitute) for pattern, substitute in patterns]


for name in ("STARTING_QUOTES", "ENDING_QUOTES", "PUNCTUATION"):
    setattr(NLTKWordTokenizer, name, with_re(getattr(NLTKWordTokenizer, name)))
NLTKWordTokenizer.CONTRACTIONS2 = [re.compile(p.pattern) for p in NLTKWordTokenizer.CONTRACTIONS2]
nltk_words = NLTKWordTokenizer()
english = spacy.blank("en")
english.add_pipe("sentencizer")
english.max_length = 1 << 30

for line in sys.stdin:
    text = json.loads(line)["text"]
    with english.memory_zone():
        document = english(text)
        words = [token.text for token in document if token.text.strip()]
        ends = [sentence.end_char for sentence in document.sents]
    row = {"text": text, "spacy": words, "ends": ends, "nltk": nltk_words.tokenize(text)}
    print(json.dumps(row, ensure_ascii=False))
