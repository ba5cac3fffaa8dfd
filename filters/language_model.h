// LanguageModel: a fastText classifier (.bin or .ftz, supervised) read with every bound checked, and its exact
// inference.
//
// fastText's own loader trusts the file: a flipped length loads and then crashes in predict. Here the whole structure
// is validated first (sizes, indices, finite numbers, the order of entries), so that a model that loads can be used.
//
// The idea of the speed: fastText adds one row of the input matrix for each character n-gram of each word. Here a
// word's rows are added once and kept in a small cache of the thread (words repeat), and a document is the sum of its
// words. Quantized rows are expanded while loading. Scores differ from fastText's by rounding alone (below 1e-5).
//
// Format: magic 793712314, version 11 or 12, arguments, dictionary, input matrix, output matrix, all little-endian
// (fastText 0.9.2). Inference follows "Bag of Tricks for Efficient Text Classification" (Joulin et al. 2016) and
// "Enriching Word Vectors with Subword Information" (Bojanowski et al. 2016).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace ftok {

// One label with its probability as fastText prints it: exp(log(p + 1e-5)), so a certain label may score 1.00001.
struct LanguageScore {
  uint32_t label = 0;  // index into LanguageModel::labels()
  float probability = 0;
};

struct LanguageModelParts;  // language_model_format.h

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
  int64_t find_word(std::string_view word) const;
  uint32_t bucket_of(uint32_t hash) const;
  bool has_row(uint32_t bucket) const;
  uint32_t row_of_present(uint32_t bucket) const;
  uint32_t add_word(std::string_view word, Scratch& scratch, float* sum) const;
  void find_ngrams(std::string_view bracketed, size_t begin, size_t stop, std::vector<uint32_t>& rows) const;
  uint32_t add_word_ngrams(const std::vector<int32_t>& hashes, double* sum) const;
  void add_rows(const std::vector<uint32_t>& rows, float* sum) const;
  void finish(const float* hidden, std::vector<float>& probabilities) const;

  std::unique_ptr<LanguageModelParts> parts_;
  std::vector<std::string> labels_;
  std::vector<uint32_t> word_slots_;  // open addressing by a seeded hash; entry + 1, 0 is empty
  struct BucketBlock {                // 64 buckets of a pruned model
    uint64_t present = 0;             // one bit per bucket: whether it has a row
    uint32_t first_row = 0;           // of the block's first bucket present; rows lie in the order of their buckets
  };
  std::vector<BucketBlock> bucket_blocks_;
  uint64_t bucket_magic_ = 0;  // division by the number of buckets as a multiplication
  struct Node {
    int32_t left = -1, right = -1;
  };
  std::vector<Node> tree_;       // hierarchical softmax: leaves first, the root last
  std::vector<float> output_t_;  // output matrix, transposed: dim x rows
  std::vector<float> sigmoid_;   // fastText's table of 513 values over -8..8
  uint64_t serial_ = 0;          // tells a thread's cache which model it holds words of
};

}  // namespace ftok
