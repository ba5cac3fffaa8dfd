// RunJudge: says of each document of a run whether it repeats another that is kept before it. With an index in memory
// as long as that fits dedup.memory (Deduplicator), then with sorted runs of keys on disk (SortedKeys), whose verdicts
// are the same; where documents have ranks (dedup/keeper.h), with those from the beginning. It also knows the ids of
// all documents that were judged or gathered, from their keys files.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/log.h"
#include "dedup/deduplicator.h"
#include "pipeline/output_folder.h"
#include "pipeline/plan.h"
#include "pipeline/run/part_maker.h"
#include "pipeline/run/sorted_keys.h"

namespace ftok {

// Serial. Inputs come in the listed order: those that have their part are replayed, then each is admitted, now or once
// it was gathered, and its documents are judged.
class RunJudge {
 public:
  // `corpus`: of the folder, where documents are routed; else "".
  RunJudge(const OutputFolder& folder, const std::string& corpus, const Plan& plan, const Log& log);

  size_t keys_per_document() const { return keys_.keys_per_document(); }

  // The next part, with so many documents judged.
  void replay(uint64_t part, uint64_t judged);

  // Whether the next input, of so many documents, can be judged by itself. If not, from then on inputs are gathered.
  bool admits(uint64_t documents);
  // Takes in the ids and keys of the next input.
  void gather(CandidateReader& reader);
  // How many inputs, of those gathered and not begun, can be judged without waiting for more.
  size_t decidable() const;

  // The documents of the next input follow. It was admitted or gathered.
  void begin_part();
  Judgement judge(const Document& document);

  // What the index will take for so many documents, for the log.
  std::string summary(uint64_t documents_expected) const;

 private:
  // What is known of a document.
  struct Row {
    std::string id;
    uint64_t check = 0, rank = 0;
    std::vector<uint64_t> signature;
  };

  void add_part(KeysPart part, uint64_t judged);
  void go_to_disk();
  void gather_part(size_t part);
  void forget_gathered();
  Verdict verdict(std::span<const uint64_t> all_keys);
  Row row(uint64_t document) const;
  std::string scratch() const;
  std::string own_keys(size_t part) const;

  const OutputFolder& folder_;
  const Plan& plan_;
  const EarlierDocuments& earlier_;
  const Log& log_;
  Deduplicator keys_;                    // for the keys: it judges nothing
  std::unique_ptr<Deduplicator> index_;  // this, or,
  std::unique_ptr<SortedKeys> sorted_;   // where it does not fit, this
  // Earlier documents; the run's parts, the one in progress included; inputs that were gathered.
  std::vector<KeysPart> parts_;
  std::vector<uint64_t> first_document_;  // of each
  size_t begun_ = 0;                      // of parts_, those that are no longer gathered only
  std::vector<std::string> ids_;          // with an index: judged so far in the part in progress
  uint64_t judged_ = 0;
  DeduplicatorStatistics statistics_;  // of sorted_'s verdicts
};

}  // namespace ftok
