// Flags that `ftok vocab count`, `merge-counts` and `train` share, and what they stand for.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/corpus_count.h"
#include "pipeline/plan.h"
#include "pipeline/train_checkpoint.h"
#include "tokenizer/corpus_counter.h"

namespace ftok::cli {

struct CorpusFlags {
  std::vector<std::string> files, weights, recipe_sets;
  std::string pattern, text_key = "text", format = "auto", recipe, memory = "4G", checkpoint, temporary,
                       checkpoint_every = "8G";
  uint64_t threads = 0;
  bool json = false, quiet = false;

  void add_to(CLI::App& command, bool may_be_fractions = false);
  void add_weights_to(CLI::App& command, bool may_be_fractions);
};

// The pattern of --pattern; throws UsageError naming the flag.
PretokenPattern parse_pattern(const std::string& flag);

inline constexpr char kDefaultPattern[] = "cl100k";

// What each file counts, in their order: times[i] / scale. Weights with a fraction are made whole by counting
// everything `scale` times, the least number that does; so weights of 0.5 and 1.5 are 1 and 3 at a scale of 2, exactly.
struct Weights {
  std::vector<uint64_t> times;
  uint64_t scale = 1;
};

// Of the last --weight FILE=W that names a file, else 1. Throws UsageError.
Weights weights_of(const std::vector<std::string>& files, const std::vector<std::string>& weights);
// The same where the counts go into a file, in which a pretoken is there a whole number of times: refuses fractions.
std::vector<uint64_t> whole_weights_of(const std::vector<std::string>& files, const std::vector<std::string>& weights);

// --memory in bytes; throws UsageError below 256M.
uint64_t memory_of(const CorpusFlags& flags);

// The texts of the flags, counted, in memory or in runs beside `output`.
struct CountedCorpus {
  std::unique_ptr<TrainCheckpoint> checkpoint;
  std::unique_ptr<CorpusCounter> counter;
  CorpusCountReport report;
};
CountedCorpus count_corpus(const CorpusFlags& flags, const std::vector<uint64_t>& weights,
                           const PretokenPattern& pattern, const std::string& output);

// Opens counts files and checks that all were counted by one pattern; throws Error naming the two that were not.
std::vector<std::unique_ptr<CountsReader>> open_counts(const std::vector<std::string>& files);

}  // namespace ftok::cli
