// What every vocabulary must satisfy whatever file it came from, and what the loaders share.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tokenizer/vocabulary.h"

namespace ftok {

// Throws Error naming `path` unless every byte is a token, no token appears twice, every hole below the last rank is a
// special token, and no special token takes the id of a token of other bytes or is named twice. Sorts the specials by
// id.
void check_vocabulary(Vocabulary& vocabulary, const std::string& path);

// A merge of a tokenizer.json, "LEFT RIGHT" or ["LEFT", "RIGHT"]; none where it is neither.
std::optional<std::pair<std::string_view, std::string_view>> pair_of_merge(simdjson::dom::element merge);

}  // namespace ftok
