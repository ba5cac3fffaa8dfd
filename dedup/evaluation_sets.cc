#include "dedup/evaluation_sets.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "core/error.h"
#include "core/lenient_json.h"
#include "core/scratch.h"
#include "core/text_file.h"
#include "dedup/shingle.h"

namespace ftok {
namespace {

using simdjson::SUCCESS;

ShingleOptions shingles_of(size_t words) {
  ShingleOptions options;
  options.words = words;
  options.punctuation = Punctuation::kSpace;
  options.unspaced = UnspacedWords::kCharacters;
  return options;
}

size_t in_range(const char* key, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max)
    throw UsageError(fmt::format("decontaminate.{}: got {}, expected {} to {}", key, value, min, max));
  return static_cast<size_t>(value);
}

// Calls visit(string) for each string in a value, at any depth.
template <typename Visit>
void for_each_string(const simdjson::dom::element& value, const Visit& visit) {
  if (std::string_view text; value.get(text) == SUCCESS) {
    visit(text);
  } else if (simdjson::dom::array list; value.get(list) == SUCCESS) {
    for (const simdjson::dom::element element : list) for_each_string(element, visit);
  } else if (simdjson::dom::object object; value.get(object) == SUCCESS) {
    for (const auto& [key, element] : object) for_each_string(element, visit);
  }
}

// Of lines of JSON.
void read_json_lines(const std::string& path, const std::vector<std::string>&,
                     const std::function<void(std::string_view json, const std::string& place)>& visit) {
  const std::string bytes = read_text_file(path);
  size_t number = 0;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    const std::string_view line = std::string_view(bytes).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) visit(line, fmt::format("line {}", number));
  }
}

std::string item_name(const simdjson::dom::object& object, const std::string& place) {
  if (std::string_view id; object["id"].get(id) == SUCCESS && !id.empty()) return std::string(id);
  if (int64_t number = 0; object["id"].get(number) == SUCCESS) return std::to_string(number);
  return place;
}

}  // namespace

void EvaluationSetOptions::visit(OptionVisitor& visitor) {
  visitor.field(
      "sets", sets,
      "evaluation sets, files of rows with an item each (JSON Lines, JSON, CSV, TSV, Parquet; compressed or not); "
      "none: this stage does nothing");
  visitor.field("fields", fields, "keys of an item whose strings are looked for; empty: all strings in it");
  visitor.field("ngram_words", ngram_words, "words of an n-gram (GPT-3, appendix C)");
  visitor.field("item_words_min", item_words_min,
                "a string with fewer words than an n-gram is looked for as a whole from so many words on (GPT-3: 8)");
  visitor.field("frequent_items", frequent_items,
                "n-grams of at least so many items, in frequent_sets sets, are ignored and listed");
  visitor.field("frequent_sets", frequent_sets, "see frequent_items");
}

EvaluationSets::EvaluationSets(const EvaluationSetOptions& options, const ItemReader& reader)
    : ngram_words_(in_range("ngram_words", options.ngram_words, 1, 100)),
      short_words_(in_range("item_words_min", options.item_words_min, 1, 100)) {
  in_range("frequent_items", options.frequent_items, 2, INT32_MAX);
  in_range("frequent_sets", options.frequent_sets, 1, INT32_MAX);
  fields_not_met_ = options.fields;
  for (const std::string& path : options.sets) read_set(path, options, reader ? reader : read_json_lines);
  if (!fields_not_met_.empty() && !options.sets.empty())
    throw Error(fmt::format("decontaminate.fields: no item of any set has a field '{}'", fields_not_met_.front()));
  std::sort(postings_.begin(), postings_.end());
  postings_.erase(std::unique(postings_.begin(), postings_.end()), postings_.end());
  ignore_frequent(options);
  texts_ = {};
  std::stable_sort(short_texts_.begin(), short_texts_.end(),
                   [](const ShortText& a, const ShortText& b) { return a.hash < b.hash; });
  for (const Posting& posting : postings_) ++items_[posting.item].ngrams;
  for (const ShortText& text : short_texts_) ++items_[text.item].ngrams;
  make_filter();
}

void EvaluationSets::read_set(const std::string& path, const EvaluationSetOptions& options, const ItemReader& reader) {
  const auto set = static_cast<uint32_t>(set_names_.size());
  std::string name = std::filesystem::path(path).filename().string();
  name = name.substr(0, name.find('.', 1));
  set_names_.push_back(name);
  simdjson::dom::parser parser;
  std::string plain;
  const size_t first = items_.size();
  std::set<std::string, std::less<>> met;  // of options.fields
  reader(path, options.fields, [&](std::string_view json, const std::string& place) {
    simdjson::dom::element root;
    simdjson::dom::object object;
    if (parse_json(parser, json, root, plain) != SUCCESS || root.get(object) != SUCCESS)
      throw Error(fmt::format("{}: {}: not a JSON object, as each item of an evaluation set is", path, place));
    const auto item = static_cast<uint32_t>(items_.size());
    items_.push_back({set, item_name(object, place), 0, 0, false});
    const auto add = [&](std::string_view text) { add_text(text, item); };
    for (const auto& [key, value] : object) {
      const bool is_named = std::find(options.fields.begin(), options.fields.end(), key) != options.fields.end();
      if (is_named) met.emplace(key);
      if (options.fields.empty() ? key != "id" : is_named) for_each_string(value, add);
    }
    items_[item].is_short = items_[item].texts == 0;
  });
  if (items_.size() == first) throw Error(fmt::format("{}: an evaluation set without items", path));
  if (met.empty() && !options.fields.empty())
    throw Error(fmt::format("{}: no item has a field '{}'", path, fmt::join(options.fields, "' or '")));
  std::erase_if(fields_not_met_, [&](const std::string& field) { return met.contains(field); });
}

void EvaluationSets::add_text(std::string_view text, uint32_t item) {
  std::vector<uint64_t> shingles;
  make_shingles(text, shingles_of(ngram_words_), shingles);
  for (const uint64_t hash : shingles) postings_.push_back({hash, item});
  if (!shingles.empty()) {
    ++items_[item].texts;
    texts_.emplace_back(text, item);
    return;
  }
  make_shingles(text, shingles_of(short_words_), shingles);
  if (shingles.empty()) return;
  const size_t words = short_words_ + shingles.size() - 1;
  short_texts_.push_back(
      {shingles.front(), item, static_cast<uint32_t>(words), shingle_strings(text, shingles_of(words)).front()});
  ++items_[item].texts;
}

// What stands in many items of several sets is how questions are put ("which of the following is the best answer to"),
// no item's own.
void EvaluationSets::ignore_frequent(const EvaluationSetOptions& options) {
  std::set<uint64_t> frequent;
  for (size_t begin = 0; begin < postings_.size();) {
    size_t end = begin;
    std::set<uint32_t> sets;
    for (; end < postings_.size() && postings_[end].hash == postings_[begin].hash; ++end)
      sets.insert(items_[postings_[end].item].set);
    if (end - begin >= static_cast<size_t>(options.frequent_items) &&
        sets.size() >= static_cast<size_t>(options.frequent_sets))
      frequent.insert(postings_[begin].hash);
    begin = end;
  }
  if (frequent.empty()) return;
  std::erase_if(postings_, [&](const Posting& posting) { return frequent.contains(posting.hash); });
  std::set<uint64_t> listed;
  std::vector<uint64_t> shingles;
  for (const auto& [text, item] : texts_) {
    make_shingles(text, shingles_of(ngram_words_), shingles);
    std::vector<std::string> strings;
    for (size_t i = 0; i < shingles.size(); ++i) {
      if (!frequent.contains(shingles[i]) || !listed.insert(shingles[i]).second) continue;
      if (strings.empty()) strings = shingle_strings(text, shingles_of(ngram_words_));
      ignored_.push_back(strings[i]);
    }
    if (listed.size() == frequent.size()) break;
  }
}

void EvaluationSets::make_filter() {
  size_t words = 1;
  while (words * 8 < postings_.size() + short_texts_.size()) words *= 2;  // eight bits a hash and more
  filter_.assign(words, 0);
  filter_mask_ = words - 1;
  const auto add = [&](uint64_t hash) { filter_[(hash >> 6) & filter_mask_] |= uint64_t{1} << (hash & 63); };
  for (const Posting& posting : postings_) add(posting.hash);
  for (const ShortText& text : short_texts_) add(text.hash);
}

std::string EvaluationSets::name_of(uint32_t item) const {
  return fmt::format("{}: {}", set_names_[items_[item].set], items_[item].name);
}

// Short strings: their first words are looked up, and the whole is compared.
void EvaluationSets::find_short(std::string_view text, std::vector<Match>& found) const {
  if (short_texts_.empty()) return;
  thread_local std::vector<uint64_t> shingles;
  const ScratchTrim trim(shingles);
  make_shingles(text, shingles_of(short_words_), shingles);
  std::map<uint32_t, std::vector<std::string>> strings;  // by number of words
  for (size_t word = 0; word < shingles.size(); ++word) {
    if (!may_be(shingles[word])) continue;
    auto candidate = std::lower_bound(short_texts_.begin(), short_texts_.end(), shingles[word],
                                      [](const ShortText& t, uint64_t hash) { return t.hash < hash; });
    for (; candidate != short_texts_.end() && candidate->hash == shingles[word]; ++candidate) {
      std::vector<std::string>& of_length = strings[candidate->words];
      if (of_length.empty()) of_length = shingle_strings(text, shingles_of(candidate->words));
      if (word < of_length.size() && of_length[word] == candidate->joined)
        found.push_back({candidate->item, static_cast<uint32_t>(word), 1});
    }
  }
}

size_t EvaluationSets::find(std::string_view text, std::vector<Match>& matches) const {
  thread_local std::vector<uint64_t> shingles;
  const ScratchTrim trim(shingles);
  matches.clear();
  if (items_.empty()) return 0;
  find_short(text, matches);
  size_t count = matches.size();
  make_shingles(text, shingles_of(ngram_words_), shingles);
  for (size_t word = 0; word < shingles.size(); ++word) {
    if (!may_be(shingles[word])) continue;
    auto posting = std::lower_bound(postings_.begin(), postings_.end(), Posting{shingles[word], 0});
    if (posting == postings_.end() || posting->hash != shingles[word]) continue;
    ++count;
    for (; posting != postings_.end() && posting->hash == shingles[word]; ++posting)
      matches.push_back({posting->item, static_cast<uint32_t>(word), 1});
  }
  // One match an item, at its first place.
  std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return std::pair(a.item, a.word) < std::pair(b.item, b.word);
  });
  size_t kept = 0;
  for (const Match& match : matches) {
    if (kept > 0 && matches[kept - 1].item == match.item) {
      matches[kept - 1].ngrams += match.ngrams;
    } else {
      matches[kept++] = match;
    }
  }
  matches.resize(kept);
  std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) { return a.word < b.word; });
  return count;
}

std::string EvaluationSets::ngram_at(std::string_view text, uint32_t word) const {
  for (size_t words = ngram_words_; words > 0; --words) {  // near the end there are fewer
    const std::vector<std::string> strings = shingle_strings(text, shingles_of(words));
    if (word < strings.size()) return strings[word];
  }
  return {};
}

}  // namespace ftok
