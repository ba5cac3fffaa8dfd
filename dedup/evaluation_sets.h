// EvaluationSets: the word n-grams of benchmarks' items, and which of them a text holds. A model that has read the
// questions of its test is not tested by them.
//
// Texts are compared as near-duplicate detection compares them (normalise.h: case, accents, punctuation and numbers
// aside), in runs of 13 words (Brown et al., "Language Models are Few-Shot Learners", arXiv 2005.14165, appendix C). A
// text of an item that has fewer words is looked for as a whole.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"

namespace ftok {

struct EvaluationSetOptions {
  std::vector<std::string> sets;
  std::vector<std::string> fields;
  int64_t ngram_words = 13;
  int64_t item_words_min = 8;
  int64_t frequent_items = 10;
  int64_t frequent_sets = 2;

  void visit(OptionVisitor& visitor);
};

// Reads a set: calls `visit` for each row of a file with its JSON and its place ("line 17"). StageContext::object_rows.
using ItemReader =
    std::function<void(const std::string& path, const std::vector<std::string>& keys,
                       const std::function<void(std::string_view json, const std::string& place)>& visit)>;

// Const, shared by all threads.
class EvaluationSets {
 public:
  struct Item {
    uint32_t set = 0;       // of set_names()
    std::string name;       // its "id", else its place: "line 17"
    uint32_t texts = 0;     // strings of it that are looked for
    uint32_t ngrams = 0;    // of those, without ignored ones; 0: it cannot be found
    bool is_short = false;  // no string of it has item_words_min words
  };
  // A place of a text that is one of an item's.
  struct Match {
    uint32_t item = 0;
    uint32_t word = 0;    // of the text, where the first of its n-grams begins
    uint32_t ngrams = 0;  // of the text that are the item's
  };

  // Reads files of items; without `reader` they are JSON Lines. Throws UsageError naming the key of an option out of
  // range, Error for a file that cannot be read, a row that is not an object, with its place, and a field that no item
  // has.
  explicit EvaluationSets(const EvaluationSetOptions& options, const ItemReader& reader = {});

  const std::vector<std::string>& set_names() const { return set_names_; }  // files' names without folder and ending
  const std::vector<Item>& items() const { return items_; }
  // N-grams that stand in frequent_items items, of frequent_sets sets, and more: they mean nothing. In order of the
  // text.
  const std::vector<std::string>& ignored() const { return ignored_; }

  // "hellaswag: line 17".
  std::string name_of(uint32_t item) const;

  // The items that the text holds something of, in the order in which they begin there; of items that begin at one word
  // the first. Replaces `matches`; returns how many n-grams of the text belong to any item. Linear; thread-safe.
  size_t find(std::string_view text, std::vector<Match>& matches) const;

  // The words from a word of a text on, as they were compared: what a match shows.
  std::string ngram_at(std::string_view text, uint32_t word) const;

 private:
  struct Posting {
    uint64_t hash;
    uint32_t item;
    auto operator<=>(const Posting&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 sees a 0 there
  };
  // A string of an item with fewer words than an n-gram.
  struct ShortText {
    uint64_t hash;  // of its first item_words_min words
    uint32_t item;
    uint32_t words;
    std::string joined;
  };

  void read_set(const std::string& path, const EvaluationSetOptions& options, const ItemReader& reader);
  void add_text(std::string_view text, uint32_t item);
  void ignore_frequent(const EvaluationSetOptions& options);
  void make_filter();
  bool may_be(uint64_t hash) const { return (filter_[(hash >> 6) & filter_mask_] >> (hash & 63) & 1) != 0; }
  void find_short(std::string_view text, std::vector<Match>& found) const;

  size_t ngram_words_, short_words_;
  std::vector<std::string> set_names_;
  std::vector<Item> items_;
  std::vector<Posting> postings_;       // ascending
  std::vector<ShortText> short_texts_;  // ascending by hash
  std::vector<uint64_t> filter_;        // a bit for each hash of either: most words of a text end there
  uint64_t filter_mask_ = 0;
  std::vector<std::string> ignored_;
  std::vector<std::pair<std::string, uint32_t>> texts_;  // while reading: strings and their items
  std::vector<std::string> fields_not_met_;              // while reading: in no set yet
};

}  // namespace ftok
