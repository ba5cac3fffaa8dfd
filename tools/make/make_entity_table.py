#!/usr/bin/env python3
"""Writes extract/html/entity_list.h from Python's own copy of the HTML Standard's named character references.

  tools/make/make_entity_table.py > extract/html/entity_list.h
"""
import html.entities

print("// Made by tools/make/make_entity_table.py: the named character references of the HTML Standard, section 13.5, in byte order.")
print('// FTOK_ENTITY(name without "&", first code point, second code point or 0).\n// clang-format off')
for name in sorted(html.entities.html5):
    points = [ord(c) for c in html.entities.html5[name]] + [0]
    print(f'FTOK_ENTITY("{name}", 0x{points[0]:X}, 0x{points[1]:X})')
