#!/usr/bin/env python3
"""Makes text/unicode_tables.cc: general categories of all code points as a two-stage table.

  pip install unicodedata2==16.0.0
  tools/make/make_unicode_tables.py > text/unicode_tables.cc

The version of the tables is that of the unicodedata2 package; without it, Python's own (and the file says so).
"""
try:
    import unicodedata2 as unicodedata
except ImportError:
    import unicodedata

NAMES = "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co".split()
code = {name: i for i, name in enumerate(NAMES)}
rows, blocks, seen = [], [], {}
for block in range(0x1100):
    row = tuple(code[unicodedata.category(chr(block * 256 + i))] for i in range(256))
    if row not in seen:
        seen[row] = len(rows)
        rows.append(row)
    blocks.append(seen[row])
assert len(rows) <= 256

print(f"// Made by tools/make/make_unicode_tables.py from Unicode {unicodedata.unidata_version}; do not edit.\n// clang-format off\n")
print("#include <cstdint>\n\nnamespace ftok {\n")
print(f'extern const char kUnicodeVersion[] = "{unicodedata.unidata_version}";\n')


def numbers(values, indent="    "):
    for i in range(0, len(values), 32):
        print(indent + ",".join(map(str, values[i:i + 32])) + ",")


print(f"extern const uint8_t kCategoryBlocks[{len(blocks)}] = {{")
numbers(blocks)
print(f"}};\n\nextern const uint8_t kCategoryRows[{len(rows)}][256] = {{")
for row in rows:
    print("    {")
    numbers(row, "     ")
    print("    },")
print("};\n\n}  // namespace ftok")
