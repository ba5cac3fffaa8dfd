// Character references (HTML Standard, section 13.2.5.72 and on): "&amp;", "&#xE9;", "&notin" to text.
#pragma once

#include <cstddef>
#include <string_view>

namespace ftok::html {

// Decodes the reference that starts at `text`[0] == '&'. Writes at most kReferenceMax bytes of UTF-8 to `out` and
// returns how many; `used` gets how many bytes of `text` it took. Returns 0 and used = 0 when no reference starts here.
constexpr size_t kReferenceMax = 8;
size_t decode_reference(std::string_view text, bool in_attribute, char* out, size_t& used);

// Decodes all of `text` into `out`, which has room for decoded_max(text.size()) bytes, and returns the bytes written.
// NUL becomes U+FFFD (three bytes) where `replace_nul`, else it is kept; no reference grows by more than a third.
constexpr size_t decoded_max(size_t size) { return 3 * size + 16; }
size_t decode_text(std::string_view text, bool in_attribute, bool replace_nul, char* out);

}  // namespace ftok::html
