// Verification of a job's folder: the manifest, the receipt of every task of every pass, and every file they list.
#include <fmt/format.h>

#include <filesystem>

#include "core/file.h"
#include "shards/files/verifier.h"
#include "shards/json_fields.h"
#include "shards/packed_part.h"
#include "shards/receipt_pack.h"

namespace ftok {
namespace fs = std::filesystem;

// Whether what the pass left in work/ may be gone: `ftok job clean` leaves a mark, and in the end removes work/.
bool Verifier::is_cleaned(std::string_view pass) const {
  if (!fs::exists(path_of("work"))) return fs::exists(path_of(task_receipt_name("finish", 0)));
  return fs::exists(path_of(fmt::format("work/{}.cleaned", pass)));
}

void Verifier::files_of(const TaskReceipt& receipt) {
  const bool cleaned = is_cleaned(receipt.pass);
  const auto check = [&](const FileEntry& file) { return listed(file, cleaned && file.name.starts_with("work/")); };
  for (const SlicedFileEntry& sliced : receipt.sliced) check(sliced.file);
  for (const FileEntry& file : receipt.files) {
    if (!check(file) || receipt.pass != "extract" || !file.name.ends_with(".inputs.jsonl")) continue;
    for (const PackedPart& part : read_packed_parts(path_of(file.name))) {
      for (const FileEntry& candidates : part.files) check(candidates);
    }
  }
  for (const ShardEntry& shard : receipt.shards) {
    listed(shard.shard);
    listed(shard.sidecar);
    for (const FileEntry& companion : shard.companions) listed(companion);
  }
}

void Verifier::receipt(const JobManifest& manifest, std::string_view pass, uint64_t task, std::string& extracted) {
  const std::string name = task_receipt_name(pass, task);
  const std::string path = path_of(name);
  listed_.insert(name);
  if (!fs::exists(path)) {
    find(path, fmt::format("is not there: task {} of {} of the pass {} is not done", task,
                           manifest.tasks.at(std::string(pass)), pass));
    return;
  }
  count(path);
  const std::string text = read_file(path);
  if (pass == kPasses[0]) extracted += checksum_of(text);
  const Result<TaskReceipt> receipt = parse_task_receipt(text);
  if (!receipt) {
    find(path, receipt.damage().detail);
  } else if (receipt->pass != pass || receipt->task != task || receipt->job != job_digest_) {
    find(path, "is the receipt of another job or task");
  } else if (pass != kPasses[0] && receipt->after != checksum_of(extracted)) {
    find(path, "was made before an input was extracted again");
  } else {
    files_of(*receipt);
  }
}

// What later tasks of a job in an object store read in place of its receipts, and of its sliced files.
void Verifier::packed_receipts(const std::string& name) {
  listed_.insert(name);
  count(path_of(name));
  if (parse_receipt_pack(read_file(path_of(name))).empty())
    find(path_of(name), "its checksum does not match its bytes");
}

void Verifier::bundle(const std::string& name) {
  count(path_of(name));
  const MappedFile file(path_of(name));
  if (!ends_in_checksum(file.bytes())) find(path_of(name), "its checksum does not match its bytes");
}

void Verifier::job() {
  const std::string path = path_of(kJobName);
  listed_.insert(kJobName);
  count(path);
  const std::string text = read_file(path);
  job_digest_ = checksum_of(text);
  const Result<JobManifest> manifest = parse_job_manifest(text);
  if (!manifest) throw Error(fmt::format("{} is damaged: {}", kJobName, manifest.damage().detail));
  guarded(kBindingName, [&] { bound(kBindingName, manifest->binding); });
  if (!manifest->earlier.empty()) guarded(kEarlierName, [&] { bound(kEarlierName, manifest->earlier); });
  std::string extracted;  // the checksums of its receipts
  for (const std::string_view pass : kPasses) {
    listed_.insert(fmt::format("work/{}.cleaned", pass));
    const std::string pack = fmt::format("receipts/{}{}", pass, kReceiptPackEnding);
    if (fs::exists(path_of(pack))) guarded(pack, [&] { packed_receipts(pack); });
    for (uint64_t task = 0; task < manifest->tasks.at(std::string(pass)); ++task) {
      guarded(task_receipt_name(pass, task), [&] { receipt(*manifest, pass, task, extracted); });
    }
  }
  if (fs::exists(path_of(kManifestName))) guarded(kManifestName, [&] { job_result(*manifest); });
  corpora(manifest->corpora);
  unlisted();
}

// The manifest of the finished folder, held against the receipts.
void Verifier::job_result(const JobManifest& job) {
  const Manifest manifest = read_manifest(path_of(kManifestName));
  if (manifest.binding != job.binding) find(path_of(kManifestName), "was made with another recipe than the job");
  try {
    const JsonFields fields(manifest.job);
    fields.expect("checksum", job_digest_);
    for (const JsonFields& receipt : fields.objects("receipts")) listed(read_file_entry(receipt));
  } catch (const JsonFields::Missing& missing) {
    find(path_of(kManifestName), std::string("is not of this job: ") + missing.what());
  }
  shards_and_parts(manifest);
}

}  // namespace ftok
