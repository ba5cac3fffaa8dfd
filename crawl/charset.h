// Charsets as the web uses them: the labels and decoders of the WHATWG Encoding Standard, and the choice of one for a
// page.
//
// Encodings are named as the standard names them ("UTF-8", "windows-1252", "Shift_JIS"); the names are static. Decoding
// never fails: what is not a character becomes U+FFFD and is counted. UTF-8, UTF-16, x-user-defined and the single-byte
// encodings are decoded exactly as the standard says; the East Asian ones by the ICU converter nearest to the
// standard's index (docs/formats.md lists where they part). All functions are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ftok {

// The encoding a label means ("latin1" -> "windows-1252"), white space around it and case ignored; empty when unknown.
std::string_view encoding_for_label(std::string_view label);

// Decodes `bytes` from a named encoding to UTF-8 in `out` (replaced). Returns the number of U+FFFD put in. A byte-order
// mark of that very encoding (UTF-8, UTF-16, UTF-32) is dropped. An unknown name is a bug.
uint64_t decode_text(std::string_view encoding, std::string_view bytes, std::string& out);

// The same for UTF-8; valid input is copied at memory speed.
uint64_t decode_utf8_text(std::string_view bytes, std::string& out);

// decode_text() of what `storage` holds from `first` on. Valid UTF-8 is moved and not copied: `storage` is then empty.
// `is_valid_utf8` says that it is known to be valid (CharsetChoice).
uint64_t decode_stored_text(std::string_view encoding, std::string& storage, size_t first, std::string& out,
                            bool is_valid_utf8 = false);

// The encoding a byte-order mark at the start means ("UTF-8", "UTF-16LE", "UTF-32BE" ...), else empty. UTF-32 is no
// encoding of the standard; its mark of little-endian text begins as that of UTF-16 does.
std::string_view encoding_of_bom(std::string_view bytes);

// The encoding that <meta> elements in the first `bytes_max` bytes declare (HTML Standard, 13.2.3.2, "prescan a byte
// stream to determine its encoding": 1,024), else empty.
std::string_view encoding_of_meta(std::string_view page, size_t bytes_max = 1024);

// The encoding the bytes look like: ISO-2022-JP where they are ASCII with its escape sequences, UTF-8 where they are
// valid UTF-8 or nearly so, else uchardet's best guess over the first `bytes_max` of them (long runs of ASCII left
// out), else windows-1252 (the standard's default for most locales).
std::string_view detect_encoding(std::string_view bytes, size_t bytes_max = 64 << 10);

// The value of the charset parameter of a Content-Type ("text/html; charset=utf-8"), quotes removed; empty without one.
std::string_view charset_parameter(std::string_view content_type);

// The encoding an XML declaration at the start names ("<?xml version="1.0" encoding="iso-8859-2"?>"), else empty.
std::string_view encoding_of_xml_declaration(std::string_view page);

struct CharsetChoice {
  std::string_view encoding;
  const char* source = "";     // "bom", "bytes", "http", "meta", "xml" or "detected"
  bool is_valid_utf8 = false;  // the whole page was seen to be; false says nothing
};

// In this order: a byte-order mark; UTF-16 where half of the first 512 pairs of bytes and more have a zero byte, nearly
// all on one side; UTF-8 where the bytes are valid UTF-8 with a character outside ASCII (a last
// character that the page's end cuts aside), whatever is declared; the charset of the Content-Type; <meta> in the first
// 1,024 bytes, or in the first 64 KiB where the page is not UTF-8; the XML declaration; detection. A declaration whose
// label is unknown is skipped, and so is one that the bytes contradict: UTF-8 where at least half of what is not ASCII
// is not UTF-8, UTF-16 where the first 1,024 bytes have no zero, another than windows-1252 where at least 20 characters
// outside ASCII are UTF-8 for every place that is not.
CharsetChoice choose_charset(std::string_view page, std::string_view content_type);

}  // namespace ftok
