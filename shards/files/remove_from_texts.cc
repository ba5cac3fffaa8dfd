#include <fmt/format.h>
#include <simdjson.h>
#include <zstd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <new>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "shards/files/remove_steps.h"
#include "shards/job_manifest.h"
#include "shards/packed_part.h"
#include "shards/part.h"
#include "shards/record_file.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

// Calls visit(line), with its line feed, for each line of a zstd frame, or of several.
void for_each_line(std::string_view compressed, const std::string& path,
                   const std::function<void(std::string_view)>& visit) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) throw std::bad_alloc();
  std::string block(ZSTD_DStreamOutSize(), '\0'), text;
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  size_t left = 0;
  for (bool more = true; more;) {
    ZSTD_outBuffer out{block.data(), block.size(), 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left) != 0) throw Error(fmt::format("{} is damaged: {}", path, ZSTD_getErrorName(left)));
    more = in.pos < in.size || out.pos == out.size;
    text.append(block, 0, out.pos);
    size_t at = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
      visit(std::string_view(text).substr(at, end + 1 - at));
      at = end + 1;
    }
    text.erase(0, at);
  }
  if (left != 0 || !text.empty()) throw Error(path + " is damaged: it is cut short");
}

// One file of texts or of reject records, part after part.
class TextRewriter {
  static std::string needed(const std::string& folder, const std::string& name, const PendingFiles& files) {
    files.need(name);
    return folder + "/" + name;
  }

 public:
  TextRewriter(const std::string& folder, const FileEntry& old, const IdSet& ids, PendingFiles& files,
               RemovedCounts& counts)
      : path_(needed(folder, old.name, files)), old_(old), ids_(ids), files_(files), counts_(counts), file_(path_) {
    if (checksum_of(file_.bytes()) != old.checksum) throw Error(path_ + " is not what its receipt lists");
  }

  // The next so many bytes of lines; returns how many they become. Without a removal nothing is written.
  uint64_t part(uint64_t bytes) {
    const std::string_view compressed = file_.bytes().substr(at_, bytes);
    at_ += bytes;
    if (new_ == nullptr) new_ = make_lines_file(files_.path(old_.name));
    new_->begin_part();
    for_each_line(compressed, path_, [&](std::string_view line) { keep_or_remove(line); });
    new_->end_part();
    return new_->part_size().value();
  }
  // The whole file.
  void whole() {
    if (!is_parquet_name(path_)) {
      part(file_.bytes().size());
      return;
    }
    new_ = make_parquet_file(files_.path(old_.name), parquet_columns(path_, file_.bytes()));
    for_each_row(path_, file_.bytes(), [&](std::string_view line) { keep_or_remove(line); });
  }

  // Whether a line went: then the new file is there.
  bool finish() {
    if (!changed_ || new_ == nullptr) return false;
    new_->commit();
    files_.add({old_.name, new_->size(), new_->hex()});
    return true;
  }

 private:
  void keep_or_remove(std::string_view line) {
    if (!goes(line)) new_->write(line);
  }

  bool goes(std::string_view line) {
    simdjson::dom::object object;
    std::string_view id, text;
    const simdjson::padded_string padded(line);
    if (parser_.parse(padded).get(object) != simdjson::SUCCESS || object["id"].get(id) != simdjson::SUCCESS)
      throw Error(path_ + " is damaged: a line is not a document");
    if (!ids_.contains(id) || object["text"].get(text) != simdjson::SUCCESS) return false;
    counts_.found.emplace(id);
    ++counts_.texts;
    changed_ = true;
    return true;
  }

  std::string path_;
  const FileEntry& old_;
  const IdSet& ids_;
  PendingFiles& files_;
  RemovedCounts& counts_;
  MappedFile file_;
  uint64_t at_ = 0;
  bool changed_ = false;
  std::unique_ptr<RecordFile> new_;
  simdjson::dom::parser parser_;
};

bool holds_one(const std::string& path, const IdSet& ids, FileStretch stretch = {}) {
  bool holds = false;
  PartKeys(path, PartKeys::Check::kChecksum, stretch)
      .for_each([&](uint64_t, std::string_view id, std::span<const uint64_t>) { holds = holds || ids.contains(id); });
  return holds;
}

// "text" or "rejects" of the name of such a file, else empty.
std::string_view kind_of_records(std::string_view name) {
  for (const TextFormat format : {TextFormat::kJsonl, TextFormat::kParquet}) {
    const std::string_view ending = records_ending(format);
    if (!name.ends_with(ending)) continue;
    name.remove_suffix(ending.size());
    for (const std::string_view kind : {"text", "rejects"}) {
      if (name.ends_with(kind)) return kind;
    }
  }
  return {};
}

// The parts of a run, each with files of its own.
void remove_from_part(const std::string& folder, const IdSet& ids, Manifest::Input& input, PendingFiles& files,
                      RemovedCounts& counts) {
  PartReceipt receipt = read_part_receipt(folder + "/" + input.receipt.name);
  bool holds = false, changed = false;
  for (const FileEntry& file : receipt.files) {
    if (file.name.ends_with(".keys")) holds = holds_one(folder + "/" + file.name, ids);
  }
  for (FileEntry& file : receipt.files) {
    if (!holds || kind_of_records(file.name).empty()) continue;
    TextRewriter rewriter(folder, file, ids, files, counts);
    rewriter.whole();
    if (!rewriter.finish()) continue;
    file = files.files().at(file.name);
    changed = true;
  }
  if (!changed) return;
  files.write(input.receipt.name, write_part_receipt(receipt));
  input.receipt = files.files().at(input.receipt.name);
}

TaskReceipt read_task(const std::string& folder, std::string_view pass, uint64_t task, const PendingFiles& files) {
  const std::string name = task_receipt_name(pass, task);
  Result<TaskReceipt> receipt = parse_task_receipt(files.read(name));
  if (!receipt) throw Error(fmt::format("{}/{} is damaged: {}", folder, name, receipt.damage().detail));
  return std::move(*receipt);
}

// The parts of a job's task, which lie one after the other.
void remove_from_task(const std::string& folder, const IdSet& ids, uint64_t task, PendingFiles& files,
                      RemovedCounts& counts) {
  const std::string keys = fmt::format("{}/parts/{:06}.keys", folder, task);
  const std::string inputs_name = fmt::format("parts/{:06}.inputs.jsonl", task);
  std::vector<PackedPart> parts = read_packed_parts(folder + "/" + inputs_name);
  FileStretch stretch;
  bool holds = false, changed = false;
  for (const PackedPart& part : parts) {
    stretch.bytes = part.bytes.at("keys");
    holds = holds || holds_one(keys, ids, stretch);
    stretch.begin += stretch.bytes;
  }
  if (!holds) return;
  TaskReceipt receipt = read_task(folder, "commit", task, files);
  for (FileEntry& file : receipt.files) {
    const std::string kind(kind_of_records(file.name));
    if (kind.empty()) continue;
    TextRewriter rewriter(folder, file, ids, files, counts);
    std::vector<uint64_t> bytes;
    if (is_parquet_name(file.name)) {
      rewriter.whole();
    } else {
      for (const PackedPart& part : parts) bytes.push_back(rewriter.part(part.bytes.at(kind)));
    }
    if (!rewriter.finish()) continue;
    for (size_t i = 0; i < bytes.size(); ++i) parts[i].bytes[kind] = bytes[i];
    file = files.files().at(file.name);
    changed = true;
  }
  if (!changed) return;
  std::string lines;
  for (const PackedPart& part : parts) lines += write_packed_part(part);
  files.write(inputs_name, lines);
  for (FileEntry& file : receipt.files) {
    if (file.name == inputs_name) file = files.files().at(inputs_name);
  }
  files.write(task_receipt_name("commit", task), write_task_receipt(receipt));
}

JobManifest read_job(const std::string& folder) {
  Result<JobManifest> manifest = parse_job_manifest(read_file(folder + "/" + kJobName));
  if (!manifest) throw Error(fmt::format("{}/{} is damaged: {}", folder, kJobName, manifest.damage().detail));
  return std::move(*manifest);
}

}  // namespace

void remove_from_texts(const std::string& folder, const IdSet& ids, Manifest& manifest, PendingFiles& files,
                       RemovedCounts& counts) {
  if (!manifest.job.empty()) {
    const uint64_t tasks = read_job(folder).tasks.at("commit");
    for (uint64_t task = 0; task < tasks; ++task) remove_from_task(folder, ids, task, files, counts);
  }
  for (Manifest::Input& input : manifest.inputs) remove_from_part(folder, ids, input, files, counts);
}

void relist_job(const std::string& folder, Manifest& manifest, PendingFiles& files) {
  if (manifest.job.empty()) return files.write(kManifestName, write_manifest(manifest));
  std::map<std::string, const ShardEntry*> by_name;
  for (const ShardEntry& shard : manifest.shards) by_name[shard.shard.name] = &shard;
  const JobManifest job = read_job(folder);
  for (uint64_t task = 0; task < job.tasks.at("cut"); ++task) {
    TaskReceipt receipt = read_task(folder, "cut", task, files);
    std::vector<ShardEntry> shards;
    for (const ShardEntry& shard : receipt.shards) {
      if (by_name.contains(shard.shard.name)) shards.push_back(*by_name.at(shard.shard.name));
    }
    if (shards == receipt.shards) continue;
    receipt.shards = std::move(shards);
    files.write(task_receipt_name("cut", task), write_task_receipt(receipt));
  }
  const JsonFields fields(manifest.job);
  JsonWriter json;
  json.begin_object().field("checksum", fields.text("checksum")).key("receipts").begin_array();
  for (const JsonFields& each : fields.objects("receipts")) {
    const FileEntry entry = read_file_entry(each);
    const auto changed = files.files().find(entry.name);
    json.raw(write_file_entry(changed == files.files().end() ? entry : changed->second));
  }
  manifest.job = json.end_array().end_object().take();
  files.write(kManifestName, write_manifest(manifest));
  TaskReceipt finish = read_task(folder, "finish", 0, files);
  finish.files = manifest.split_files;
  finish.files.push_back(files.files().at(kManifestName));
  files.write(task_receipt_name("finish", 0), write_task_receipt(finish));
}

}  // namespace ftok
