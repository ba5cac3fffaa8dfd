#!/usr/bin/env python3
"""Makes crawl/charsets/charset_tables.cc: the labels and single-byte indexes of the WHATWG Encoding Standard.

The facts are taken from the sources of the encoding_rs crate, which generates them from the standard's encodings.json and
index files (Debian package librust-encoding-rs-dev).

usage: tools/make/make_charset_tables.py /usr/share/cargo/registry/encoding_rs-0.8.31/src > crawl/charsets/charset_tables.cc
"""
import re
import sys
from pathlib import Path

NAMES = {  # the standard's names; the others are the constant's name in lower case with '-' for '_'
    "UTF_8": "UTF-8", "IBM866": "IBM866", "KOI8_R": "KOI8-R", "KOI8_U": "KOI8-U", "GBK": "GBK", "BIG5": "Big5",
    "EUC_JP": "EUC-JP", "ISO_2022_JP": "ISO-2022-JP", "SHIFT_JIS": "Shift_JIS", "EUC_KR": "EUC-KR",
    "UTF_16BE": "UTF-16BE", "UTF_16LE": "UTF-16LE", "ISO_8859_8_I": "ISO-8859-8-I",
}


def name_of(constant):
    name = constant.replace("_", "-")
    if constant in NAMES:
        return NAMES[constant]
    return name if name.startswith("ISO-8859") else name.lower()


def main():
    folder = Path(sys.argv[1])
    labels = re.findall(r'for_label\(b"([^"]+)"\),\s*Some\((\w+)\)', (folder / "test_labels_names.rs").read_text())
    tables = re.search(r"SINGLE_BYTE_DATA: SingleByteData = SingleByteData \{(.*?)\n\};", (folder / "data.rs").read_text(), re.S)
    tables = re.findall(r"(\w+): \[(.*?)\]", tables.group(1), re.S)
    print("// Made by tools/make/make_charset_tables.py: labels and single-byte indexes of the WHATWG Encoding Standard. Do not edit.\n"
          "// clang-format off")
    print('#include "crawl/charsets/charset_tables.h"\n\nnamespace ftok {\n')
    print("const CharsetLabel kCharsetLabels[] = {  // sorted by label")
    for label, constant in sorted(set(labels)):
        print(f'    {{"{label}", "{name_of(constant)}"}},')
    print("};\nconst size_t kCharsetLabelCount = sizeof(kCharsetLabels) / sizeof(kCharsetLabels[0]);\n")
    print("const SingleByteCharset kSingleByteCharsets[] = {  // bytes 0x80 to 0xFF; 0 where the byte stands for nothing")
    for constant, values in tables:
        numbers = [int(v, 16) for v in re.findall(r"0x[0-9A-Fa-f]+", values)]
        assert len(numbers) == 128, constant
        print(f'    {{"{name_of(constant.upper())}",\n     {{', end="")
        for i in range(0, 128, 16):
            row = ", ".join(f"0x{n:04X}" for n in numbers[i:i + 16])
            print(("" if i == 0 else "      ") + row + ("}}," if i == 112 else ","))
    print("};\nconst size_t kSingleByteCharsetCount = sizeof(kSingleByteCharsets) / sizeof(kSingleByteCharsets[0]);\n")
    print("}  // namespace ftok")


main()
