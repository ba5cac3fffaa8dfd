// Flags that `ftok vocab count`, `merge-counts` and `train` share, and what they stand for.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/corpus_counter.h"
#include "tools/run/plan.h"
#include "tools/vocab/corpus_count.h"
#include "tools/vocab/train_checkpoint.h"

namespace ftok::cli {

struct CorpusFlags {
  std::vector<std::string> files, weights, recipe_sets;
  std::string pattern, text_key = "text", format = "auto", recipe, memory = "4G", checkpoint, temporary, checkpoint_every = "8G";
  uint64_t threads = 0;
  bool json = false, quiet = false;

  void add_to(CLI::App& command);
  void add_weights_to(CLI::App& command);
};

inline constexpr char kDefaultPattern[] = "cl100k";

// The weight of each file, in their order: of the last --weight FILE=W that names it, else 1. Throws UsageError.
std::vector<uint64_t> weights_of(const std::vector<std::string>& files, const std::vector<std::string>& weights);

// --memory in bytes; throws UsageError below 256M.
uint64_t memory_of(const CorpusFlags& flags);

// The texts of the flags, counted, in memory or in runs beside `output`.
struct CountedCorpus {
  std::unique_ptr<TrainCheckpoint> checkpoint;
  std::unique_ptr<CorpusCounter> counter;
  CorpusCountReport report;
};
CountedCorpus count_corpus(const CorpusFlags& flags, const PretokenPattern& pattern, const std::string& output);

// Opens counts files and checks that all were counted by one pattern; throws Error naming the two that were not.
std::vector<std::unique_ptr<CountsReader>> open_counts(const std::vector<std::string>& files);

}  // namespace ftok::cli
