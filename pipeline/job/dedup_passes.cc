// The passes of a job that deduplicate (dedup/passes.h): group, decide, resolve. What they write and read of each other
// are sliced files; the records in them are pairs of words.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/signals.h"
#include "dedup/passes.h"
#include "pipeline/job/bundles.h"
#include "pipeline/job/key_runs.h"
#include "pipeline/job/repeats.h"
#include "pipeline/job/task.h"
#include "shards/bytes.h"
#include "shards/part.h"

namespace ftok {
namespace {

// With the scope "file": the first document of each input of the job.
std::vector<uint64_t> input_begins(const Job& job, const Extracted& extracted) {
  std::vector<uint64_t> begins;
  uint64_t documents = extracted.earlier();
  for (const TaskReceipt& receipt : extracted.receipts) {
    for (const PackedPart& part : packed_parts(job, receipt, extracted_inputs_name(receipt.task))) {
      begins.push_back(documents);
      documents += part.judged;
    }
  }
  return begins;
}

std::string edges_name(uint64_t range) { return fmt::format("work/{:06}.edges", range); }
std::string repeats_name(uint64_t task) { return fmt::format("work/{:06}.repeats", task); }

}  // namespace

TaskReceipt group_pass(const TaskContext& context, const Extracted& extracted) {
  const Job& job = context.job;
  const size_t ranges = job.tasks("group");
  std::vector<std::unique_ptr<SlicedFile>> files;
  struct Opened {
    KeyRun run;
    std::span<const uint64_t> ranks;
  };
  std::vector<Opened> opened;
  const bool ranked = context.plan.dedup.ranks();
  std::vector<Job::WantedSlices> wanted;
  for (const TaskReceipt& receipt : extracted.receipts) {
    const KeyRunSlices slices(job, receipt, ranked);
    wanted.push_back({receipt.sliced.at(0), slices.all(), {slices.stretch(context.task())}});
    if (ranked) wanted.back().stretches.push_back(slices.ranks_stretch());
  }
  job.need_slices(wanted, kKeyRunMagic);
  for (const TaskReceipt& receipt : extracted.receipts) {
    if (stop_requested()) throw Stopped();
    const KeyRunSlices slices(job, receipt, ranked);
    const SlicedFileEntry& entry = receipt.sliced.at(0);
    files.push_back(std::make_unique<SlicedFile>(job.path_of(entry.file.name), kKeyRunMagic, slices.all(), entry));
    for (size_t run = 0; run < slices.runs(); ++run) {
      const bool own = run < receipt.number("runs");
      opened.push_back(
          {{records_of<KeyRecord>(files.back()->slice(slices.of(context.task(), run))),
            own ? extracted.begin(receipt.task) : extracted.earlier_begin(receipt.task)},
           ranked ? records_of<uint64_t>(files.back()->slice(slices.ranks_of(run))) : std::span<const uint64_t>()});
    }
  }
  // Runs stand in the order of their documents.
  std::stable_sort(opened.begin(), opened.end(),
                   [](const Opened& a, const Opened& b) { return a.run.base < b.run.base; });
  std::vector<KeyRun> runs;
  DocumentRanks ranks;
  for (const Opened& each : opened) {
    runs.push_back(each.run);
    ranks.add(each.ranks);
  }
  GroupOptions options;
  const std::vector<uint64_t> inputs =
      context.plan.dedup.scope == "file" ? input_begins(job, extracted) : std::vector<uint64_t>();
  options.inputs = inputs;
  const bool joins = context.plan.dedup.joins();
  if (!joins) options.first_document = extracted.earlier();
  if (ranked) options.ranks = &ranks;
  std::vector<uint64_t> ends = extracted.ends;
  if (joins) ends.insert(ends.begin(), extracted.earlier());
  EdgeTable edges(ends);
  const uint64_t begin = key_range_begin(context.task(), ranges);
  const uint64_t last = context.task() + 1 == ranges ? UINT64_MAX : key_range_begin(context.task() + 1, ranges) - 1;
  const GroupCounts counts = group_keys(runs, begin, last, options, edges);
  const std::string name = edges_name(context.task());
  SlicedFileWriter file(job.path_of(name), kEdgesMagic, edge_slices(context, extracted), extracted.digest);
  const auto write = [&](size_t range) {
    edges.for_each(range, [&](std::span<const KeyEdge> piece) { write_records(file, piece); });
    file.end_slice();
  };
  for (size_t task = 0; task < extracted.ends.size(); ++task) write(task + (joins ? 1 : 0));
  if (joins) write(0);
  TaskReceipt receipt;
  receipt.sliced.push_back(file.commit(name, edges.size()));
  receipt.numbers = {{"records", counts.records}, {"keys", counts.keys}, {"edges", edges.size()}};
  return receipt;
}

TaskReceipt decide_pass(const TaskContext& context, const Extracted& extracted) {
  const Job& job = context.job;
  const uint64_t task = context.task();
  RangeDecider decider(context.plan.dedup, context.plan.key_layout, extracted.begin(task), extracted.ends[task]);
  const std::vector<TaskReceipt> groups = receipts_of(job, "group", extracted.digest);
  const size_t slices = edge_slices(context, extracted);
  std::vector<Job::WantedSlices> wanted;
  for (const TaskReceipt& receipt : groups) wanted.push_back({receipt.sliced.at(0), slices, {{task, task + 1}}});
  job.need_slices(wanted, kEdgesMagic);
  for (const TaskReceipt& receipt : groups) {
    if (stop_requested()) throw Stopped();
    const SlicedFile edges(job.path_of(receipt.sliced.at(0).file.name), kEdgesMagic, slices, receipt.sliced.at(0));
    decider.add(records_of<KeyEdge>(edges.slice(task)));
  }
  std::vector<std::vector<RepeatRecord>> by_task(extracted.ends.size());
  uint64_t repeats = 0;
  const auto add = [&](const Repeat& repeat) {
    by_task[task_of(extracted, repeat.first)].push_back(pack(repeat));
    ++repeats;
  };
  decider.for_each(add);
  for (const ClusterRecord& cluster : clusters_of_task(context, extracted)) {
    if (cluster.first != cluster.document) add({cluster.document, cluster.first, 0, Alike::kCluster});
  }
  // Bound to the part it is about: its keys file and the number of its documents.
  const std::string name = repeats_name(task);
  SlicedFileWriter file(job.path_of(name), kRepeatsMagic, by_task.size(),
                        file_of(extracted.receipts[task], keys_name(task)).checksum);
  for (const std::vector<RepeatRecord>& records : by_task) {
    write_records(file, std::span<const RepeatRecord>(records));
    file.end_slice();
  }
  TaskReceipt receipt;
  receipt.sliced.push_back(file.commit(name, extracted.ends[task] - extracted.begin(task)));
  receipt.numbers = {{"documents", extracted.ends[task] - extracted.begin(task)}, {"repeats", repeats}};
  return receipt;
}

// The ids of this task's documents, for all documents of all tasks that repeat them.
TaskReceipt resolve_pass(const TaskContext& context, const Extracted& extracted) {
  const Job& job = context.job;
  const uint64_t task = context.task();
  const KeyLookup keys(context, extracted);
  const bool verifies = context.plan.dedup.verifies();
  const std::string name = answers_name(task);
  SlicedFileWriter file(job.path_of(name), kAnswersMagic, extracted.ends.size(),
                        file_of(extracted.receipts[task], keys_name(task)).checksum);
  uint64_t answers = 0;
  std::string row;
  const std::vector<TaskReceipt> decided = receipts_of(job, "decide", extracted.digest);
  need_slice_of_all(job, decided, kRepeatsMagic, extracted.ends.size(), task);
  for (const TaskReceipt& receipt : decided) {
    if (stop_requested()) throw Stopped();
    const SlicedFile repeats(job.path_of(receipt.sliced.at(0).file.name), kRepeatsMagic, extracted.ends.size(),
                             receipt.sliced.at(0));
    check_about(repeats, extracted, receipt.task, receipt.sliced.at(0).file.name);
    for (const RepeatRecord& record : records_of<RepeatRecord>(repeats.slice(task))) {
      const KeyLookup::Row found = keys.row(unpack(record).first);
      row.clear();
      append_answer(row, record, found.check, found.rank, found.id,
                    verifies ? found.signature : std::span<const uint64_t>());
      file.write(row);
      ++answers;
    }
    file.end_slice();
  }
  TaskReceipt receipt;
  receipt.sliced.push_back(file.commit(name, answers));
  receipt.numbers = {{"answers", answers}};
  return receipt;
}

}  // namespace ftok
