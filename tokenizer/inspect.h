// Looking at tokens on a terminal: a cell a token, the id under its text; several vocabularies side by side; the merges
// of a word as a tree. What text a token shows is visible_token(), here and in pages (token_page.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/encoding.h"

namespace ftok {

// A token of a view. A conversation's tokens also have a role and a place in the loss (chat.h).
struct ViewToken {
  uint32_t id = 0;
  uint8_t role = 0;     // 0: none; else 1 + index into ViewOptions::roles
  bool in_loss = true;  // with roles: whether training counts it
};

struct ViewOptions {
  bool colours = true;             // ANSI escapes: alternating backgrounds; without them a bar between tokens
  size_t columns = 80;             // of the terminal
  std::vector<std::string> roles;  // not empty: tokens are coloured by role, those in the loss bold and underlined
};

// The bytes of a token as a person can read them: a space as "·", a tab as "→", a newline as "⏎", other control and
// invisible characters as their code ("\x1b", "\u200b"), bytes of a cut-up character as "‹e4›".
std::string visible_token(std::string_view bytes);

// Columns `text` takes on a terminal: 0 for marks and format characters, 2 for wide ones.
size_t display_columns(std::string_view text);

// The tokens in rows of cells, each cell the token over its id; a newline in a token ends its row. Then a line of
// totals: tokens, characters, bytes, bytes per token; with roles a legend.
std::string render_tokens(const Encoding& encoding, const std::vector<ViewToken>& tokens, const ViewOptions& options);
std::string render_tokens(const Encoding& encoding, const std::vector<uint32_t>& ids, const ViewOptions& options);

// The tokens of one text in several vocabularies, a column each.
struct ComparedTokens {
  const Encoding* encoding;
  std::vector<uint32_t> ids;
};
std::string render_comparison(const std::vector<ComparedTokens>& compared, const ViewOptions& options);

// How byte-pair merging makes `pretoken`: a tree for each token it becomes, from the token down to bytes, each merge
// with its rank and its place among the merges made.
std::string render_merges(const Encoding& encoding, std::string_view pretoken, const ViewOptions& options);

// "12 tokens, 40 characters, 41 bytes, 3.42 bytes per token".
std::string token_totals(size_t tokens, std::string_view text);

}  // namespace ftok
