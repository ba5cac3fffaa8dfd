// Pretokens: where a pattern cuts a text. Exact hand-written scanners, one for each pattern; time is linear in the text for
// any bytes, because every character is looked at a bounded number of times.
//
// Where the next pretoken ends depends only on the text from its beginning on, so a scan can start at any cut.
#pragma once

#include <cstddef>
#include <string_view>

#include "tokenizer/pattern.h"

namespace ftok {

// Where the pretoken that begins at `begin` ends: begin < end <= text.size(). Needs begin < text.size() and `begin` to be a
// cut. The end of `text` is the end of the text for the pattern ($).
size_t pretoken_end(Pattern pattern, std::string_view text, size_t begin);

// How far `pretoken_end` may look past the end of a pretoken, in bytes, when the pretoken does not reach the end of the
// text: two characters. A piece that ends earlier than this before the end of a chunk is the same in the whole stream,
// unless it is white space or touches the end of the chunk.
inline constexpr size_t kPretokenLookahead = 8;

}  // namespace ftok
