// The tables of an Encoding, and the hot path: text to pretokens to ids.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/bpe_merge.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/token_table.h"
#include "tokenizer/vocabulary.h"

namespace ftok {

struct EncodingTables {
  explicit EncodingTables(Vocabulary loaded);

  Vocabulary vocabulary;
  TokenTable tokens;
  Merger merger;
  SpecialFinder specials;
  uint32_t n_vocab = 0;
};

// Appends the ids of one pretoken (or of any bytes taken as one).
void encode_pretoken(const EncodingTables& tables, std::string_view piece, MergeScratch& scratch,
                     std::vector<uint32_t>& ids);

// Appends the ids of `text`, cut by the vocabulary's pattern; the end of `text` is the end of the text.
void encode_text(const EncodingTables& tables, std::string_view text, std::vector<uint32_t>& ids);

}  // namespace ftok
