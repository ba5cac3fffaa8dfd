// Looking at tokens: text laid out for a terminal, a cell a token, the id under its text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/encoding.h"

namespace ftok {

struct ViewOptions {
  bool colours = true;  // ANSI escapes: alternating backgrounds; without them a bar between tokens
  size_t columns = 80;  // of the terminal
};

// The bytes of a token as a person can read them: a space as "·", a tab as "→", a newline as "⏎", other control and
// invisible characters as their code ("\x1b", "\u200b"), bytes of a cut-up character as "‹e4›".
std::string visible_token(std::string_view bytes);

// Columns `text` takes on a terminal: 0 for marks and format characters, 2 for wide ones.
size_t display_columns(std::string_view text);

// The tokens of `ids` in rows of cells, each cell the token over its id; a newline in a token ends its row. Then a line of
// totals: tokens, characters, bytes, bytes a token.
std::string render_tokens(const Encoding& encoding, const std::vector<uint32_t>& ids, const ViewOptions& options);

// How byte-pair merging makes `pretoken`, as a tree: a line a merge, in order of rank, with the parts and the result.
std::string render_merges(const Encoding& encoding, std::string_view pretoken, const ViewOptions& options);

}  // namespace ftok
