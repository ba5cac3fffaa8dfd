#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/error.h"
#include "core/run_on_threads.h"
#include "core/signals.h"
#include "dedup/exact.h"
#include "dedup/signatures.h"
#include "pipeline/job/bundles.h"
#include "pipeline/job/repeats.h"
#include "pipeline/job/shuffled_streams.h"
#include "pipeline/job/source_tallies.h"
#include "pipeline/job/task.h"
#include "pipeline/run/extractor.h"
#include "pipeline/run/part_maker.h"
#include "pipeline/run_batch.h"

namespace ftok {
namespace {

// What the resolve tasks answered about the documents of one task, document by document.
class RepeatJudge {
 public:
  RepeatJudge(const TaskContext& context, const Extracted& extracted)
      : context_(context), number_(extracted.begin(context.task())) {
    clusters_ = clusters_of_task(context, extracted);
    const KeyLayout& layout = context.plan.key_layout;
    const size_t words = context.plan.dedup.verifies() ? layout.signature_keys() : 0;
    const std::vector<TaskReceipt> resolved = receipts_of(context.job, "resolve", extracted.digest);
    need_slice_of_all(context.job, resolved, kAnswersMagic, extracted.ends.size(), context.task());
    for (const TaskReceipt& receipt : resolved) {
      if (stop_requested()) throw Stopped();
      const SlicedFileEntry& entry = receipt.sliced.at(0);
      const SlicedFile file(context.job.path_of(entry.file.name), kAnswersMagic, extracted.ends.size(), entry);
      for (Answer& answer : read_answers(file.slice(context.task()), words, entry.file.name)) {
        answers_.push_back(std::move(answer));
      }
    }
    const auto before = [](const Answer& a, const Answer& b) {
      return std::tuple(a.repeat.document, a.repeat.alike, a.repeat.rank, a.repeat.first) <
             std::tuple(b.repeat.document, b.repeat.alike, b.repeat.rank, b.repeat.first);
    };
    std::sort(answers_.begin(), answers_.end(), before);
  }

  // Documents come in their order.
  Judgement judge(const Document& document) {
    std::vector<Repeat> repeats;
    const size_t begin = next_;
    const uint64_t check = document.dedup_keys.empty() ? content_check(document.text) : document.dedup_keys.back();
    Judgement judgement;
    judgement.cluster = next_cluster(document);
    for (; next_ < answers_.size() && answers_[next_].repeat.document == number_; ++next_) {
      Answer& answer = answers_[next_];
      if (answer.repeat.alike == Alike::kCluster) {
        answer.repeat.shared = static_cast<uint32_t>(judgement.cluster.size);
        judgement.cluster.id = answer.id;
      }
      answer.repeat.agrees = answer.check == check;
      if (!answer.signature.empty() && answer.repeat.alike == Alike::kBuckets) {
        answer.repeat.similarity = similarity(document, answer);
      }
      repeats.push_back(answer.repeat);
    }
    ++number_;
    judgement.verdict = verdict_of(repeats, context_.plan.dedup, context_.plan.key_layout, statistics_);
    if (judgement.verdict.kept()) return judgement;
    for (size_t i = begin; i < next_; ++i) {
      if (static_cast<double>(answers_[i].repeat.first) == judgement.verdict.value) {
        judgement.duplicate_of = answers_[i].id;
      }
    }
    return judgement;
  }

  uint64_t judged() const { return number_; }
  bool is_done() const { return next_ == answers_.size(); }
  const DeduplicatorStatistics& statistics() const { return statistics_; }

 private:
  // As far as it is known without answers: the document's own where it comes before all others in it.
  DocumentCluster next_cluster(const Document& document) {
    if (!context_.plan.dedup.joins()) return {};
    const bool shared = next_cluster_ < clusters_.size() && clusters_[next_cluster_].document == number_;
    return {document.id, shared ? clusters_[next_cluster_++].size : 1};
  }

  double similarity(const Document& document, const Answer& answer) const {
    const KeyLayout layout = context_.plan.key_layout.of_text();
    const KeyParts own = layout.parts_of(std::span<const uint64_t>(document.dedup_keys));
    return signature_similarity(answer.signature, own.signature, layout.signature_hashes);
  }

  const TaskContext& context_;
  std::vector<Answer> answers_;
  size_t next_ = 0;
  std::vector<ClusterRecord> clusters_;
  size_t next_cluster_ = 0;
  uint64_t number_;  // of the next document
  DeduplicatorStatistics statistics_;
};

class Commit {
 public:
  Commit(const TaskContext& context, const Extracted& extracted)
      : context_(context),
        extracted_(extracted),
        budget_(context.options.memory / 2),
        options_{.rejects = context.job.rejects(),
                 .text = context.job.manifest().text,
                 .live_max = std::clamp<size_t>(context.options.memory / 2 / kItemBytes, 2,
                                                std::max<size_t>(2, 2 * context.threads)),
                 .budget = &budget_},
        maker_(context.plan, options_, context.progress),
        judge_(context, extracted),
        writer_(maker_.part_options("", 0), paths()) {}

  TaskReceipt run() {
    const uint64_t task = context_.task();
    for (const PackedPart& input : packed_parts(context_.job, extracted_.receipts[task], extracted_inputs_name(task))) {
      add(input);
      ++context_.progress.inputs_committed;
    }
    if (judge_.judged() != extracted_.ends[task] || !judge_.is_done()) {
      throw Error(fmt::format("{}: the candidates are others than those that were judged",
                              context_.job.path_of(candidates_name(task, 0))));
    }
    return finish();
  }

 private:
  PartPaths paths() const {
    const std::string stem = context_.job.path_of(fmt::format("parts/{:06}", context_.task()));
    PartPaths paths;
    const std::string records(records_ending(context_.plan.texts.format));
    const TaskShare inputs =
        share_of_task(context_.job.manifest().inputs.size(), context_.task(), context_.job.tasks("commit"));
    // A task without inputs writes neither file: zstd cannot read an empty one.
    const bool has_inputs = inputs.begin < inputs.end;
    if (has_inputs && context_.job.manifest().text) paths.text = stem + ".text" + records;
    if (has_inputs && context_.job.rejects() != Rejects::kNone) paths.rejects = stem + ".rejects" + records;
    if (!context_.plan.stops()) paths.tokens = context_.job.path_of(tokens_name(context_.task()));
    return paths;
  }

  void add(const PackedPart& input) {
    const std::string path = context_.job.file(input.files.at(0).name);
    CandidateReader reader(path);
    if (write_input_report(reader.report()) != input.report) {
      throw Error(fmt::format("{} is not what its receipt lists: extract the task again", path));
    }
    writer_.begin_part();
    PartDecisions decisions;
    decisions.judge = [this](const Document& document) { return judge_.judge(document); };
    decisions.split = [this](const Document& document, std::string_view key) { return split(document, key); };
    decisions.writes_keys = false;
    const InputReport report = maker_.make(reader, decisions, writer_);
    PackedPart part = writer_.end_part(input.number, write_input_report(report));
    part.judged = input.judged;
    part.bytes["keys"] = input.bytes.at("keys");
    for (const size_t s : {0, 1}) {
      receipt_.numbers[s == 0 ? "train_documents" : "val_documents"] += part.documents[s];
      receipt_.numbers[s == 0 ? "train_tokens" : "val_tokens"] += part.tokens[s];
    }
    if (!context_.plan.stops()) tokens_of_inputs_.push_back(part.bytes.at("tokens"));
    inputs_ += write_packed_part(part);
    tallies_[source_of(report.input)].add(report);
    receipt_.numbers["quarantined"] += report.quarantined.empty() ? 0 : 1;
  }

  // As the id alone decides it. The first document of all that are kept goes to validation, and which one that is, the
  // pass `cut` knows.
  Split split(const Document& document, std::string_view key) {
    const Split split = is_validation(key, context_.plan.validation_per_mille) ? Split::kValidation : Split::kTrain;
    if (!receipt_.numbers.contains("first_split")) {
      receipt_.numbers["first_split"] = static_cast<uint64_t>(split);
      receipt_.numbers["first_tokens"] = document.tokens.size();
    }
    return split;
  }

  TaskReceipt finish() {
    receipt_.files = writer_.commit_files();
    if (context_.plan.shuffle && !context_.plan.stops())
      receipt_.sliced.push_back(write_shuffled(context_, tokens_of_inputs_));
    const std::string name = inputs_name(context_.task());
    write_file(context_.job.path_of(name), inputs_);
    receipt_.files.push_back({name, inputs_.size(), checksum_of(inputs_)});
    receipt_.numbers["exact"] = judge_.statistics().exact;
    receipt_.numbers["url"] = judge_.statistics().url;
    receipt_.numbers["minhash"] = judge_.statistics().minhash;
    receipt_.numbers["unverified"] = judge_.statistics().unverified;
    receipt_.tally = write_tallies(tallies_);
    return std::move(receipt_);
  }

  const TaskContext& context_;
  const Extracted& extracted_;
  MemoryBudget budget_;  // of what is worked on
  CommitOptions options_;
  PartMaker maker_;
  RepeatJudge judge_;
  PartWriter writer_;
  std::string inputs_;
  std::vector<uint64_t> tokens_of_inputs_;  // bytes
  std::map<std::string, SourceTally> tallies_;
  TaskReceipt receipt_;
};

}  // namespace

TaskReceipt commit_pass(const TaskContext& context, const Extracted& extracted) {
  TaskReceipt receipt;
  run_on_threads(context.threads, [&] { receipt = Commit(context, extracted).run(); });
  finish_stages(context.plan.late_stages, context.log);
  return receipt;
}

}  // namespace ftok
