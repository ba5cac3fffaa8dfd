// BPE of a vocabulary with a PieceForm: characters, then the merge of least rank, the leftmost of those first, until
// there is none. Ids are those of Hugging Face tokenizers. Time is n log n, whatever the text.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/hash_seed.h"
#include "tokenizer/encode/token_table.h"
#include "tokenizer/vocabulary.h"

namespace ftok {

// Const after construction, so thread-safe.
class PieceBpe {
 public:
  // `vocabulary`, with a PieceForm, must outlive it.
  explicit PieceBpe(const Vocabulary& vocabulary);

  // Appends the ids of a part that is spaced already.
  void encode(std::string_view spaced, std::vector<uint32_t>& ids) const;
  // Where the piece that begins at `begin` of such a part ends, which no merge crosses.
  size_t piece_end(std::string_view spaced, size_t begin) const;

  // kNoToken where no text becomes this token.
  uint32_t find(std::string_view token) const;

 private:
  struct Symbol {
    uint32_t id;
    int32_t previous, next;  // -1: none
    bool is_there;
  };
  struct Merged {
    uint32_t rank, id;
  };

  void append_character(std::string_view character, std::vector<Symbol>& symbols, size_t& unknowns) const;
  void append_unknown(std::vector<Symbol>& symbols, size_t unknowns) const;
  void merge(std::vector<Symbol>& symbols) const;
  const Merged* merged(const std::vector<Symbol>& symbols, int32_t left) const;

  const PieceForm& form_;
  std::unordered_map<std::string_view, uint32_t, SeededHash> tokens_;
  std::unordered_map<uint64_t, Merged, SeededHash> merges_;
};

// `text` with a space for each U+2581.
std::string with_plain_spaces(std::string_view text);
// The same, and a space in front where the form says so; `text` is a part of a text between added tokens. `first`: it
// begins the text.
std::string spaced(const PieceForm& form, std::string_view text, bool first);

}  // namespace ftok
