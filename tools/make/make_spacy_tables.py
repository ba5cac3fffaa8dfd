#!/usr/bin/env python3
"""Writes text/spacy/spacy_tables.cc: what spaCy's blank English tokenizer treats as affix, letter or exception.

    PYTHON_WITH_SPACY tools/make/make_spacy_tables.py > text/spacy/spacy_tables.cc

Needs spaCy 3.8.18. The classes are found by asking the tokenizer's own matchers about every code point, the exceptions by
reading its rules; text/spacy/spacy_affixes.h says what each class means.
"""
import re
import sys

import spacy
from spacy.lang.char_classes import CURRENCY, UNITS
from spacy.pipeline import Sentencizer

tokenizer = spacy.blank("en").tokenizer
prefix, suffix, infixes, is_url = (tokenizer.prefix_search, tokenizer.suffix_search, tokenizer.infix_finditer,
                                   tokenizer.url_match)


def starts(match, at):
    return match is not None and match.start() == at


def infix_at(text, at):
    return any(m.start() == at for m in infixes(text))


def classes_of(c):
    """-> the bits of SpacyClass, in its order"""
    tests = (
        c not in ".+" and prefix(c) is not None,          # kPrefix
        c != "." and suffix(c) is not None,               # kSuffix
        c != "." and infix_at(c, 0),                      # kInfix
        infix_at("a," + c, 2 - 1),                        # kAlpha
        starts(suffix(c + "A."), 2),                      # kUpper
        is_url("a." + c + c) is not None,                 # kLower
        c != "." and starts(suffix(c + "."), 1),          # kBeforeFinalDot
        infix_at(c + ".A", 1) and c != ".",               # kBeforeInnerDot
        c != "." and infix_at("a." + c, 1),               # kAfterInnerDot
    )
    return sum(1 << i for i, t in enumerate(tests) if t)


def c_string(text):
    """-> the text as a C string literal in ASCII"""
    out = "".join(ch if 0x20 <= ord(ch) < 0x7F and ch not in '"\\' else "".join(f"\\{b:03o}" for b in ch.encode())
                  for ch in text)
    return f'"{out}"'


def rows(items, width=116):
    """-> the items on lines of at most `width` columns"""
    lines, line = [], "   "
    for item in items:
        if len(line) + 1 + len(item) > width:
            lines.append(line)
            line = "   "
        line += " " + item
    return "\n".join(lines + [line])


ranges = []
for code in range(0x110000):
    if 0xD800 <= code < 0xE000 or chr(code).isspace():
        continue
    bits = classes_of(chr(code))
    if not bits:
        continue
    if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == bits:
        ranges[-1][1] = code
    else:
        ranges.append([code, code, bits])

exceptions = sorted((chunk, [piece[spacy.symbols.ORTH] for piece in pieces]) for chunk, pieces in
                    tokenizer.rules.items() if not any(c.isspace() for c in chunk))
after_digit = sorted({re.sub(r"\\", "", u) for u in (UNITS + "|" + CURRENCY).split("|")} - {""})

print(f"""// Made by tools/make/make_spacy_tables.py from spaCy {spacy.__version__} (MIT licence); do not edit. text/spacy/spacy_affixes.h explains it.
// clang-format off
#include "text/spacy/spacy_tables.h"

namespace ftok::spacy {{

const ClassRange kClassRanges[] = {{
{rows("{0x%X,0x%X,0x%X}," % tuple(r) for r in ranges)}
}};
const size_t kClassRangeCount = {len(ranges)};

// An exception and its pieces: the pieces joined by a space.
const char* const kExceptions[] = {{
{rows(c_string(" ".join(pieces)) + "," for _, pieces in exceptions)}
}};
const size_t kExceptionCount = {len(exceptions)};

const char* const kAfterDigit[] = {{
{rows(c_string(u) + "," for u in after_digit)}
}};
const size_t kAfterDigitCount = {len(after_digit)};

const char32_t kSentenceEnds[] = {{
{rows("0x%X," % ord(c) for c in sorted(set(Sentencizer.default_punct_chars)))}
}};
const size_t kSentenceEndCount = {len(set(Sentencizer.default_punct_chars))};

}}  // namespace ftok::spacy""")
print(f"{len(ranges)} ranges, {len(exceptions)} exceptions, {len(after_digit)} units and currencies", file=sys.stderr)
