// Vocabulary: the tokens of a byte-level BPE tokenizer as its files state them, and their loading; or those of BPE over
// characters (piece_form.h), where `pieces` is set and pattern has no meaning. What encodes with it is Encoding
// (encoding.h).
//
// Files: `.tiktoken` (lines "base64 rank"), GPT-2's `vocab.bpe` beside `encoder.json`, and `tokenizer.json`. A
// `.tiktoken` file says nothing of its pattern and special tokens: a sidecar V.json does (V.tiktoken -> V.json), else a
// known SHA-256 of its ranks, else the caller. The file's name never decides.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "tokenizer/pattern.h"

namespace ftok {

class OwnPattern;
struct PieceForm;

// A token that no merge makes: an added token, as Hugging Face's files call it.
struct SpecialToken {
  std::string text;
  uint32_t id = 0;
  bool special = true;      // false: its text is this token in any text, allowed or not ("special": false)
  bool normalized = false;  // looked for after normalisation, in what the others leave ("normalized": true)
};

struct Vocabulary {
  std::string name;  // "cl100k_base" where the digest is known, the sidecar's name, else the file's stem
  Pattern pattern = Pattern::kCl100k;
  std::shared_ptr<const OwnPattern> own_pattern;      // with Pattern::kOwn, else null
  std::shared_ptr<const PieceForm> pieces = nullptr;  // of BPE over characters, else null
  std::vector<SpecialToken> specials;                 // by id
  std::string digest;                                 // SHA-256, in hex, of the ranks in canonical `.tiktoken` form

  // Token `id` is bytes[offsets[id], offsets[id + 1]); an id that is not a token (a hole) is empty.
  std::string bytes;
  std::vector<uint32_t> offsets{0};

  // Merges in order of rank, as pairs of ids. Empty: implied, a pair merges when its bytes are a token, ranked by its
  // id.
  struct Merge {
    uint32_t left, right, id;
  };
  std::vector<Merge> merges;

  bool whole_pretoken_first = true;   // a pretoken that is a token is that token, whatever the merges say
  std::vector<std::string> warnings;  // what the files say that was not followed, and what was done instead
  bool normalize_nfc = false;         // text is put into Unicode normal form C first (Qwen's tokenizer.json)

  // Ids that stand before and after every text where special tokens are added: a tokenizer.json's post-processor.
  std::vector<uint32_t> before_text, after_text;
  bool surrounds_texts() const { return !before_text.empty() || !after_text.empty(); }

  uint32_t token_count() const { return static_cast<uint32_t>(offsets.size() - 1); }  // ids below this may be tokens
  std::string_view token(uint32_t id) const {
    return std::string_view(bytes).substr(offsets[id], offsets[id + 1] - offsets[id]);
  }
  const SpecialToken* find_special(std::string_view text) const;
};

// A vocabulary of which nothing names the pre-tokenisation pattern; VocabularyHints can.
class UnknownPattern : public UsageError {
 public:
  using UsageError::UsageError;
};

// What the caller says of a vocabulary whose files do not say it.
struct VocabularyHints {
  std::optional<Pattern> pattern;
  std::vector<SpecialToken> specials;
  std::string name = {};  // of the published vocabularies that have these ranks the one of this name; else the first
};

// Limits on what a vocabulary file may hold.
inline constexpr uint64_t kVocabularyFileBytesMax = uint64_t{256} << 20;
inline constexpr uint32_t kVocabularyTokensMax = 1u << 21;  // ids take 21 bits in the encoder's tables
inline constexpr uint32_t kTokenBytesMax = 1u << 16;
inline constexpr size_t kSpecialBytesMax = 1024;  // of the text of a special or added token

// Loads a vocabulary, its form told by its content. `path` names the `.tiktoken` or `tokenizer.json` file, or
// `vocab.bpe` or `encoder.json` with the other beside it. Throws Error naming file and offset when the file is damaged
// (cut short, a token or rank twice, ranks missing, a byte without token) or asks for what ftok does not do exactly,
// and UnknownPattern when neither the file, its sidecar nor the hints name the pattern.
Vocabulary load_vocabulary(const std::string& path, const VocabularyHints& hints = {});

// The same from memory; `path` is for messages, `sidecar` is the sidecar's content or null.
Vocabulary parse_tiktoken(std::string_view content, const std::string& path, const std::string* sidecar,
                          const VocabularyHints& hints = {});
Vocabulary parse_tokenizer_json(std::string_view content, const std::string& path);
Vocabulary parse_gpt2(std::string_view vocab_bpe, const std::string& bpe_path, std::string_view encoder_json,
                      const std::string& json_path);

// The ranks in canonical `.tiktoken` form: a line "base64 rank\n" for each token in order of id. Needs implied merges.
std::string format_tiktoken(const Vocabulary& vocabulary);

// The sidecar: name, pattern and its text, Unicode version, special tokens, SHA-256 of the ranks.
std::string format_sidecar(const Vocabulary& vocabulary);

// The vocabulary with implied merges, where its list of merges says no more than its ids do; else nothing. The ids it
// gives are the same.
std::optional<Vocabulary> with_implied_merges(Vocabulary vocabulary);

// The vocabulary as a tokenizer.json, which gives the same ids in Hugging Face tokenizers; one with `pieces` as the
// file that it was read from. The other forms below, and GGUF, throw Error for those.
std::string format_tokenizer_json(const Vocabulary& vocabulary);

// Tokens spelt in GPT-2's 256 letters, one for each byte: of each id, "" where it is none; and the merges in order of
// rank, each the spellings of two tokens with a space between. Special tokens that are no others are not among them.
struct SpelledVocabulary {
  std::vector<std::string> tokens, merges;
};
SpelledVocabulary spell_vocabulary(const Vocabulary& vocabulary);

// The vocabulary as GPT-2's pair of files. Throws Error when they cannot say it: another pattern than gpt2's, tokens
// that no merge makes.
struct Gpt2Files {
  std::string vocab_bpe, encoder_json;
};
Gpt2Files format_gpt2(const Vocabulary& vocabulary);

// Writes V.tiktoken and its sidecar; killed at any moment it leaves the old vocabulary whole, or the new one.
void write_vocabulary(const Vocabulary& vocabulary, const std::string& path);

// Where the sidecar of `path` is: the extension replaced by ".json".
std::string sidecar_path(const std::string& path);

// SHA-256 in lower-case hex.
std::string sha256_hex(std::string_view bytes);

// Vocabularies known by the digest of their ranks: name, pattern and special tokens of the published ones.
struct KnownVocabulary {
  std::string_view digest;
  std::string_view name;
  Pattern pattern;
  std::vector<SpecialToken> specials;
};
const std::vector<KnownVocabulary>& known_vocabularies();

// The published vocabularies that have the ranks of the one called `name`, itself included; empty when none is called
// so.
std::vector<std::string_view> names_of_same_ranks(std::string_view name);

}  // namespace ftok
