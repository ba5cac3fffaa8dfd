#!/usr/bin/env python3
"""Writes filters/measures/punctuation_tables.cc: the sets of characters datatrove's filters take for punctuation.

    PYTHON_WITH_DATATROVE tools/make/make_punctuation_tables.py > filters/measures/punctuation_tables.cc

Needs datatrove 0.10.1; filters/measures/punctuation.h says what each set is for.
"""
from importlib.metadata import version

from datatrove.utils.text import PUNCTUATION, PUNCTUATION_SET, TERMINAL_PUNCTUATION


def table(name, characters):
    """-> a C++ array of inclusive ranges"""
    ranges = []
    for code in sorted(map(ord, characters)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    lines, line = [], "   "
    for first, last in ranges:
        item = " {0x%X, 0x%X}," % (first, last)
        if len(line) + len(item) > 116:
            lines.append(line)
            line = "   "
        line += item
    body = "\n".join(lines + [line])
    return f"const CharRange k{name}Ranges[] = {{\n{body}\n}};\nconst size_t k{name}RangeCount = {len(ranges)};\n"


print(f"""// Made by tools/make/make_punctuation_tables.py from datatrove {version("datatrove")} (Apache-2.0); do not edit.
// clang-format off
#include "filters/measures/punctuation.h"

namespace ftok {{

{table("Symbol", PUNCTUATION_SET)}
{table("Terminal", TERMINAL_PUNCTUATION)}
}}  // namespace ftok""")
