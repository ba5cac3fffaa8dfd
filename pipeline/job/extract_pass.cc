#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/run_on_threads.h"
#include "core/shown.h"
#include "core/signals.h"
#include "core/temporary_files.h"
#include "dedup/key_records.h"
#include "pipeline/input_names.h"
#include "pipeline/inputs.h"
#include "pipeline/job/earlier_keys.h"
#include "pipeline/job/input_versions.h"
#include "pipeline/job/key_runs.h"
#include "pipeline/job/source_tallies.h"
#include "pipeline/job/task.h"
#include "pipeline/run/candidates.h"
#include "pipeline/run/extractor.h"
#include "shards/part.h"

namespace ftok {
namespace {

constexpr size_t kRunRecordsMax = size_t{1} << 23;  // of a sorted run: 128 MiB, and as much again while it is sorted

// Puts together what the candidates of a task's inputs say: their ids and keys, the sorted runs of the keys, the list
// of inputs.
class Gatherer {
 public:
  explicit Gatherer(const TaskContext& context)
      : context_(context),
        inputs_store_(context.options.fetch, context.log),
        deduplicator_(context.plan.dedup, context.plan.key_layout),
        keys_(key_options(), key_paths()),
        runs_(context.job.path_of("work"), context.job.tasks("group"), context.plan.dedup.ranks()) {}

  void add(uint64_t input) {
    if (stop_requested()) throw Stopped();
    const std::string name = candidates_name(context_.task(), input);
    const std::string path = context_.job.file(name);
    CandidateReader reader(path);
    InputReport report = reader.report();
    check(input, report);
    keys_.begin_part();
    Candidate candidate;
    while (reader.next(candidate)) {
      if (candidate.is_document) add_document(candidate.document);
    }
    PackedPart part = keys_.end_part(input, write_input_report(report));
    uint64_t bytes = 0;
    const std::string checksum = checksum_of_file(path, &bytes);
    part.files.push_back({name, bytes, checksum});
    inputs_ += write_packed_part(part);
    tallies_[source_of(report.input)].add(report);
    ++receipt_.numbers["inputs"];
    receipt_.numbers["quarantined"] += report.quarantined.empty() ? 0 : 1;
    receipt_.numbers["bytes"] += report.stored_bytes;
  }

  // The runs of earlier documents, after those of the task's own.
  void add_earlier() {
    end_run();
    receipt_.numbers["records"] = runs_.records();
    receipt_.numbers["runs"] = runs_.runs();
    const TaskShare share = earlier_share(context_);
    uint64_t documents = 0;
    for (size_t file = share.begin; file < share.end; ++file) {
      for (const std::unique_ptr<PartKeys>& keys : open_earlier(context_, context_.earlier().parts[file])) {
        if (stop_requested()) throw Stopped();
        keys->for_each([&](uint64_t, std::string_view, std::span<const uint64_t> row) {
          if (context_.plan.dedup.ranks()) ranks_.push_back(0);
          append_records(context_.plan.dedup, context_.plan.key_layout, row, documents++, records_);
          if (records_.size() >= kRunRecordsMax) end_run();
        });
      }
    }
    if (documents > 0) end_run();
    receipt_.numbers["earlier"] = documents;
    receipt_.numbers["earlier_runs"] = runs_.runs() - receipt_.numbers["runs"];
    const std::string name = fmt::format("work/{:06}.run", context_.task());
    receipt_.sliced.push_back(runs_.write(context_.job.path_of(name), name, context_.job.digest()));
  }

  TaskReceipt finish() {
    receipt_.files = keys_.commit_files();
    const std::string name = extracted_inputs_name(context_.task());
    write_file(context_.job.path_of(name), inputs_);
    receipt_.files.push_back({name, inputs_.size(), checksum_of(inputs_)});
    receipt_.numbers["judged"] = judged_;
    receipt_.tally = write_tallies(tallies_);
    return std::move(receipt_);
  }

 private:
  PartOptions key_options() const {
    PartOptions options;
    options.keys_per_document = deduplicator_.keys_per_document();
    return options;
  }

  PartPaths key_paths() const {
    PartPaths paths;
    paths.keys = context_.job.path_of(keys_name(context_.task()));
    return paths;
  }

  // What was read is what was planned.
  void check(uint64_t input, const InputReport& report) const {
    const JobManifest::Input& planned = context_.job.manifest().inputs[input];
    check_version(inputs_store_, unescape_bytes(planned.name), planned);
    if (!report.quarantined.empty() || !planned.bytes || *planned.bytes == report.stored_bytes) return;
    throw Error(fmt::format("{} has {} bytes, {} lists {}: it was changed after the job was planned", planned.name,
                            report.stored_bytes, context_.job.path_of(kJobName), *planned.bytes),
                kConfigurationExitCode);
  }

  void add_document(const Document& document) {
    const std::vector<uint64_t> keys = deduplicator_.keys(document);
    keys_.add_judged(document.id, keys);
    const DeduplicatorOptions& options = context_.plan.dedup;
    if (deduplicator_.active()) {
      if (options.ranks()) ranks_.push_back(context_.plan.key_layout.rank_of(keys));
      const bool has_buckets = append_records(options, context_.plan.key_layout, keys, judged_, records_);
      receipt_.numbers["without_shingles"] += options.minhash && !has_buckets ? 1 : 0;
      if (records_.size() >= kRunRecordsMax) end_run();
    }
    ++judged_;
  }

  void end_run() {
    if (records_.empty() && ranks_.empty() && runs_.runs() > 0) return;
    runs_.add(records_, ranks_);
    records_.clear();
    ranks_.clear();
  }

  const TaskContext& context_;
  S3Store inputs_store_;
  Deduplicator deduplicator_;  // for the keys: it judges nothing
  PartWriter keys_;
  KeyRunsWriter runs_;
  std::vector<KeyRecord> records_;
  std::vector<uint64_t> ranks_;  // of the documents since the last run, where they have any
  std::string inputs_;
  std::map<std::string, SourceTally> tallies_;
  uint64_t judged_ = 0;
  TaskReceipt receipt_;
};

// The task's inputs whose candidates are missing somewhere.
std::vector<size_t> missing_inputs(const TaskContext& context, const std::vector<std::string>& inputs, TaskShare share,
                                   const CandidatePlaces& places) {
  std::vector<size_t> missing;
  for (size_t number = share.begin; number < share.end; ++number) {
    for (size_t place = 0; place <= context.plan.corpora.size(); ++place) {
      const std::optional<InputReport> report = report_of_candidates(places.path(number, place));
      const bool is_there = report && is_what_was_read(*report, inputs[number]);
      const bool was_given_up = report && !report->quarantined.empty();
      if (was_given_up ? !context.options.retry : is_there) continue;
      missing.push_back(number);
      break;
    }
  }
  return missing;
}

TaskReceipt gather(const TaskContext& context, TaskShare share) {
  for (const char* folder : {"parts", "receipts/extract"}) {
    make_folder(context.job.path_of(folder));
    remove_dead_temporaries(context.job.path_of(folder));
  }
  Gatherer gatherer(context);
  for (size_t number = share.begin; number < share.end; ++number) gatherer.add(number);
  gatherer.add_earlier();
  return gatherer.finish();
}

}  // namespace

TaskReceipt extract_pass(const TaskContext& context) {
  const Job& job = context.job;
  std::vector<std::string> inputs;
  for (const JobManifest::Input& input : job.manifest().inputs) inputs.push_back(unescape_bytes(input.name));
  const std::vector<std::string> names = input_names(inputs);
  const TaskShare share = share_of_task(inputs.size(), context.task(), job.tasks("extract"));
  const std::vector<Job> jobs = job.with_corpora();
  for (const Job& each : jobs) {
    each.refresh(fmt::format("work/{:06}/", context.task()));  // what earlier attempts finished
    for (const std::string& folder : {std::string("work"), fmt::format("work/{:06}", context.task())}) {
      make_folder(each.path_of(folder));
      remove_dead_temporaries(each.path_of(folder));
    }
  }
  const CandidatePlaces places = {
      [&](size_t number, size_t place) { return jobs[place].path_of(candidates_name(context.task(), number)); },
      [](size_t, size_t) { return false; }};
  const std::vector<size_t> missing = missing_inputs(context, inputs, share, places);
  context.progress.inputs_total = share.end - share.begin;
  context.progress.inputs_committed = share.end - share.begin - missing.size();
  run_on_threads(context.threads, [&] {
    MemoryBudget budget(context.options.memory / 2);
    const ExtractorOptions options = {.threads = context.threads,
                                      .memory = context.options.memory,
                                      .budget = &budget,
                                      .rejects = job.rejects(),
                                      .fetch = context.options.fetch,
                                      .refusal_ends = true};
    Extractor extractor(inputs, names, context.plan, options, context.progress, context.log);
    extractor.run(missing, places, [&](size_t number) {
      for (size_t place = jobs.size(); place-- > 0;) jobs[place].publish({candidates_name(context.task(), number)});
      ++context.progress.inputs_read;
      ++context.progress.inputs_committed;
    });
  });
  for (size_t place = 1; place < jobs.size(); ++place) {
    const TaskContext own = {jobs[place],      context.options, context.plan,
                             context.progress, context.log,     context.threads};
    TaskReceipt receipt = gather(own, share);
    publish_receipt(jobs[place], kPasses[0], context.task(), "", receipt);
  }
  return gather(context, share);
}

}  // namespace ftok
