// CorpusCounter: the pretokens of a corpus of any size, counted by several threads in bounded memory. Each thread
// counts in its own table. Full tables are sorted, added up, written to one *run* on disk (in the layout of counts
// files) and emptied. The result depends on the texts and their weights alone.
//
//   CorpusCounter counter(pattern, {.memory_bytes = ..., .folder = ...});
//   while (there are texts) {
//     several threads: counter.add_text(text, weight), until counter.is_full()
//     one thread:      if (counter.is_full()) counter.spill();
//   }
//   counter.visit(...)
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/counts_file.h"
#include "tokenizer/pretoken_counts.h"

namespace ftok {

// Bytes on disk that vanish with the object, also after a kill. Written first, then read by any number of readers.
class SpillFile {
 public:
  explicit SpillFile(const std::string& folder);  // throws Error naming it
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  void write(std::string_view bytes);        // throws Error naming the folder: "No space left on device"
  std::unique_ptr<ByteSource> open() const;  // must not outlive the file

 private:
  std::string folder_;
  int fd_ = -1;
};

struct CorpusCounterOptions {
  uint64_t memory_bytes = uint64_t{4} << 30;  // of the tables, and of what sorting and merging them takes
  std::string folder = ".";                   // where runs go
  bool keeps_runs = false;                    // runs are files FOLDER/run-NNNNNN.counts that survive (for checkpoints)
};

class CorpusCounter {
 public:
  CorpusCounter(const PretokenPattern& pattern, const CorpusCounterOptions& options);
  ~CorpusCounter();

  // Thread-safe.
  void add_text(std::string_view text, uint64_t weight = 1);
  bool is_full() const { return is_full_.load(std::memory_order_relaxed); }

  // Writes the tables to a run. Not while others add.
  void spill();

  // With keeps_runs: the names of the runs so far, in the folder, and taking them up again at the start.
  std::vector<std::string> run_names() const;
  void take_up(const std::vector<std::string>& run_names);

  // Pretokens counted since the start of this process, each as often as its weight. Thread-safe.
  uint64_t pretokens() const { return pretokens_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const;
  bool has_runs() const { return !runs_.empty(); }

  // After the last text. Calls visit(pretoken, count) for each pretoken once, in order of their bytes when `sorted` or
  // when there are runs. May be called again; after a sorted visit all are.
  void visit(const std::function<void(std::string_view pretoken, uint64_t count)>& visit, bool sorted);

 private:
  struct Run {
    std::string name;                 // of a kept one
    std::unique_ptr<SpillFile> file;  // of another
  };
  struct Table {
    PretokenCounts counts;
    size_t memory_bytes = 0;
  };

  std::unique_ptr<Table> take_table();
  void give_back(std::unique_ptr<Table> table, size_t text_bytes);
  void gather();
  void sort_tables();
  Run write_run(const std::function<void(CountsWriter&)>& fill);
  std::unique_ptr<CountsReader> open(const Run& run) const;
  void join_runs();
  void merge_all(const std::function<void(std::string_view, uint64_t)>& visit) const;

  const PretokenPattern pattern_;
  const CorpusCounterOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Table>> idle_;
  uint64_t memory_bytes_ = 0;  // the most that all tables may come to with the next texts
  std::atomic<bool> is_full_{false};
  std::atomic<uint64_t> pretokens_{0};
  std::vector<SortedPretokens> sorted_;
  std::vector<Run> runs_;
  uint64_t next_run_ = 1;
};

}  // namespace ftok
