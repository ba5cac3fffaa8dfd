// Pretokens: where a pattern cuts a text. Exact hand-written scanners, one for each pattern; time is linear in the text
// for any bytes, because every character is looked at a bounded number of times.
//
// Where the next pretoken ends depends only on the text from its beginning on, so a scan can start at any cut.
#pragma once

#include <cstddef>
#include <string_view>

#include "tokenizer/pattern.h"

namespace ftok {

// Where the pretoken that begins at `begin` ends: begin < end <= text.size(). Needs begin < text.size() and `begin` to
// be a cut. The end of `text` is the end of the text for the pattern ($).
// Not for kOwn.
size_t pretoken_end(Pattern pattern, std::string_view text, size_t begin);

// The last place > 0 in `text` that is a cut for every pattern but kOwn whatever follows `text` and comes before it:
// before a space that an ASCII letter or digit follows and one precedes, or between a newline and an ASCII letter or
// digit. 0 when there is none. A long text can be handled piece by piece, cut at such places.
size_t last_sure_cut(std::string_view text);

}  // namespace ftok
