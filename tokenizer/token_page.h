// A page that shows tokens: one HTML file with all in it, which opens from disk and loads nothing.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/inspect.h"

namespace ftok {

// The tokens of one text in one vocabulary.
struct TokenPanel {
  const Encoding* encoding;
  std::vector<ViewToken> tokens;
  std::vector<std::string> roles;  // of a conversation (chat.h); empty: none
};

// A panel a vocabulary, side by side. Over a token the page shows its id, its rank or that it is special, and its
// bytes; a click marks all tokens of the same id. Text is escaped: nothing in it can become markup or script.
std::string format_token_page(const std::string& title, const std::vector<TokenPanel>& panels);

}  // namespace ftok
