// Counting a corpus: pieces to several threads, runs to disk when memory is full, checkpoints in between.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/log.h"
#include "pipeline/corpus_reader.h"
#include "pipeline/plan.h"
#include "pipeline/train_checkpoint.h"
#include "tokenizer/corpus_counter.h"

namespace ftok {

struct CorpusCountOptions {
  size_t threads = 0;  // 0: all cores
  std::string text_key = "text";
  std::vector<CorpusInput> warcs{};  // counted after the reader's: the documents that pass the stages of `plan`
  const Plan* plan = nullptr;
  TrainCheckpoint* checkpoint =
      nullptr;  // saved when memory is full, every `checkpoint_bytes` of text, after each WARC, at the end
  uint64_t checkpoint_bytes = uint64_t{8} << 30;
  bool quiet = false;
  Log log;
};

struct CorpusCountReport {
  uint64_t text_bytes = 0;       // counted by this process
  uint64_t documents = 0;        // of WARC inputs, that passed
  uint64_t empty_documents = 0;  // left out by this process: white space alone
  uint64_t pretokens = 0;        // of all, each as often as its weight
  double seconds = 0;
  uint64_t damaged = 0;  // damaged places of WARC inputs
};

// Counts all inputs of `reader`, and the WARC files, into `counter`, or what a checkpoint says is left of them.
CorpusCountReport count_corpus(CorpusReader& reader, CorpusCounter& counter, const CorpusCountOptions& options);

}  // namespace ftok
