#include "tokenizer/bpe_encode.h"

#include <algorithm>

#include "tokenizer/pretokenize.h"

namespace ftok {

EncodingTables::EncodingTables(Vocabulary loaded)
    : vocabulary(std::move(loaded)), tokens(vocabulary), merger(vocabulary), specials(vocabulary.specials) {
  n_vocab = vocabulary.token_count();
  for (const SpecialToken& special : vocabulary.specials) n_vocab = std::max(n_vocab, special.id + 1);
}

void encode_pretoken(const EncodingTables& tables, std::string_view piece, MergeScratch& scratch,
                     std::vector<uint32_t>& ids) {
  if (tables.vocabulary.whole_pretoken_first && piece.size() <= kTokenBytesMax) {
    const uint32_t id = tables.tokens.find(piece);
    if (id != kNoToken) {
      ids.push_back(id);
      return;
    }
  }
  tables.merger.merge(piece, scratch, ids);
}

void encode_text(const EncodingTables& tables, std::string_view text, std::vector<uint32_t>& ids) {
  thread_local MergeScratch scratch;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = pretoken_end(tables.vocabulary.pattern, text, begin);
    encode_pretoken(tables, text.substr(begin, end - begin), scratch, ids);
    begin = end;
  }
}

}  // namespace ftok
