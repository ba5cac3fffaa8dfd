// The rules by which spaCy's blank English tokenizer (3.8.18: prefixes, suffixes, infixes, URL pattern) takes a chunk
// of text apart, without regular expressions. A chunk has no white space. Every function takes time linear in what it
// looks at, reads only inside its argument, is thread-safe, and accepts bytes that are not UTF-8 (each counts as
// U+FFFD).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/spacy/spacy_tables.h"

namespace ftok::spacy {

uint16_t classes_of(char32_t code_point);

// The length in bytes of what is split off the front of `chunk`, 0 for nothing.
size_t prefix_size(std::string_view chunk);

// The length in bytes of what is split off the end of `chunk`, 0 for nothing: the longest of the rules that apply.
size_t suffix_size(std::string_view chunk);

// The next infix of `chunk` that starts at or after `from`, or an empty span at chunk.size().
struct Span {
  size_t begin = 0, end = 0;
};
Span next_infix(std::string_view chunk, size_t from);

// Whether the whole chunk has the shape of a URL or host name: [scheme://] [...@] (public IPv4 | labels.tld) [:port]
// [/...].
bool is_url(std::string_view chunk);

}  // namespace ftok::spacy
