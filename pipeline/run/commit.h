// The second half of a run: candidates of one input after the other, in the listed order -> deduplicate -> scrub ->
// encode -> part -> shards. Serial from input to input, parallel inside one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "dedup/deduplicator.h"
#include "pipeline/output_folder.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/run/part_maker.h"
#include "shards/manifest.h"
#include "shards/writer.h"

namespace ftok {

// Serial: one thread at a time calls commit().
class Committer {
 public:
  // Takes up what the folder holds: opens the journal on `state`, rebuilds the index from the keys, brings the shards
  // up to the last part.
  Committer(const OutputFolder& folder, const Plan& plan, const CommitOptions& options, RunState state,
            Progress& progress);
  ~Committer();

  // Commits input `number` (= parts committed so far) from its candidate file, which is then removed.
  void commit(uint64_t number);

  // Publishes the last shards and the complete manifest; call once all inputs are committed.
  void finish();

  // After finish(): warns of what is too small (pipeline/small_corpus.h).
  void warn_of_small_corpus(const std::string& output, const Log& log) const;

  size_t parts() const { return inputs_.size(); }
  const Tally& tally() const { return tally_; }
  std::vector<std::string> shard_names() const;  // after finish()
  const std::vector<std::string>& quarantined() const { return quarantined_; }
  const std::string& first_failure() const { return first_failure_; }  // why the first quarantined input was given up
  // What the index will take for so many documents that reach it, for the log.
  std::string dedup_summary(uint64_t documents_expected) const;

 private:
  void rebuild_index(uint64_t part, uint64_t judged);
  void count(const InputReport& report);
  void add_to_shards(uint64_t part, uint64_t kept);
  Judgement judge(const Document& document);
  Split split(std::string_view split_key);
  std::string id_of(uint64_t document) const;
  void checkpoint();
  void write_final_manifest();

  const OutputFolder& folder_;
  const Plan& plan_;
  CommitOptions options_;
  Progress& progress_;
  PartMaker maker_;
  std::vector<Manifest::Input> inputs_;  // what is committed, for the manifest
  Tally tally_;                          // of it
  std::vector<std::string> quarantined_;
  std::string first_failure_;
  std::vector<uint64_t> first_document_;  // of each part: number of its first judged document
  std::vector<std::string> ids_;          // judged so far in the part being committed
  uint64_t judged_ = 0;
  uint64_t kept_ = 0;
  uint64_t parts_in_shards_ = 0;  // as of the last checkpoint
  std::unique_ptr<Deduplicator> deduplicator_;
  std::unique_ptr<ShardWriter> shards_;
  std::vector<ShardEntry> final_shards_;  // after finish()
  bool only_document_trains_ = false;
  uint64_t shards_completed_at_checkpoint_ = 0;  // of the shard writer
  std::optional<Journal> journal_;
};

}  // namespace ftok
