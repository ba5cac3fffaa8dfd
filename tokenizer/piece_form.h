// What a tokenizer.json of SentencePiece's kind (Llama 2, Mistral) says beside its tokens and merges: BPE over the
// characters of a text as a whole, in which U+2581 stands for a space.
//
// In Vocabulary, tokens have a space where the file has U+2581, and the tokens <0x00> to <0xFF> are those bytes: the
// bytes of ids, one after the other, are the text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ftok {

struct PieceForm {
  // Where a space is put in front of text. A part is the text between added tokens.
  enum class Space : uint8_t {
    kNever,
    kBeforeParts,  // normalizer "Prepend": before each part that is not empty, before a space too
    kIfMissing,    // pre-tokenizer "Metaspace", prepend_scheme "always": before each that does not begin with one
    kIfFirst,      // "first": the same, but only before a part that begins the text
  };
  Space space = Space::kNever;
  bool is_normalizer = false;  // spaces are changed before added tokens with "normalized" are looked for, not after
  bool splits = false;         // no merge crosses the beginning of a word
  bool fuses_unknown = false;  // of characters without a token that follow each other one unknown token is made
  std::optional<uint32_t> unknown;
  // The tokens of bytes, which stand for a character that has no token; empty without "byte_fallback".
  std::vector<std::optional<uint32_t>> byte_ids;
  std::vector<uint32_t> unreachable;  // ordered: ids that no text begins with: of bytes, and with a literal space
  size_t spaces_stripped = 0;         // that decoding takes off the beginning
  std::string json;                   // the file
};

}  // namespace ftok
