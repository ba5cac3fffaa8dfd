// Encoding: text to token ids and back, with one vocabulary. Const after construction and thread-safe; every thread
// keeps its own cache of pretokens (bpe_encode.h says how large).
//
// Text is bytes. For UTF-8 the ids are those of tiktoken (for a tokenizer.json: of Hugging Face tokenizers). A byte
// that is not UTF-8 counts as one character of [^\s\p{L}\p{N}]; where the only such bytes are a character cut short at
// the end of the text, they join the last pretoken, as tiktoken's bytes call has it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace ftok {

struct EncodingTables;

// What `encode` does with the text of a special token.
enum class Specials {
  kPlain,   // encodes it like any other text
  kAllow,   // makes it the special token
  kRefuse,  // throws Error naming it and its place
};

// A token with its place in the text. Characters are counted as code points: a token begins in the character that its
// first byte belongs to and ends after the last character that begins in it.
struct TokenSpan {
  uint32_t id;
  size_t begin, end;  // bytes
  size_t character_begin = 0, character_end = 0;
};

// What a text has within a budget of tokens.
struct EncodedPrefix {
  std::vector<uint32_t> ids;
  size_t bytes = 0;   // of the text (with NFC: of the normalised text) that they stand for
  bool whole = true;  // that is all of the text
};

class Encoding {
 public:
  // Builds the tables. The vocabulary is one that a loader of vocabulary.h made or checked.
  explicit Encoding(Vocabulary vocabulary);
  ~Encoding();
  Encoding(Encoding&&) noexcept;
  Encoding& operator=(Encoding&&) noexcept;

  // Loads a vocabulary file (load_vocabulary) and builds the tables.
  static Encoding load(const std::string& path, const VocabularyHints& hints = {});

  // Ids of `text`, special tokens' texts taken as ordinary text (other added tokens' texts are those tokens in any
  // text). The second form appends.
  std::vector<uint32_t> encode_ordinary(std::string_view text) const;
  void encode_ordinary(std::string_view text, std::vector<uint32_t>& ids) const;

  std::vector<uint32_t> encode(std::string_view text, Specials specials) const;

  // Puts the tokens around the ids of a whole text that the vocabulary's file asks for (Vocabulary::before_text and
  // after_text): Hugging Face's add_special_tokens=True. Of most vocabularies there are none. No other function does.
  void add_special_tokens(std::vector<uint32_t>& ids) const;

  // The first `tokens_max` ids of `text`; little of what comes behind them is encoded. (What is refused is looked for
  // in all of it.)
  EncodedPrefix encode_prefix(std::string_view text, size_t tokens_max, Specials specials = Specials::kPlain) const;

  // The ids of many texts, in their order, as ordinary text; on all threads that TBB has.
  std::vector<std::vector<uint32_t>> encode_batch(std::span<const std::string_view> texts) const;

  // How many tokens `text` has. The ids are not kept.
  size_t count(std::string_view text, Specials specials = Specials::kPlain) const;

  // The tokens with their places in `text` (with NFC: in the normalised text, see `normalized`).
  std::vector<TokenSpan> encode_spans(std::string_view text, Specials specials) const;
  // The same for ids that are there already: those of a text, or its first ones. Each is a token.
  std::vector<TokenSpan> spans_of(std::span<const uint32_t> ids) const;

  // Where the pretoken that begins at `begin` ends; `begin` < text.size() is a cut. With NFC, `text` is normalised.
  size_t pretoken_end(std::string_view text, size_t begin) const;

  // How often special tokens' texts occur in `text`.
  size_t count_specials(std::string_view text) const;

  // The text as it is encoded: in NFC when the vocabulary asks for it, with a space in front and for each U+2581 where
  // it is BPE over characters, else as it is.
  std::string normalized(std::string_view text) const;

  // Appends the ids of a part of a text that has no added tokens in it and may lie between two; `first`: it begins the
  // text, which BPE over characters may put a space in front of.
  void encode_part(std::string_view part, bool first, std::vector<uint32_t>& ids) const;

  // The bytes of `ids`, special tokens as their text, without spaces that the vocabulary's decoder takes off the
  // beginning. Throws Error naming the first id without a token and its place.
  std::string decode(std::span<const uint32_t> ids) const;
  // The same as UTF-8: each maximal part of a character, and each other byte that is not UTF-8, becomes U+FFFD.
  std::string decode_utf8(std::span<const uint32_t> ids) const;

  // The bytes of one token; empty when `id` is none.
  std::string_view token_bytes(uint32_t id) const;
  bool is_token(uint32_t id) const { return !token_bytes(id).empty(); }
  bool is_special(uint32_t id) const;
  std::optional<uint32_t> id_of(std::string_view token) const;  // ordinary or special

  uint32_t n_vocab() const;                     // the largest id plus one
  std::optional<uint32_t> end_of_text() const;  // <|endoftext|>, <|end_of_text|> or </s>, where there is one
  const std::string& name() const;
  const std::string& digest() const;  // SHA-256 of the ranks
  const Vocabulary& vocabulary() const;
  const EncodingTables& tables() const { return *tables_; }

 private:
  void encode(std::string_view text, Specials specials, std::vector<uint32_t>& ids) const;
  void encode_between(std::string_view text, std::vector<uint32_t>& ids) const;
  void encode_pieces(std::string_view text, Specials specials, std::vector<uint32_t>& ids) const;
  void append_parts(std::string_view text, size_t tokens_max, Specials specials, EncodedPrefix& prefix) const;
  void append_prefix(std::string_view text, size_t tokens_max, EncodedPrefix& prefix) const;

  std::unique_ptr<const EncodingTables> tables_;
};

// Where a UTF-8 character that is cut short at the end of `text` begins; text.size() when the text does not end in one.
size_t truncated_tail(std::string_view text);

}  // namespace ftok
