// TrainCheckpoint: a folder from which counting a corpus and training on it go on after they were killed. It holds
//   state.json       what it is of (`key`), how far counting has come, and the runs (counts files) of what is counted
//   run-NNNNNN.counts
//   merges.txt       the merges so far: a line "left right count" each
// Each file is complete or absent, and state.json is replaced in one step, so at any moment the folder is that of an
// instant.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file.h"
#include "pipeline/corpus_reader.h"
#include "tokenizer/bpe_train.h"

namespace ftok {

struct CountingState {
  CorpusPosition position;
  uint64_t warcs = 0;  // WARC files counted
  std::vector<std::string> runs;
  uint64_t pretokens = 0;
  bool is_complete = false;
};

class TrainCheckpoint {
 public:
  // Makes and locks the folder. `key` is a digest of all that decides the counts. Throws UsageError when the folder is
  // of another key, or holds runs or merges without a state.json, which are someone else's; Error when another process
  // has it or it is damaged.
  TrainCheckpoint(const std::string& folder, const std::string& key);

  const std::string& folder() const { return folder_; }
  const std::optional<CountingState>& counting() const { return counting_; }  // as it was when this process began
  void save_counting(const CountingState& state);                             // and removes runs that it does not name

  // The merges saved under `key`, a digest of all that decides them, given what they began with; none when there are
  // none.
  std::optional<BpeMerges> load_merges(const std::string& key, const BpeMerges& start, const Vocabulary* base) const;
  void save_merges(const std::string& key, const BpeMerges& merges) const;

 private:
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void read_state();
  void refuse_what_others_hold() const;

  std::string folder_, key_;
  std::unique_ptr<FolderLock> lock_;
  std::optional<CountingState> counting_;
};

}  // namespace ftok
