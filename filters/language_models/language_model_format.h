// The contents of a fastText model file, validated. Private to filters/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cache_lines.h"
#include "core/result.h"

namespace ftok {

enum class LanguageLoss : int32_t { kHierarchicalSoftmax = 1, kNegativeSampling = 2, kSoftmax = 3, kOneVsAll = 4 };

struct LanguageModelParts {
  int32_t dim = 0;
  int32_t ngram_min = 0, ngram_max = 0;  // characters; ngram_max 0: no character n-grams
  int32_t word_ngrams = 1;
  uint32_t buckets = 0;  // n-grams are hashed into this many
  LanguageLoss loss = LanguageLoss::kSoftmax;

  uint32_t words = 0;                              // entries 0..words-1 are words, the rest labels
  std::vector<std::string> entries;                // dictionary
  std::vector<int64_t> label_counts;               // sum below 1e15
  bool pruned = false;                             // only the buckets in `prune` have rows
  std::vector<std::pair<int32_t, int32_t>> prune;  // bucket -> row after the words, both in range

  uint64_t input_rows = 0;   // >= words + buckets (or the pruned rows)
  LineVector<float> input;   // input_rows x dim
  LineVector<float> output;  // labels x dim
};

// Reads and validates a whole model; Damage::offset is where the bytes stop making sense.
Result<LanguageModelParts> parse_language_model(std::string_view bytes);

}  // namespace ftok
