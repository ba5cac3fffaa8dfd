// tokenizer.json (Hugging Face tokenizers) and GPT-2's vocab.bpe + encoder.json: byte-level BPE whose tokens are spelt
// with 256 letters, one for each byte; BPE over characters is piece_json.cc's. What ftok would not do exactly is
// refused by name.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/hash_seed.h"
#include "core/lenient_json.h"
#include "text/unicode.h"
#include "tokenizer/encode/token_table.h"
#include "tokenizer/pretokens/pretoken_cuts.h"
#include "tokenizer/vocabularies/piece_json.h"
#include "tokenizer/vocabularies/vocabulary_checks.h"
#include "tokenizer/vocabulary.h"

namespace ftok {
namespace {

namespace json = simdjson::dom;

// GPT-2's letters: printable bytes stand for themselves, the others for U+0100 on.
struct ByteLetters {
  std::array<int16_t, 0x180> byte_of{};
  ByteLetters() {
    byte_of.fill(-1);
    int next = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      byte_of[static_cast<size_t>(printable ? b : next++)] = static_cast<int16_t>(b);
    }
  }
};

// Appends the bytes that `spelt` stands for; false when a character stands for none.
bool append_bytes(std::string& out, std::string_view spelt) {
  static const ByteLetters letters;
  for (size_t i = 0; i < spelt.size();) {
    const Utf8Char c = decode_utf8(spelt, i);
    if (!c.valid || c.code_point >= letters.byte_of.size() || letters.byte_of[c.code_point] < 0) return false;
    out.push_back(static_cast<char>(letters.byte_of[c.code_point]));
    i += c.size;
  }
  return true;
}

// Whether `bytes` can become a token by being a pretoken.
bool is_whole_pretoken(const Vocabulary& vocabulary, std::string_view bytes) {
  const CutScanner scanner(vocabulary.pattern, vocabulary.own_pattern);
  return vocabulary.whole_pretoken_first && pretoken_end(scanner, bytes, 0) == bytes.size();
}

class JsonLoader {
 public:
  explicit JsonLoader(const std::string& path) : path_(path) {}

  [[noreturn]] void fail(std::string_view why) const { throw Error(fmt::format("{}: {}", path_, why)); }

  json::element parse(std::string_view content) {
    json::element root;
    const simdjson::error_code error = parse_json(parser_, content, root, plain_);
    if (error != simdjson::SUCCESS) fail(fmt::format("not JSON: {}", simdjson::error_message(error)));
    return root;
  }

  // Reads {"spelling": id, ...}.
  void read_vocab(json::object vocab);
  // Gives the added tokens the ids that Hugging Face tokenizers gives them: that of the vocabulary where it has the
  // text, else the next free one. Call between read_vocab and add_merge.
  void number_added(Vocabulary& vocabulary);
  void add_merge(std::string_view left, std::string_view right, size_t index);
  // Fills tokens and merges; drops the merges where they are those that the ids imply.
  void finish(Vocabulary& vocabulary);

 private:
  uint32_t id_of(std::string_view bytes, size_t merge) const;

  const std::string& path_;
  json::parser parser_;
  std::string plain_;
  std::unordered_map<std::string, uint32_t, SeededHash> ids_;
  std::unordered_map<std::string, uint32_t, SeededHash> spelt_;          // as the vocabulary spells them
  std::vector<const std::pair<const std::string, uint32_t>*> in_order_;  // its entries, as they come in the file
  std::unordered_set<std::string, SeededHash> added_;  // bytes of ordinary tokens that are added ones too
  std::unordered_set<std::string, SeededHash> made_;   // bytes of those that a merge makes
  std::vector<Vocabulary::Merge> merges_;
};

void JsonLoader::read_vocab(json::object vocab) {
  spelt_.reserve(vocab.size() * 2);
  for (const auto field : vocab) {
    uint64_t id = 0;
    if (field.value.get(id) != simdjson::SUCCESS || id >= kVocabularyTokensMax) {
      fail(fmt::format("the id of token \"{}\" is not a number below {}", field.key, kVocabularyTokensMax));
    }
    const auto [made, is_new] = spelt_.emplace(field.key, static_cast<uint32_t>(id));
    if (!is_new) fail(fmt::format("token \"{}\" appears twice", field.key));
    in_order_.push_back(&*made);
  }
}

void JsonLoader::number_added(Vocabulary& vocabulary) {
  const auto size = static_cast<uint32_t>(spelt_.size());
  uint32_t next = size;
  std::unordered_set<std::string_view, SeededHash> added;
  for (SpecialToken& token : vocabulary.specials) {
    const auto own = spelt_.find(token.text);
    const uint32_t id = own != spelt_.end() ? own->second : next;
    if (id != token.id) {
      vocabulary.warnings.push_back(fmt::format(
          "{}: added token \"{}\" says id {}, but {} {}, as in Hugging Face tokenizers; {} is used", path_, token.text,
          token.id, own != spelt_.end() ? "the model's vocabulary has it as" : "the next free id is", id, id));
    }
    token.id = id;
    next = std::max(next, id + 1);
    added.insert(token.text);
  }
  for (const auto* const entry : in_order_) {
    const auto& [spelling, id] = *entry;
    std::string bytes;
    const bool is_added = added.count(spelling) > 0, is_spelt = append_bytes(bytes, spelling);
    if (is_added && !is_spelt) continue;  // as it is, not in the letters
    if (!is_spelt) {
      fail(fmt::format("token \"{}\" is not written in byte letters: not a byte-level vocabulary", spelling));
    }
    if (bytes.empty() || bytes.size() > kTokenBytesMax) fail(fmt::format("token {} has {} bytes", id, bytes.size()));
    if (is_added) added_.insert(bytes);
    ids_.emplace(std::move(bytes), id);
  }
}

uint32_t JsonLoader::id_of(std::string_view bytes, size_t merge) const {
  const auto found = ids_.find(std::string(bytes));
  if (found == ids_.end()) fail(fmt::format("merge {} names a token that the vocabulary lacks", merge));
  return found->second;
}

void JsonLoader::add_merge(std::string_view left, std::string_view right, size_t index) {
  std::string bytes;
  if (!append_bytes(bytes, left)) fail(fmt::format("merge {} is not written in byte letters", index));
  const size_t middle = bytes.size();
  if (!append_bytes(bytes, right)) fail(fmt::format("merge {} is not written in byte letters", index));
  const std::string_view all = bytes;
  if (!added_.empty()) made_.insert({bytes, bytes.substr(0, middle), bytes.substr(middle)});
  merges_.push_back({id_of(all.substr(0, middle), index), id_of(all.substr(middle), index), id_of(all, index)});
}

void JsonLoader::finish(Vocabulary& vocabulary) {
  // An added token that no merge makes is none of the ordinary ones, unless a whole pretoken is looked up first.
  for (const std::string& bytes : added_) {
    if (bytes.size() > 1 && made_.count(bytes) == 0 && !is_whole_pretoken(vocabulary, bytes)) ids_.erase(bytes);
  }
  uint32_t id_max = 0, twice = kNoToken;
  for (const auto& [bytes, id] : ids_) id_max = std::max(id_max, id);
  std::vector<std::string_view> by_id(size_t{id_max} + 1);
  for (const auto& [bytes, id] : ids_) {
    if (!by_id[id].empty()) twice = std::min(twice, id);
    by_id[id] = bytes;
  }
  if (twice != kNoToken) fail(fmt::format("id {} belongs to two tokens", twice));
  vocabulary.offsets.assign(1, 0);
  for (const std::string_view token : by_id) {
    vocabulary.bytes += token;
    vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
  }
  vocabulary.merges = std::move(merges_);
}

// The value of a key that must be absent, null, false, "" or `allowed`, else a refusal that names it.
void refuse_unless_empty(const JsonLoader& loader, json::element object, const char* key, const char* what) {
  json::element value;
  if (object[key].get(value) != simdjson::SUCCESS || value.is_null()) return;
  bool truth = false;
  std::string_view text;
  if (value.get(truth) == simdjson::SUCCESS && !truth) return;
  if (value.get(text) == simdjson::SUCCESS && text.empty()) return;
  loader.fail(fmt::format("{} \"{}\" is set, which ftok does not support", what, key));
}

bool flag(json::element object, const char* key, bool otherwise) {
  bool truth = otherwise;
  if (object[key].get(truth) != simdjson::SUCCESS) return otherwise;
  return truth;
}

std::string type_of(json::element object) {
  std::string_view type;
  return object["type"].get(type) == simdjson::SUCCESS ? std::string(type) : std::string("(none)");
}

void read_normalizer(const JsonLoader& loader, json::element root, Vocabulary& vocabulary) {
  json::element normalizer;
  if (root["normalizer"].get(normalizer) != simdjson::SUCCESS || normalizer.is_null()) return;
  json::array inner;
  if (type_of(normalizer) == "Sequence" && normalizer["normalizers"].get(inner) == simdjson::SUCCESS) {
    if (inner.size() == 0) return;
    if (inner.size() == 1) normalizer = inner.at(0).value();
  }
  if (type_of(normalizer) != "NFC")
    loader.fail(fmt::format("normalizer \"{}\" is not supported (NFC is)", type_of(normalizer)));
  vocabulary.normalize_nfc = true;
}

// A chain of pre-tokenizers, as far as it was read.
struct PreTokenizers {
  bool digits_apart = false;  // each number was taken out
  std::optional<Pattern> pattern = {};
  bool byte_level = false;
};

// One pre-tokenizer of the chain: sets the pattern, or checks that it changes nothing.
void read_pre_tokenizer(const JsonLoader& loader, json::element step, PreTokenizers& chain) {
  const std::string type = type_of(step);
  const auto refuse_second = [&](bool is_second) {
    if (is_second) {
      loader.fail("two pre-tokenizers split the text; ftok supports one, or single digits before GPT-2's pattern");
    }
  };
  auto& [digits_apart, pattern, byte_level] = chain;
  if (type == "ByteLevel") {
    if (flag(step, "add_prefix_space", true))
      loader.fail("pre-tokenizer \"ByteLevel\" has add_prefix_space, which ftok does not support");
    if (flag(step, "use_regex", true)) {
      refuse_second(pattern.has_value());
      pattern = digits_apart ? Pattern::kSmollm : Pattern::kGpt2Original;
    }
    byte_level = true;
    return;
  }
  if (type == "Digits") {
    if (!flag(step, "individual_digits", false))
      loader.fail("pre-tokenizer \"Digits\" without individual_digits is not supported");
    refuse_second(digits_apart || pattern || byte_level);
    digits_apart = true;
    return;
  }
  if (type != "Split")
    loader.fail(fmt::format("pre-tokenizer \"{}\" is not supported (Split, Digits and ByteLevel are)", type));
  std::string_view text, behavior;
  if (step["pattern"]["Regex"].get(text) != simdjson::SUCCESS)
    loader.fail("pre-tokenizer \"Split\" has no regular expression");
  if (step["behavior"].get(behavior) == simdjson::SUCCESS && behavior != "Isolated" && behavior != "isolated" &&
      !(behavior == "Removed" && flag(step, "invert", false))) {
    loader.fail(fmt::format("pre-tokenizer \"Split\" has behavior \"{}\", which ftok does not support", behavior));
  }
  if (behavior != "Removed" && flag(step, "invert", false))
    loader.fail("pre-tokenizer \"Split\" is inverted, which ftok does not support");
  refuse_second(digits_apart || pattern || byte_level);
  if (text == "\\p{N}" && behavior != "Removed") {
    digits_apart = true;
    return;
  }
  pattern = pattern_of_text(text);
  if (!pattern) loader.fail(fmt::format("pre-tokenizer \"Split\" has a pattern ftok does not know: {}", text));
}

void read_pre_tokenizers(const JsonLoader& loader, json::element root, Vocabulary& vocabulary) {
  json::element step;
  if (root["pre_tokenizer"].get(step) != simdjson::SUCCESS || step.is_null()) {
    loader.fail("no pre-tokenizer: not a byte-level tokenizer");
  }
  PreTokenizers chain;
  json::array steps;
  if (type_of(step) == "Sequence" && step["pretokenizers"].get(steps) == simdjson::SUCCESS) {
    for (const json::element one : steps) read_pre_tokenizer(loader, one, chain);
  } else {
    read_pre_tokenizer(loader, step, chain);
  }
  if (!chain.pattern) loader.fail("no pre-tokenizer splits the text, which ftok does not support");
  if (!chain.byte_level) loader.fail("no pre-tokenizer \"ByteLevel\": not a byte-level tokenizer");
  vocabulary.pattern = *chain.pattern;
}

void read_added_tokens(const JsonLoader& loader, json::element root, Vocabulary& vocabulary) {
  json::array added;
  if (root["added_tokens"].get(added) != simdjson::SUCCESS) return;
  std::unordered_set<std::string_view, SeededHash> texts;
  for (const json::element token : added) {
    std::string_view text;
    uint64_t id = 0;
    if (token["content"].get(text) != simdjson::SUCCESS || token["id"].get(id) != simdjson::SUCCESS ||
        id >= kVocabularyTokensMax) {
      loader.fail("an added token without content or id");
    }
    for (const char* key : {"lstrip", "rstrip", "single_word"}) {
      if (flag(token, key, false))
        loader.fail(fmt::format("added token \"{}\" has {}, which ftok does not support", text, key));
    }
    if (text.empty()) loader.fail(fmt::format("added token {} has no content", id));
    if (!texts.insert(text).second) loader.fail(fmt::format("added token \"{}\" appears twice", text));
    const bool special = flag(token, "special", true);
    vocabulary.specials.push_back(
        {std::string(text), static_cast<uint32_t>(id), special, flag(token, "normalized", !special)});
  }
}

// A special token that a post-processor adds, by its id, or by its name in the template's "special_tokens".
class AddedTokens {
 public:
  AddedTokens(const JsonLoader& loader, std::string type) : loader_(loader), type_(std::move(type)) {}

  [[noreturn]] void fail(std::string_view why) const {
    loader_.fail(fmt::format("post-processor \"{}\" {}", type_, why));
  }

  uint32_t id(const simdjson::simdjson_result<json::element>& value, std::string_view what) const {
    uint64_t id = 0;
    if (value.get(id) != simdjson::SUCCESS || id >= kVocabularyTokensMax)
      fail(fmt::format("has no id below {} for {}", kVocabularyTokensMax, what));
    return static_cast<uint32_t>(id);
  }

  // {"SpecialToken": {"id": NAME}} -> the ids of special_tokens[NAME].
  void append(json::element processor, std::string_view name, std::vector<uint32_t>& ids) const {
    json::object tokens;
    json::array listed;
    if (processor["special_tokens"].get(tokens) != simdjson::SUCCESS ||
        tokens[name]["ids"].get(listed) != simdjson::SUCCESS) {
      fail(fmt::format("adds \"{}\", which its \"special_tokens\" do not have", name));
    }
    for (const auto one : listed) ids.push_back(id(simdjson::simdjson_result<json::element>(json::element(one)), name));
  }

 private:
  const JsonLoader& loader_;
  std::string type_;
};

// TemplateProcessing: its "single" is special tokens, the text as sequence A, special tokens. "pair" is for two texts.
void read_template(const AddedTokens& added, json::element step, Vocabulary& vocabulary) {
  json::array pieces;
  if (step["single"].get(pieces) != simdjson::SUCCESS) added.fail("has no list \"single\"");
  bool text_seen = false;
  for (const json::element piece : pieces) {
    std::string_view id;
    if (piece["SpecialToken"]["id"].get(id) == simdjson::SUCCESS) {
      added.append(step, id, text_seen ? vocabulary.after_text : vocabulary.before_text);
    } else if (piece["Sequence"]["id"].get(id) == simdjson::SUCCESS && id == "A" && !text_seen) {
      text_seen = true;
    } else {
      added.fail("has a \"single\" that is not special tokens around one sequence A, which ftok does not do");
    }
  }
  if (!text_seen) added.fail("has a \"single\" without the text (sequence A), which ftok does not do");
}

// BertProcessing and RobertaProcessing: "cls", the text, "sep", each a pair [text, id].
void read_bert(const AddedTokens& added, json::element step, Vocabulary& vocabulary) {
  vocabulary.before_text.push_back(added.id(step["cls"].at(1), "\"cls\""));
  vocabulary.after_text.push_back(added.id(step["sep"].at(1), "\"sep\""));
}

// What a post-processor puts around every text; "ByteLevel" changes offsets alone.
void read_post_processor(const JsonLoader& loader, json::element step, Vocabulary& vocabulary) {
  const std::string type = type_of(step);
  const AddedTokens added(loader, type);
  json::array steps;
  if (type == "ByteLevel") return;
  if (type == "Sequence" && step["processors"].get(steps) == simdjson::SUCCESS) {
    for (const json::element one : steps) read_post_processor(loader, one, vocabulary);
    return;
  }
  if (vocabulary.surrounds_texts()) added.fail("is the second one that adds tokens; ftok does one");
  if (type == "TemplateProcessing") return read_template(added, step, vocabulary);
  if (type == "RobertaProcessing" || type == "BertProcessing") return read_bert(added, step, vocabulary);
  added.fail("is not one ftok does (TemplateProcessing, RobertaProcessing, BertProcessing, ByteLevel)");
}

// Tokens that a text gets must be the vocabulary's, so that they can be decoded.
void check_added_ids(const JsonLoader& loader, const Vocabulary& vocabulary) {
  for (const std::vector<uint32_t>* const ids : {&vocabulary.before_text, &vocabulary.after_text}) {
    for (const uint32_t id : *ids) {
      const bool special = std::any_of(vocabulary.specials.begin(), vocabulary.specials.end(),
                                       [&](const SpecialToken& token) { return token.id == id; });
      if (!special && (id >= vocabulary.token_count() || vocabulary.token(id).empty()))
        loader.fail(fmt::format("the post-processor adds id {}, which is not a token", id));
    }
  }
}

// What the file says of every text beside its model: tokens added, cut off or filled up.
void read_post_processing(const JsonLoader& loader, json::element root, Vocabulary& vocabulary) {
  json::element value;
  for (const char* key : {"truncation", "padding"}) {
    if (root[key].get(value) == simdjson::SUCCESS && !value.is_null()) {
      loader.fail(
          fmt::format("\"{}\" is set, which ftok does not support; with \"{}\": null the file gives the ids of whole "
                      "texts",
                      key, key));
    }
  }
  if (root["post_processor"].get(value) == simdjson::SUCCESS && !value.is_null())
    read_post_processor(loader, value, vocabulary);
}

void read_merges(JsonLoader& loader, json::array merges) {
  size_t index = 0;
  for (const json::element merge : merges) {
    const auto pair = pair_of_merge(merge);
    if (!pair) loader.fail(fmt::format("merge {} is not a pair", index));
    loader.add_merge(pair->first, pair->second, index++);
  }
}

}  // namespace

Vocabulary parse_tokenizer_json(std::string_view content, const std::string& path) {
  JsonLoader loader(path);
  const json::element root = loader.parse(content);
  json::element model;
  if (root["model"].get(model) != simdjson::SUCCESS) loader.fail("no \"model\"");
  std::string_view type;
  if (model["type"].get(type) == simdjson::SUCCESS && type != "BPE") {
    loader.fail(fmt::format("model \"{}\" is not supported (BPE is)", type));
  }
  Vocabulary vocabulary;
  vocabulary.name = std::filesystem::path(path).stem().string();
  if (has_pieces(root)) {
    read_post_processing(loader, root, vocabulary);
    read_added_tokens(loader, root, vocabulary);
    read_pieces(root, content, path, vocabulary);
    check_added_ids(loader, vocabulary);
    vocabulary.digest = sha256_hex(content);
    return vocabulary;
  }
  for (const char* key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"}) {
    refuse_unless_empty(loader, model, key, "the model's");
  }
  vocabulary.whole_pretoken_first = flag(model, "ignore_merges", false);
  read_normalizer(loader, root, vocabulary);
  read_pre_tokenizers(loader, root, vocabulary);
  read_post_processing(loader, root, vocabulary);
  read_added_tokens(loader, root, vocabulary);
  json::object vocab;
  json::array merges;
  if (model["vocab"].get(vocab) != simdjson::SUCCESS) loader.fail("the model has no \"vocab\"");
  if (model["merges"].get(merges) != simdjson::SUCCESS) loader.fail("the model has no \"merges\"");
  loader.read_vocab(vocab);
  loader.number_added(vocabulary);
  read_merges(loader, merges);
  loader.finish(vocabulary);
  check_vocabulary(vocabulary, path);
  check_added_ids(loader, vocabulary);
  vocabulary.digest = sha256_hex(format_tiktoken(vocabulary));
  return vocabulary;
}

Vocabulary parse_gpt2(std::string_view vocab_bpe, const std::string& bpe_path, std::string_view encoder_json,
                      const std::string& json_path) {
  Vocabulary vocabulary;
  vocabulary.name = "gpt2";
  vocabulary.pattern = Pattern::kGpt2;
  vocabulary.whole_pretoken_first = false;
  JsonLoader loader(json_path);
  json::object vocab;
  if (loader.parse(encoder_json).get(vocab) != simdjson::SUCCESS) loader.fail("not a JSON object");
  uint64_t end_of_text = 0;
  if (vocab["<|endoftext|>"].get(end_of_text) == simdjson::SUCCESS && end_of_text < kVocabularyTokensMax) {
    vocabulary.specials.push_back({"<|endoftext|>", static_cast<uint32_t>(end_of_text)});
  }
  loader.read_vocab(vocab);
  loader.number_added(vocabulary);
  size_t index = 0;
  for (size_t offset = 0; offset < vocab_bpe.size();) {
    const size_t end = std::min(vocab_bpe.find('\n', offset), vocab_bpe.size());
    std::string_view line = vocab_bpe.substr(offset, end - offset);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && !(offset == 0 && line.starts_with("#version"))) {
      const size_t space = line.find(' ');
      if (space == std::string_view::npos)
        throw Error(fmt::format("{}: offset {}: a merge is a pair of tokens", bpe_path, offset));
      loader.add_merge(line.substr(0, space), line.substr(space + 1), index++);
    }
    offset = end + 1;
  }
  loader.finish(vocabulary);
  check_vocabulary(vocabulary, json_path);
  vocabulary.digest = sha256_hex(format_tiktoken(vocabulary));
  return vocabulary;
}

}  // namespace ftok
