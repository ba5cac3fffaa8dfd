// The second half of a run: candidates of one input after the other, in the listed order -> deduplicate -> scrub ->
// encode -> part -> shards. Serial from input to input, parallel inside one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "pipeline/output_folder.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/run/part_maker.h"
#include "pipeline/run/run_judge.h"
#include "shards/manifest.h"
#include "shards/writer.h"

namespace ftok {

// Serial: one thread at a time calls commit().
class Committer {
 public:
  // Takes up what the folder holds: opens the journal on `state`, rebuilds the index from the keys, brings the shards
  // up to the last part.
  // `corpus`: the name of the one whose folder it is, where there are several.
  Committer(const OutputFolder& folder, std::string corpus, const Plan& plan, const CommitOptions& options,
            RunState state, Progress& progress, const Log& log);
  ~Committer();

  // Commits input `number`, the one after the last, from its candidate file, which is then removed. Where the
  // deduplication index does not fit its memory, inputs wait until enough of them are there to be judged together.
  void commit(uint64_t number);
  // Commits those that wait.
  void commit_waiting();

  // With shards.shuffle, once all inputs are committed: puts their documents in order and into shards. A run that is
  // killed there begins with it again. In the current TBB arena.
  void shuffle();

  // Publishes the last shards and the complete manifest; call once all inputs are committed.
  void finish();

  // After finish(): warns of what is too small (pipeline/small_corpus.h).
  void warn_of_small_corpus(const std::string& output, const Log& log) const;

  size_t parts() const { return inputs_.size(); }
  size_t taken() const { return inputs_.size() + waiting_; }  // inputs: those that are committed, or wait
  const Tally& tally() const { return tally_; }
  std::vector<std::string> shard_names() const;  // after finish()
  const std::vector<std::string>& quarantined() const { return quarantined_; }
  const std::string& first_failure() const { return first_failure_; }  // why the first quarantined input was given up
  // What the index will take for so many documents that reach it, for the log.
  std::string dedup_summary(uint64_t documents_expected) const { return judge_.summary(documents_expected); }

 private:
  void commit_next(CandidateReader& reader);
  void commit_waiting(size_t inputs);
  void count(const InputReport& report);
  void add_to_shards(uint64_t part, uint64_t kept);
  Split split(std::string_view split_key);
  void checkpoint();
  void write_final_manifest();

  const OutputFolder& folder_;
  const std::string corpus_;
  const Plan& plan_;
  CommitOptions options_;
  Progress& progress_;
  PartMaker maker_;
  std::vector<Manifest::Input> inputs_;  // what is committed, for the manifest
  Tally tally_;                          // of it
  std::vector<std::string> quarantined_;
  std::string first_failure_;
  size_t waiting_ = 0;  // inputs
  uint64_t kept_ = 0;
  uint64_t parts_in_shards_ = 0;  // as of the last checkpoint
  RunJudge judge_;
  std::unique_ptr<ShardWriter> shards_;
  std::vector<ShardEntry> final_shards_;  // after finish()
  bool only_document_trains_ = false;
  uint64_t shards_completed_at_checkpoint_ = 0;  // of the shard writer
  std::optional<Journal> journal_;
};

}  // namespace ftok
