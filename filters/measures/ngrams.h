// WordNGrams: repeated word n-grams of one document, as Gopher's repetition rules measure them (Rae et al., "Scaling
// Language Models", arXiv 2112.11446, table A1), exactly and in linear time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/hash_seed.h"
#include "filters/measures/index_table.h"

namespace ftok {

// Scratch for one thread, reused from document to document. At most 2^31 words, 2^32 bytes of text.
class WordNGrams {
 public:
  // Takes the words of a document. They must live until the last question about it.
  void assign(const std::vector<std::string_view>& words);

  size_t word_count() const { return chars_before_.size() - 1; }

  // The n-gram that occurs most (of several, the one that comes first): its characters, words joined by one space,
  // times its occurrences; 0 with fewer than n words. Must be asked for n = 2, 3, 4, ... in this order, each once.
  size_t top_chars(size_t n);

  // Gives memory back when the last document was very large.
  void release();

  // Of the table as the last question left it (IndexTable). For tests.
  size_t longest_run() const { return table_.longest_run(); }

  // Characters of n-grams, words joined without a space, that equal an earlier one. From the left; after a hit the
  // search continues after the n-gram. For n >= 2, in any order.
  size_t duplicate_chars(size_t n);

 private:
  void find_repeated_windows();
  size_t words_ahead() const;
  void mark_unique(std::vector<uint32_t>& ids) const;
  std::string_view joined(size_t word, size_t n) const {
    return std::string_view(joined_).substr(begins_[word], begins_[word + n] - begins_[word]);
  }
  size_t chars(size_t word, size_t n) const { return chars_before_[word + n] - chars_before_[word]; }

  std::string joined_;                  // all words, one after the other, and some bytes behind them
  std::vector<uint32_t> begins_;        // of each word in joined_, and the end
  std::vector<uint32_t> chars_before_;  // characters before each word, and of all
  std::vector<uint32_t> word_ids_;      // equal words, equal ids
  std::vector<uint32_t> gram_ids_;      // of the (n-1)-gram at each word: where it occurs first, or kUnique
  std::vector<uint32_t> counts_;        // of the n-gram that occurs first at a word
  std::vector<uint32_t> next_ids_;
  std::vector<uint8_t> window_repeats_;  // 1 where the window_bytes_ at a word's start occur at another's
  size_t window_bytes_ = 0;              // 0: window_repeats_ is not made yet
  IndexTable table_;
  uint64_t seed_ = hash_seed()[0], other_seed_ = hash_seed()[1];
};

}  // namespace ftok
