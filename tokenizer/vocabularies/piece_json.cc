#include "tokenizer/vocabularies/piece_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/hash_seed.h"
#include "tokenizer/encode/piece_bpe.h"
#include "tokenizer/piece_form.h"
#include "tokenizer/vocabularies/vocabulary_checks.h"

namespace ftok {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

std::string_view text_of(dom::element object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

bool truth_of(dom::element object, const char* key, bool otherwise) {
  bool truth = otherwise;
  return object[key].get(truth) == simdjson::SUCCESS ? truth : otherwise;
}

// The steps of a normalizer, pre-tokenizer or decoder: of a "Sequence" those in it, else itself; none of null.
std::vector<dom::element> steps_of(dom::element root, const char* key, const char* inner) {
  dom::element step;
  if (root[key].get(step) != simdjson::SUCCESS || step.is_null()) return {};
  dom::array several;
  if (text_of(step, "type") != "Sequence" || step[inner].get(several) != simdjson::SUCCESS) return {step};
  return {several.begin(), several.end()};
}

bool replaces(dom::element step, std::string_view from, std::string_view to) {
  std::string_view pattern;
  return text_of(step, "type") == "Replace" && step["pattern"]["String"].get(pattern) == simdjson::SUCCESS &&
         pattern == from && text_of(step, "content") == to;
}

bool splits_at_space(dom::element step) {
  std::string_view pattern;
  return text_of(step, "type") == "Split" && step["pattern"]["String"].get(pattern) == simdjson::SUCCESS &&
         pattern == " " && !truth_of(step, "invert", false);
}

bool is_prepend(dom::element step) {
  return text_of(step, "type") == "Prepend" && text_of(step, "prepend") == kSpaceMark;
}

class PieceReader {
 public:
  PieceReader(dom::element root, const std::string& path, Vocabulary& vocabulary)
      : root_(root), path_(path), vocabulary_(vocabulary) {}

  PieceForm read() {
    if (root_["model"].get(model_) != simdjson::SUCCESS) fail("no \"model\"");
    check_model();
    read_spaces();
    read_decoder();
    read_vocab();
    number_added();
    read_bytes();
    read_merges();
    fill_tokens();
    return std::move(form_);
  }

 private:
  [[noreturn]] void fail(std::string_view why) const { throw Error(fmt::format("{}: {}", path_, why)); }

  void check_model() const {
    for (const char* const key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "ignore_merges"}) {
      dom::element value;
      bool truth = false;
      std::string_view text;
      if (model_[key].get(value) != simdjson::SUCCESS || value.is_null()) continue;
      if (value.get(truth) == simdjson::SUCCESS && !truth) continue;
      if (value.get(text) == simdjson::SUCCESS && text.empty()) continue;
      fail(fmt::format("the model's \"{}\" is set, which ftok does not support with U+2581 for spaces", key));
    }
  }

  // A normalizer of Prepend and Replace, or the pre-tokenizer Metaspace.
  void read_spaces() {
    for (const dom::element step : steps_of(root_, "normalizer", "normalizers")) {
      if (is_prepend(step) && form_.space == PieceForm::Space::kNever) {
        form_.space = PieceForm::Space::kBeforeParts;
      } else if (replaces(step, " ", kSpaceMark)) {
        form_.is_normalizer = true;
      } else {
        fail(fmt::format("normalizer \"{}\" is not supported (Prepend and Replace of U+2581 are)",
                         text_of(step, "type")));
      }
    }
    if (form_.space != PieceForm::Space::kNever && !form_.is_normalizer)
      fail("normalizer \"Prepend\" without \"Replace\" is not supported");
    std::vector<dom::element> steps = steps_of(root_, "pre_tokenizer", "pretokenizers");
    if (form_.is_normalizer && steps.size() == 1 && splits_at_space(steps[0])) steps.clear();  // none is left
    if (form_.is_normalizer ? !steps.empty() : steps.size() != 1 || text_of(steps[0], "type") != "Metaspace")
      fail("its pre-tokenizer is not supported: none beside a normalizer that changes spaces, else Metaspace");
    if (!form_.is_normalizer) read_metaspace(steps[0]);
  }

  void read_metaspace(dom::element step) {
    if (text_of(step, "replacement") != kSpaceMark)
      fail("pre-tokenizer \"Metaspace\" has a replacement other than U+2581");
    const std::string_view scheme = text_of(step, "prepend_scheme");
    const bool old_form = scheme.empty();  // before tokenizers 0.15: add_prefix_space
    if (scheme == "first") {
      form_.space = PieceForm::Space::kIfFirst;
    } else if (scheme == "always" || (old_form && truth_of(step, "add_prefix_space", true))) {
      form_.space = PieceForm::Space::kIfMissing;
    } else if (scheme != "never" && !old_form) {
      fail(fmt::format("pre-tokenizer \"Metaspace\" has the prepend_scheme \"{}\"; always, first and never are read",
                       scheme));
    }
    form_.splits = truth_of(step, "split", true);
  }

  // Replace, ByteFallback and Fuse are what ids mean here; Strip is remembered.
  void read_decoder() {
    for (const dom::element step : steps_of(root_, "decoder", "decoders")) {
      const std::string_view type = text_of(step, "type");
      uint64_t start = 0, stop = 0;
      if (type == "Strip" && text_of(step, "content") == " " && step["start"].get(start) == simdjson::SUCCESS &&
          step["stop"].get(stop) == simdjson::SUCCESS && stop == 0) {
        form_.spaces_stripped = start;
      } else if (type != "ByteFallback" && type != "Fuse" && !replaces(step, kSpaceMark, " ")) {
        fail(
            fmt::format("decoder \"{}\" is not supported (Replace of U+2581, ByteFallback, Fuse, and Strip of spaces "
                        "at the start are)",
                        type));
      }
    }
  }

  void read_vocab() {
    dom::object vocab;
    if (model_["vocab"].get(vocab) != simdjson::SUCCESS) fail("the model has no \"vocab\"");
    std::unordered_set<uint32_t, SeededHash> ids;
    for (const auto field : vocab) {
      uint64_t id = 0;
      if (field.value.get(id) != simdjson::SUCCESS || id >= kVocabularyTokensMax)
        fail(fmt::format("the id of token \"{}\" is not a number below {}", field.key, kVocabularyTokensMax));
      if (field.key.empty() || field.key.size() > kTokenBytesMax)
        fail(fmt::format("token {} has {} bytes", id, field.key.size()));
      if (!ids_.emplace(field.key, static_cast<uint32_t>(id)).second)
        fail(fmt::format("token \"{}\" appears twice", field.key));
      if (!ids.insert(static_cast<uint32_t>(id)).second) fail(fmt::format("id {} belongs to two tokens", id));
      count_ = std::max(count_, static_cast<uint32_t>(id) + 1);
    }
    if (ids_.empty()) fail("no tokens");
  }

  // As Hugging Face tokenizers number them: as the vocabulary has the text, else the next free id.
  void number_added() {
    auto next = static_cast<uint32_t>(ids_.size());
    for (SpecialToken& token : vocabulary_.specials) {
      const auto own = ids_.find(token.text);
      const uint32_t id = own != ids_.end() ? own->second : next;
      if (id != token.id) {
        vocabulary_.warnings.push_back(
            fmt::format("{}: added token \"{}\" says id {}, but Hugging Face tokenizers give it {}; {} is used", path_,
                        token.text, token.id, id, id));
      }
      token.id = id;
      next = std::max(next, id + 1);
    }
    std::stable_sort(vocabulary_.specials.begin(), vocabulary_.specials.end(),
                     [](const SpecialToken& a, const SpecialToken& b) { return a.id < b.id; });
    for (size_t i = 1; i < vocabulary_.specials.size(); ++i) {
      if (vocabulary_.specials[i - 1].id == vocabulary_.specials[i].id)
        fail(fmt::format("id {} belongs to two added tokens", vocabulary_.specials[i].id));
    }
    for (const SpecialToken& special : vocabulary_.specials) {
      if (special.text.size() > kSpecialBytesMax)
        fail(fmt::format("added token {} has {} bytes, at most {} are read", special.id, special.text.size(),
                         kSpecialBytesMax));
    }
  }

  void read_bytes() {
    form_.fuses_unknown = truth_of(model_, "fuse_unk", false);
    if (const std::string_view text = text_of(model_, "unk_token"); !text.empty()) {
      const auto found = ids_.find(std::string(text));
      if (found == ids_.end()) fail(fmt::format("the model's \"unk_token\" \"{}\" is not a token", text));
      form_.unknown = found->second;
    }
    if (!truth_of(model_, "byte_fallback", false)) return;
    for (int b = 0; b < 256; ++b) {
      const auto found = ids_.find(fmt::format("<0x{:02X}>", b));
      form_.byte_ids.push_back(found == ids_.end() ? std::nullopt : std::optional(found->second));
    }
  }

  uint32_t id_of(std::string_view spelling, size_t merge) const {
    const auto found = ids_.find(std::string(spelling));
    if (found == ids_.end()) fail(fmt::format("merge {} names a token that the vocabulary lacks", merge));
    return found->second;
  }

  void read_merges() {
    dom::array merges;
    if (model_["merges"].get(merges) != simdjson::SUCCESS) fail("the model has no \"merges\"");
    size_t index = 0;
    for (const dom::element merge : merges) {
      const auto pair = pair_of_merge(merge);
      if (!pair) fail(fmt::format("merge {} is not a pair", index));
      const auto& [left, right] = *pair;
      vocabulary_.merges.push_back(
          {id_of(left, index), id_of(right, index), id_of(std::string(left) + std::string(right), index)});
      ++index;
    }
  }

  // Tokens as the bytes that they stand for, in order of their ids.
  void fill_tokens() {
    std::vector<std::string> by_id(count_);
    for (const auto& [spelling, id] : ids_) {
      by_id[id] = with_plain_spaces(spelling);
      if (spelling.find(' ') != std::string::npos) form_.unreachable.push_back(id);
    }
    for (size_t b = 0; b < form_.byte_ids.size(); ++b) {
      if (!form_.byte_ids[b]) continue;
      by_id[*form_.byte_ids[b]] = std::string(1, static_cast<char>(b));
      form_.unreachable.push_back(*form_.byte_ids[b]);
    }
    for (const SpecialToken& special : vocabulary_.specials) {
      if (special.id >= count_) continue;
      by_id[special.id] = special.normalized && form_.is_normalizer ? spaced(form_, special.text, true) : special.text;
    }
    std::sort(form_.unreachable.begin(), form_.unreachable.end());
    vocabulary_.offsets.assign(1, 0);
    for (const std::string& token : by_id) {
      vocabulary_.bytes += token;
      vocabulary_.offsets.push_back(static_cast<uint32_t>(vocabulary_.bytes.size()));
    }
  }

  dom::element root_, model_;
  const std::string& path_;
  Vocabulary& vocabulary_;
  PieceForm form_;
  std::unordered_map<std::string, uint32_t, SeededHash> ids_;  // by spelling
  uint32_t count_ = 0;                                         // the largest id plus one
};

}  // namespace

bool has_pieces(dom::element root) {
  const auto changes_spaces = [](dom::element step) { return replaces(step, " ", kSpaceMark) || is_prepend(step); };
  const std::vector<dom::element> normalizers = steps_of(root, "normalizer", "normalizers"),
                                  pre_tokenizers = steps_of(root, "pre_tokenizer", "pretokenizers");
  return std::any_of(normalizers.begin(), normalizers.end(), changes_spaces) ||
         std::any_of(pre_tokenizers.begin(), pre_tokenizers.end(),
                     [](dom::element step) { return text_of(step, "type") == "Metaspace"; });
}

void read_pieces(dom::element root, std::string_view content, const std::string& path, Vocabulary& vocabulary) {
  PieceForm form = PieceReader(root, path, vocabulary).read();
  form.json = content;
  vocabulary.pieces = std::make_shared<const PieceForm>(std::move(form));
  vocabulary.whole_pretoken_first = false;
}

}  // namespace ftok
