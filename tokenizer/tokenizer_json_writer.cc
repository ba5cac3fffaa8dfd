// Writing a tokenizer.json: the tokens spelt in GPT-2's byte letters, the merges in order of rank, ignore_merges on, so that a
// pretoken that is a token is that token, as in tiktoken.
#include <array>

#include "core/json.h"
#include "core/unicode.h"
#include "tokenizer/bpe_merge.h"
#include "tokenizer/bpe_train.h"
#include "tokenizer/vocabulary.h"

namespace ftok {
namespace {

std::array<std::string, 256> byte_letters() {
  std::array<std::string, 256> letters;
  const std::vector<unsigned char> order = letter_order();
  for (size_t i = 0; i < order.size(); ++i) {
    append_utf8(letters[order[i]], i < 188 ? char32_t{order[i]} : static_cast<char32_t>(0x100 + i - 188));
  }
  return letters;
}

std::string spell(const std::array<std::string, 256>& letters, std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += letters[static_cast<unsigned char>(c)];
  return out;
}

// The form of the pattern that Hugging Face's regex engine takes: without possessive repetitions.
std::string_view portable_text(Pattern pattern) {
  if (pattern == Pattern::kGpt2) return pattern_text(Pattern::kGpt2Original);
  if (pattern == Pattern::kCl100k) return pattern_text(Pattern::kLlama3);
  return pattern_text(pattern);
}

void write_byte_level(JsonWriter& json, bool prefix_space, bool use_regex) {
  json.begin_object().field("type", "ByteLevel").field("add_prefix_space", prefix_space).field("trim_offsets", true);
  json.field("use_regex", use_regex).end_object();
}

}  // namespace

std::string format_tokenizer_json(const Vocabulary& vocabulary) {
  const std::array<std::string, 256> letters = byte_letters();
  const Merger merger(vocabulary);
  JsonWriter json;
  json.begin_object().field("version", "1.0").key("truncation").null().key("padding").null().key("added_tokens").begin_array();
  for (const SpecialToken& special : vocabulary.specials) {
    json.begin_object().field("id", special.id).field("content", special.text).field("single_word", false);
    json.field("lstrip", false).field("rstrip", false).field("normalized", false).field("special", true).end_object();
  }
  json.end_array().key("normalizer").null().key("pre_tokenizer").begin_object().field("type", "Sequence");
  json.key("pretokenizers").begin_array().begin_object().field("type", "Split").key("pattern").begin_object();
  json.field("Regex", portable_text(vocabulary.pattern)).end_object().field("behavior", "Isolated").field("invert", false);
  json.end_object();
  write_byte_level(json, false, false);
  json.end_array().end_object().key("post_processor").null().key("decoder");
  write_byte_level(json, true, true);
  json.key("model").begin_object().field("type", "BPE");
  for (const char* key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) json.key(key).null();
  json.field("fuse_unk", false).field("byte_fallback", false).field("ignore_merges", true).key("vocab").begin_object();
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    if (!vocabulary.token(id).empty()) json.field(spell(letters, vocabulary.token(id)), id);
  }
  json.end_object().key("merges").begin_array();
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    const auto pair = merger.last_merge(vocabulary.token(id));
    if (!pair) continue;
    json.begin_array().value(spell(letters, vocabulary.token(pair->first)));
    json.value(spell(letters, vocabulary.token(pair->second))).end_array();
  }
  json.end_array().end_object().end_object();
  return json.take() + "\n";
}

}  // namespace ftok
