// The pass `cluster` of a job: one task, which holds 12 bytes for each document (dedup/clusters.h), 8 more where they
// have ranks.
#include <fmt/format.h>

#include <numeric>

#include "core/error.h"
#include "core/signals.h"
#include "dedup/clusters.h"
#include "pipeline/job/key_runs.h"
#include "pipeline/job/repeats.h"
#include "pipeline/job/task.h"

namespace ftok {
namespace {

constexpr char kClustersName[] = "work/000000.clusters";

// The ranks of all documents, the earlier ones first: the last slice of each run (extract_pass.cc).
class Ranks {
 public:
  Ranks(const Job& job, const Extracted& extracted) {
    std::vector<Job::WantedSlices> wanted;
    for (const TaskReceipt& receipt : extracted.receipts) {
      const KeyRunSlices slices(job, receipt, true);
      wanted.push_back({receipt.sliced.at(0), slices.all(), {slices.ranks_stretch()}});
    }
    job.need_slices(wanted, kKeyRunMagic);
    for (const Job::WantedSlices& each : wanted) {
      const std::string path = job.path_of(each.file.file.name);
      files_.push_back(std::make_unique<SlicedFile>(path, kKeyRunMagic, each.slices, each.file));
    }
    for (const bool earlier : {true, false}) {
      for (const TaskReceipt& receipt : extracted.receipts) {
        const KeyRunSlices slices(job, receipt, true);
        const size_t own = receipt.number("runs");
        for (size_t run = earlier ? own : 0; run < (earlier ? slices.runs() : own); ++run) {
          ranks_.add(records_of<uint64_t>(files_[receipt.task]->slice(slices.ranks_of(run))));
        }
      }
    }
  }
  const DocumentRanks& all() const { return ranks_; }

 private:
  std::vector<std::unique_ptr<SlicedFile>> files_;
  DocumentRanks ranks_;
};

}  // namespace

TaskReceipt cluster_pass(const TaskContext& context, const Extracted& extracted) {
  const Job& job = context.job;
  const size_t tasks = extracted.ends.size();
  std::vector<size_t> all(edge_slices(context, extracted));
  std::iota(all.begin(), all.end(), 0);
  ClusterFinder clusters(extracted.ends.back());
  for (const TaskReceipt& receipt : receipts_of(job, "group", extracted.digest)) {
    if (stop_requested()) throw Stopped();
    job.need_slices({{receipt.sliced.at(0), all.size(), {{0, all.size()}}}}, kEdgesMagic);
    const SlicedFile edges(job.path_of(receipt.sliced.at(0).file.name), kEdgesMagic, all.size(), receipt.sliced.at(0));
    for (const size_t slice : all) {
      clusters.add(records_of<KeyEdge>(edges.slice(slice)), context.plan.key_layout);
    }
  }
  std::optional<Ranks> ranks;
  if (context.plan.dedup.ranks()) ranks.emplace(job, extracted);
  clusters.finish(ranks ? &ranks->all() : nullptr);
  SlicedFileWriter file(job.path_of(kClustersName), kClustersMagic, tasks, extracted.digest);
  uint64_t documents = 0, joined = 0;
  for (size_t task = 0; task < tasks; ++task) {
    std::vector<ClusterRecord> records;
    for (uint64_t document = extracted.begin(task); document < extracted.ends[task]; ++document) {
      const ClusterFinder::Cluster cluster = clusters.of(document);
      documents += cluster.first == document ? 1 : 0;
      if (cluster.size > 1) records.push_back({document, cluster.first, cluster.size});
    }
    joined += records.size();
    write_records(file, std::span<const ClusterRecord>(records));
    file.end_slice();
  }
  TaskReceipt receipt;
  receipt.sliced.push_back(file.commit(kClustersName, joined));
  receipt.numbers = {{"clusters", documents}, {"joined", joined}};
  return receipt;
}

std::vector<ClusterRecord> clusters_of_task(const TaskContext& context, const Extracted& extracted) {
  if (!context.plan.dedup.joins()) return {};
  const SlicedFileEntry entry = receipts_of(context.job, "cluster", extracted.digest).at(0).sliced.at(0);
  const size_t tasks = extracted.ends.size();
  context.job.need_slices({{entry, tasks, {{context.task(), context.task() + 1}}}}, kClustersMagic);
  const SlicedFile file(context.job.path_of(entry.file.name), kClustersMagic, tasks, entry);
  const auto records = records_of<ClusterRecord>(file.slice(context.task()));
  return {records.begin(), records.end()};
}

}  // namespace ftok
