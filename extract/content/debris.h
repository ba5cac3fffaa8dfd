// Debris: what a page shows only because a script or a plug-in that should have replaced it did not run, and lines that
// are written for search engines. Looked for in text, never in code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

struct Piece {
  size_t begin = 0, end = 0;  // [begin, end) of the text
};

// Shortcodes of WordPress and its page builders: "[vc_row full_width="stretch"]", "[/et_pb_section]". Only those that
// are certain: a builder's, or a core one's with attributes or a closing one; and in a text that has at least two, or
// one with attributes, or nothing else. With the spaces that would then stand doubled.
std::vector<Piece> shortcodes_in(std::string_view text);

// Takes shortcodes out of the page's text from `begin` to its end, and moves the marks in it.
void remove_shortcodes(PageBlocks& page, size_t begin);

// Whether a text is made of a template's placeholders ("{{ item.title }}", "{% endif %}", "<%= name %>"): no more than
// two other words a placeholder. A sentence that mentions one is none.
bool is_template(std::string_view text);

// Whether a text is a list of search terms: 20 phrases between commas and more, none longer than five words, and one
// word of four letters or more in at least half of them.
bool is_keyword_list(std::string_view text);

// What a text needs to have for any of these, found in one pass.
struct DebrisSigns {
  bool has_bracket = false;      // "[", of shortcodes
  bool has_placeholder = false;  // "{" or "<"
  bool has_commas = false;       // as many as a list of search terms has
};
DebrisSigns debris_signs_of(std::string_view text);

// One of the last two; `signs` are those of the text, or of a longer one that it is a part of.
inline bool is_debris(std::string_view text, const DebrisSigns& signs) {
  return (signs.has_placeholder && is_template(text)) || (signs.has_commas && is_keyword_list(text));
}

}  // namespace ftok::html
