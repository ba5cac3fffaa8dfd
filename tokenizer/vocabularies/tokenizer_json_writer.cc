// Writing the vocabularies of other programs: tokenizer.json (Hugging Face tokenizers) and vocab.bpe + encoder.json
// (GPT-2). Tokens are spelt in GPT-2's 256 letters, one for each byte; merges stand in order of rank.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "text/unicode.h"
#include "tokenizer/bpe_train.h"
#include "tokenizer/encode/bpe_merge.h"
#include "tokenizer/piece_form.h"
#include "tokenizer/pretokens/own_pattern.h"
#include "tokenizer/vocabulary.h"

namespace ftok {
namespace {

class Speller {
 public:
  Speller() {
    const std::vector<unsigned char> order = letter_order();
    for (size_t i = 0; i < order.size(); ++i) {
      append_utf8(letters_[order[i]], i < 188 ? char32_t{order[i]} : static_cast<char32_t>(0x100 + i - 188));
    }
  }
  std::string spell(std::string_view bytes) const {
    std::string out;
    for (const char c : bytes) out += letters_[static_cast<unsigned char>(c)];
    return out;
  }

 private:
  std::array<std::string, 256> letters_;
};

// The merges in order of rank, as pairs of ids. A token that merging does not make has none; `unmade` counts them.
std::vector<std::pair<uint32_t, uint32_t>> merges_of(const Vocabulary& vocabulary, size_t& unmade) {
  std::vector<std::pair<uint32_t, uint32_t>> merges;
  unmade = 0;
  if (!vocabulary.merges.empty()) {
    for (const Vocabulary::Merge& merge : vocabulary.merges) merges.emplace_back(merge.left, merge.right);
    return merges;
  }
  const Merger merger(vocabulary);
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    const std::string_view token = vocabulary.token(id);
    if (token.size() < 2) continue;
    const std::vector<Merger::Step> steps = merger.steps(token);
    if (steps.size() + 1 == token.size()) {
      merges.emplace_back(steps.back().left, steps.back().right);
    } else {
      ++unmade;
    }
  }
  return merges;
}

// The form of the pattern that Hugging Face's regex engine takes: without possessive repetitions. The ids are the same.
std::string portable_text(const Vocabulary& vocabulary) {
  if (vocabulary.own_pattern != nullptr) return vocabulary.own_pattern->text();
  const Pattern pattern = vocabulary.pattern;
  if (pattern == Pattern::kGpt2) return std::string(pattern_text(Pattern::kGpt2Original));
  if (pattern == Pattern::kCl100k) return std::string(pattern_text(Pattern::kLlama3));
  return std::string(pattern_text(pattern));
}

void write_byte_level(JsonWriter& json, bool prefix_space, bool use_regex) {
  json.begin_object().field("type", "ByteLevel").field("add_prefix_space", prefix_space).field("trim_offsets", true);
  json.field("use_regex", use_regex).end_object();
}

// All tokens by id: the special ones stand among the others, so that each keeps its id in a reader that numbers added
// tokens anew.
void write_vocab(JsonWriter& json, const Vocabulary& vocabulary, const Speller& speller) {
  json.begin_object();
  auto special = vocabulary.specials.begin();
  uint32_t id = 0;
  while (id < vocabulary.token_count() || special != vocabulary.specials.end()) {
    if (special != vocabulary.specials.end() && (id >= vocabulary.token_count() || special->id <= id)) {
      json.field(special->text, special->id);
      if (id == special->id) ++id;  // an ordinary token of the same bytes
      ++special;
      continue;
    }
    if (!vocabulary.token(id).empty()) json.field(speller.spell(vocabulary.token(id)), id);
    ++id;
  }
  json.end_object();
}

void write_pre_tokenizer(JsonWriter& json, const Vocabulary& vocabulary) {
  json.begin_object().field("type", "Sequence").key("pretokenizers").begin_array();
  json.begin_object().field("type", "Split").key("pattern").begin_object();
  json.field("Regex", portable_text(vocabulary))
      .end_object()
      .field("behavior", "Isolated")
      .field("invert", false)
      .end_object();
  write_byte_level(json, false, false);
  json.end_array().end_object();
}

// The tokens around every text as a template.
void write_post_processor(JsonWriter& json, const Vocabulary& vocabulary) {
  if (!vocabulary.surrounds_texts()) {
    json.null();
    return;
  }
  const auto text_of = [&](uint32_t id) {
    for (const SpecialToken& special : vocabulary.specials) {
      if (special.id == id) return special.text;
    }
    return Speller().spell(vocabulary.token(id));
  };
  const auto write = [&](const char* kind, const std::string& id, int type) {
    json.begin_object().key(kind).begin_object().field("id", id).field("type_id", type).end_object().end_object();
  };
  json.begin_object().field("type", "TemplateProcessing");
  for (const char* const pieces : {"single", "pair"}) {
    json.key(pieces).begin_array();
    for (int type = 0; type < (pieces == std::string_view("pair") ? 2 : 1); ++type) {
      for (const uint32_t id : vocabulary.before_text) write("SpecialToken", text_of(id), type);
      write("Sequence", type == 0 ? "A" : "B", type);
      for (const uint32_t id : vocabulary.after_text) write("SpecialToken", text_of(id), type);
    }
    json.end_array();
  }
  json.key("special_tokens").begin_object();
  std::set<uint32_t> ids(vocabulary.before_text.begin(), vocabulary.before_text.end());
  ids.insert(vocabulary.after_text.begin(), vocabulary.after_text.end());
  for (const uint32_t id : ids) {
    const std::string text = text_of(id);
    json.key(text).begin_object().field("id", text).key("ids").begin_array().value(id).end_array();
    json.key("tokens").begin_array().value(text).end_array().end_object();
  }
  json.end_object().end_object();
}

// What only byte-level vocabularies can be written as.
void refuse_pieces(const Vocabulary& vocabulary) {
  if (vocabulary.pieces == nullptr) return;
  throw Error(fmt::format("{}: BPE over characters, with U+2581 for spaces: it is written as a tokenizer.json alone",
                          vocabulary.name));
}

}  // namespace

std::optional<Vocabulary> with_implied_merges(Vocabulary vocabulary) {
  if (vocabulary.pieces != nullptr) return std::nullopt;
  if (vocabulary.merges.empty()) return vocabulary;
  const std::vector<Vocabulary::Merge> merges = std::move(vocabulary.merges);
  vocabulary.merges.clear();
  const bool whole_first = vocabulary.whole_pretoken_first;
  vocabulary.whole_pretoken_first = true;
  size_t unmade = 0;
  const auto implied = merges_of(vocabulary, unmade);
  const auto same = [](const Vocabulary::Merge& a, const std::pair<uint32_t, uint32_t>& b) {
    return a.left == b.first && a.right == b.second;
  };
  if (!std::equal(merges.begin(), merges.end(), implied.begin(), implied.end(), same)) return std::nullopt;
  if (!whole_first && unmade > 0) return std::nullopt;  // a pretoken that is one of those would become it
  return vocabulary;
}

std::string format_tokenizer_json(const Vocabulary& vocabulary) {
  if (vocabulary.pieces != nullptr) return vocabulary.pieces->json;
  const Speller speller;
  JsonWriter json;
  json.begin_object()
      .field("version", "1.0")
      .key("truncation")
      .null()
      .key("padding")
      .null()
      .key("added_tokens")
      .begin_array();
  for (const SpecialToken& special : vocabulary.specials) {
    json.begin_object().field("id", special.id).field("content", special.text).field("single_word", false);
    json.field("lstrip", false).field("rstrip", false).field("normalized", special.normalized);
    json.field("special", special.special).end_object();
  }
  json.end_array().key("normalizer");
  if (vocabulary.normalize_nfc) {
    json.begin_object().field("type", "NFC").end_object();
  } else {
    json.null();
  }
  json.key("pre_tokenizer");
  write_pre_tokenizer(json, vocabulary);
  json.key("post_processor");
  write_post_processor(json, vocabulary);
  json.key("decoder");
  write_byte_level(json, true, true);
  json.key("model").begin_object().field("type", "BPE");
  for (const char* key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"})
    json.key(key).null();
  json.field("fuse_unk", false)
      .field("byte_fallback", false)
      .field("ignore_merges", vocabulary.whole_pretoken_first)
      .key("vocab");
  write_vocab(json, vocabulary, speller);
  json.key("merges").begin_array();
  size_t unmade = 0;
  for (const auto& [left, right] : merges_of(vocabulary, unmade)) {
    json.begin_array()
        .value(speller.spell(vocabulary.token(left)))
        .value(speller.spell(vocabulary.token(right)))
        .end_array();
  }
  json.end_array().end_object().end_object();
  return json.take() + "\n";
}

SpelledVocabulary spell_vocabulary(const Vocabulary& vocabulary) {
  refuse_pieces(vocabulary);
  const Speller speller;
  SpelledVocabulary spelled;
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id)
    spelled.tokens.push_back(speller.spell(vocabulary.token(id)));
  size_t unmade = 0;
  for (const auto& [left, right] : merges_of(vocabulary, unmade))
    spelled.merges.push_back(spelled.tokens[left] + " " + spelled.tokens[right]);
  return spelled;
}

Gpt2Files format_gpt2(const Vocabulary& vocabulary) {
  refuse_pieces(vocabulary);
  if (vocabulary.pattern != Pattern::kGpt2 && vocabulary.pattern != Pattern::kGpt2Original) {
    throw Error(fmt::format("{}: its pattern is {}; readers of vocab.bpe and encoder.json use gpt2's", vocabulary.name,
                            pattern_name(vocabulary.pattern)));
  }
  for (const SpecialToken& added : vocabulary.specials) {
    if (!added.special)
      throw Error(
          fmt::format("{}: its token \"{}\" is an added one that is not special, which encoder.json cannot express",
                      vocabulary.name, added.text));
  }
  const Speller speller;
  size_t unmade = 0;
  Gpt2Files files;
  files.vocab_bpe = "#version: 0.2\n";
  for (const auto& [left, right] : merges_of(vocabulary, unmade))
    files.vocab_bpe += speller.spell(vocabulary.token(left)) + " " + speller.spell(vocabulary.token(right)) + "\n";
  if (unmade > 0) {
    throw Error(
        fmt::format("{}: {} tokens are not made by merges, which vocab.bpe cannot express", vocabulary.name, unmade));
  }
  JsonWriter json;
  write_vocab(json, vocabulary, speller);
  files.encoder_json = json.take() + "\n";
  return files;
}

}  // namespace ftok
