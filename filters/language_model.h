// LanguageModel: a fastText classifier (.bin or .ftz, supervised) read with every bound checked, and its exact
// inference.
//
// fastText's own loader trusts the file: a flipped length loads and then crashes in predict. Here the whole structure
// is validated first (sizes, indices, finite numbers, the order of entries), so that a model that loads can be used.
//
// The idea of the speed: fastText adds one row of the input matrix for each character n-gram of each word. Here a
// word's rows are added once and kept in a small cache of the thread (words repeat), and a document is the sum of its
// words. The words come some thirty at a time: the rows of those not in the cache are found for all of them, and asked
// for, before the first is added. Quantized rows are expanded while loading. Scores differ from fastText's by rounding
// alone (below 1e-5).
//
// Format: magic 793712314, version 11 or 12, arguments, dictionary, input matrix, output matrix, all little-endian
// (fastText 0.9.2). Inference follows "Bag of Tricks for Efficient Text Classification" (Joulin et al. 2016) and
// "Enriching Word Vectors with Subword Information" (Bojanowski et al. 2016).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/vector_level.h"

namespace ftok {

// One label with its probability as fastText prints it: exp(log(p + 1e-5)), so a certain label may score 1.00001.
struct LanguageScore {
  uint32_t label = 0;  // index into LanguageModel::labels()
  float probability = 0;
};

struct LanguageModelParts;  // language_model_format.h
struct NgramRows;           // word_ngrams.h

class LanguageModel {
 public:
  // Reads a model from memory; `bytes` may go away afterwards. Damage names what is wrong and the offset.
  static Result<std::unique_ptr<const LanguageModel>> parse(std::string_view bytes);

  // Reads a model file; throws Error naming the file and the offset of what is wrong.
  static std::unique_ptr<const LanguageModel> load(const std::string& path);

  ~LanguageModel();
  LanguageModel(const LanguageModel&) = delete;
  LanguageModel& operator=(const LanguageModel&) = delete;

  // The labels without the prefix "__label__", in the model's order.
  const std::vector<std::string>& labels() const { return labels_; }

  // The probability of every label for the whole of `text` (UTF-8, but any bytes do; white space of any kind parts the
  // words, a word "</s>" ends the text as it does in fastText). `probabilities` gets labels().size() values, those
  // below 1e-5 as 0 under hierarchical softmax. Returns false, and no values, when the text holds nothing the model
  // knows: no word, or none of which it has a row (fastText's library answers by the end of the line alone then).
  // Thread-safe; the same text gives the same bits on every thread.
  bool score(std::string_view text, std::vector<float>& probabilities) const;

  // The `k` best labels, best first (ties: the lower index).
  std::vector<LanguageScore> best(std::string_view text, size_t k) const;

  uint64_t memory_bytes() const;

  size_t longest_run() const;  // of the table of words: no search looks at more slots; for tests

 private:
  class Scratch;
  explicit LanguageModel(LanguageModelParts&& parts);

  void build_word_table();
  void order_pruned_rows();
  void build_tree();
  int64_t find_word(std::string_view word, uint64_t hash) const;
  bool find_own_row(std::string_view word, uint64_t hash, std::vector<uint32_t>& rows) const;
  uint32_t add_word(std::string_view word, Scratch& scratch, float* sum) const;
  struct Word;
  void look_up(std::span<Word> words, Scratch& scratch) const;
  uint64_t add_words(std::span<Word> words, Scratch& scratch) const;
  size_t rows_of_buckets(std::vector<uint32_t>& rows, size_t first, size_t last) const;
  uint32_t add_word_ngrams(const std::vector<int32_t>& hashes, double* sum) const;
  void add_rows(std::span<const uint32_t> rows, float* sum) const;
  void finish(const float* hidden, std::vector<float>& probabilities) const;

  std::unique_ptr<LanguageModelParts> parts_;
  std::vector<std::string> labels_;
  std::vector<uint32_t> word_slots_;  // entries, in open addressing by a seeded hash
  std::vector<uint16_t> word_tags_;   // of each slot: some bits of its word's hash, 0 for an empty one
  std::unique_ptr<NgramRows> ngrams_;
  VectorLevel level_ = vector_level();
  struct Node {
    int32_t left = -1, right = -1;
  };
  std::vector<Node> tree_;       // hierarchical softmax: leaves first, the root last
  std::vector<float> output_t_;  // output matrix, transposed: dim x rows
  std::vector<float> sigmoid_;   // fastText's table of 513 values over -8..8
  uint64_t serial_ = 0;          // tells a thread's cache which model it holds words of
};

}  // namespace ftok
