// tokenizer.json of SentencePiece's kind: BPE over characters, as Llama 2's and Mistral's files have it (piece_form.h).
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "tokenizer/vocabulary.h"

namespace ftok {

// Whether the file changes spaces to U+2581: by its normalizer, or by its pre-tokenizer.
bool has_pieces(simdjson::dom::element root);

// Fills tokens, merges, `pieces`, and the ids of added tokens, which are there already. Throws Error naming `path` and
// what ftok would not do exactly.
void read_pieces(simdjson::dom::element root, std::string_view content, const std::string& path,
                 Vocabulary& vocabulary);

}  // namespace ftok
