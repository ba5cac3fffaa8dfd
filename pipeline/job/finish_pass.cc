#include <fmt/format.h>

#include "core/error.h"
#include "pipeline/job/source_tallies.h"
#include "pipeline/job/task.h"
#include "pipeline/run.h"
#include "pipeline/run/part_maker.h"
#include "pipeline/small_corpus.h"
#include "shards/manifest.h"
#include "shards/shard_format.h"
#include "shards/split_files.h"

namespace ftok {
namespace {

// What the manifest says of the job: job.json's checksum and the receipts of all passes but this one.
std::string job_of(const Job& job) {
  JsonWriter json;
  json.begin_object().field("checksum", job.digest()).key("receipts").begin_array();
  for (const std::string_view pass : kPasses) {
    if (pass == "finish") continue;
    for (uint64_t task = 0; task < job.tasks(pass); ++task) {
      const std::string name = task_receipt_name(pass, task);
      const std::string text = read_file(job.path_of(name));
      json.raw(write_file_entry({name, text.size(), checksum_of(text)}));
    }
  }
  json.end_array().end_object();
  return json.take();
}

// Whether the format's files about a split are made of the shards, not of what receipts say of them: those in a folder
// with the shards are an index.
bool joins_shards(const ShardFormat& format) {
  return !format.split_files(Split::kTrain).empty() && !format.has_split_folders();
}

}  // namespace

TaskReceipt finish_pass(const TaskContext& context, const Extracted& extracted) {
  const Job& job = context.job;
  uint64_t quarantined = 0;
  for (const TaskReceipt& receipt : extracted.receipts) quarantined += receipt.number("quarantined");
  if (quarantined == job.manifest().inputs.size()) {
    throw Error(fmt::format("{}: no input could be read", job.path()), kGivenUpExitCode);
  }
  for (const char* pass : {"group", "cluster", "decide", "resolve"}) receipts_of(job, pass, extracted.digest);
  Tally totals;
  for (const TaskReceipt& receipt : receipts_of(job, "commit", extracted.digest)) {
    for (const auto& [source, of_source] : read_tallies(receipt.tally)) totals.add(of_source.tally);
  }
  Manifest manifest = manifest_of(context.plan, job.manifest().binding, totals, job.manifest().corpus);
  for (TaskReceipt& receipt : receipts_of(job, "cut", extracted.digest)) {
    if (joins_shards(*context.plan.shards.format)) {
      for (const FileEntry& file : files_of(receipt)) job.file(file.name);
    }
    for (ShardEntry& shard : receipt.shards) manifest.shards.push_back(std::move(shard));
  }
  ShardWriterOptions shards = context.plan.shards;
  shards.folder = job.path();
  manifest.split_files = write_split_files(shards, manifest.shards);
  manifest.job = job_of(job);
  const std::string text = write_manifest(manifest);
  write_file(job.path_of(kManifestName), text);
  for (const FileEntry& file : manifest.split_files) job.publish({file.name});  // the manifest comes last
  const int64_t per_mille = context.plan.validation_per_mille;
  sweep_attempts(job);
  // Of a job in several corpora others may be writing still.
  if (job.manifest().corpora.empty() && job.manifest().corpus.empty()) sweep_uploads(job);
  if (!context.plan.stops() && job.manifest().corpora.empty())
    warn_of_small_corpus(job.path(), totals, totals.kept == 1 && per_mille > 0 && per_mille < 1000,
                         manifest.shard_format, manifest.shards, context.log);
  TaskReceipt receipt;
  receipt.files = manifest.split_files;
  receipt.files.push_back({kManifestName, text.size(), checksum_of(text)});
  receipt.numbers = {{"shards", manifest.shards.size()}};
  receipt.tally = write_tallies({{"", {totals}}});
  return receipt;
}

}  // namespace ftok
