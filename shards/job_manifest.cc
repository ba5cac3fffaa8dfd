#include "shards/job_manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "shards/json_fields.h"
#include "shards/manifest.h"
#include "shards/sealed_json.h"

namespace ftok {
namespace {

constexpr int kVersion = 1;

JobManifest read_manifest_fields(const JsonFields& fields) {
  JobManifest manifest;
  fields.expect("format", "ftok-job");
  fields.expect("version", kVersion);
  manifest.software = fields.string_map("software");
  manifest.binding = fields.text("binding");
  manifest.recipe = fields.text("recipe");
  manifest.folder = fields.text("folder");
  manifest.vocabulary = fields.text("vocabulary");
  manifest.language_model = fields.text("language_model");
  if (fields.has("against")) {
    for (const JsonFields& earlier : fields.objects("against")) manifest.against.push_back(earlier.text("folder"));
    manifest.earlier = fields.text("earlier");
  }
  manifest.rejects = fields.text("rejects");
  manifest.text = fields.raw("text") == "true";
  manifest.tasks = fields.number_map("tasks");
  if (fields.has("corpora")) manifest.corpora = fields.texts("corpora");
  if (fields.has("corpus")) manifest.corpus = fields.text("corpus");
  manifest.tasks.try_emplace("cluster", 0);  // of older jobs, and where nobody asks for clusters
  for (const std::string_view pass : kPasses) {
    if (pass == "cluster") continue;
    const auto tasks = manifest.tasks.find(std::string(pass));
    if (tasks == manifest.tasks.end() || tasks->second == 0) {
      throw JsonFields::Missing(fmt::format("no tasks of the pass {}", pass));
    }
  }
  for (const JsonFields& input : fields.objects("inputs")) {
    JobManifest::Input& read = manifest.inputs.emplace_back();
    read.name = input.text("name");
    if (input.has("bytes")) read.bytes = input.number("bytes");
    if (input.has("etag")) read.etag = input.text("etag");
  }
  return manifest;
}

TaskReceipt read_receipt_fields(const JsonFields& fields) {
  TaskReceipt receipt;
  fields.expect("format", "ftok-task");
  fields.expect("version", kVersion);
  receipt.job = fields.text("job");
  receipt.pass = fields.text("pass");
  receipt.task = fields.number("task");
  receipt.after = fields.text("after");
  receipt.numbers = fields.number_map("numbers");
  receipt.tally = fields.raw("tally");
  for (const JsonFields& file : fields.objects("files")) receipt.files.push_back(read_file_entry(file));
  for (const JsonFields& file : fields.objects("sliced")) {
    receipt.sliced.push_back({read_file_entry(file), file.text("table")});
  }
  for (const JsonFields& shard : fields.objects("shards")) receipt.shards.push_back(read_shard_entry(shard));
  return receipt;
}

}  // namespace

uint64_t all_tasks(const JobManifest& manifest, std::string_view pass) {
  if (std::find(std::begin(kPasses), std::end(kPasses), pass) == std::end(kPasses)) {
    throw UsageError(fmt::format("unknown pass '{}': expected one of {}", pass, fmt::join(kPasses, ", ")));
  }
  const uint64_t tasks = manifest.tasks.at(std::string(pass));
  return pass == kPasses[0] ? tasks : tasks * (1 + manifest.corpora.size());
}

std::string write_job_manifest(const JobManifest& manifest) {
  JsonWriter json(true);
  json.begin_object().field("format", "ftok-job").field("version", kVersion);
  write_map(json, "software", manifest.software);
  json.field("binding", manifest.binding).field("recipe", manifest.recipe);
  json.field("folder", manifest.folder);
  json.field("vocabulary", manifest.vocabulary).field("language_model", manifest.language_model);
  if (!manifest.against.empty()) {
    json.key("against").begin_array();
    for (const std::string& folder : manifest.against) json.begin_object().field("folder", folder).end_object();
    json.end_array().field("earlier", manifest.earlier);
  }
  json.field("rejects", manifest.rejects).field("text", manifest.text);
  write_map(json, "tasks", manifest.tasks);
  write_texts(json, "corpora", manifest.corpora);
  if (!manifest.corpus.empty()) json.field("corpus", manifest.corpus);
  json.key("inputs").begin_array();
  for (const JobManifest::Input& input : manifest.inputs) {
    JsonWriter one;
    one.begin_object().field("name", input.name);
    if (input.bytes) one.field("bytes", *input.bytes);
    if (input.etag) one.field("etag", *input.etag);
    json.raw(one.end_object().take());
  }
  json.end_array().end_object();
  return seal_json(json.text());
}

Result<JobManifest> parse_job_manifest(std::string_view file) {
  const Result<std::string_view> sealed = check_sealed_json(file);
  if (!sealed) return sealed.damage();
  try {
    return read_manifest_fields(JsonFields(file));
  } catch (const JsonFields::Missing& missing) {
    return Damage{"bad_manifest", missing.what(), 0};
  }
}

TaskShare share_of_task(uint64_t count, uint64_t task, uint64_t tasks) {
  __extension__ using Wide = unsigned __int128;
  const auto end = [&](uint64_t taken) { return static_cast<uint64_t>(static_cast<Wide>(count) * taken / tasks); };
  return {end(task), end(task + 1)};
}

uint64_t TaskReceipt::number(const std::string& name) const {
  const auto found = numbers.find(name);
  return found == numbers.end() ? 0 : found->second;
}

std::string write_task_receipt(const TaskReceipt& receipt) {
  JsonWriter json(true);
  json.begin_object().field("format", "ftok-task").field("version", kVersion).field("job", receipt.job);
  json.field("pass", receipt.pass).field("task", receipt.task).field("after", receipt.after);
  write_map(json, "numbers", receipt.numbers);
  json.key("tally").raw(receipt.tally).key("files").begin_array();
  for (const FileEntry& file : receipt.files) json.raw(write_file_entry(file));
  json.end_array().key("sliced").begin_array();
  for (const SlicedFileEntry& sliced : receipt.sliced) {
    JsonWriter one;
    one.begin_object().field("name", sliced.file.name).field("bytes", sliced.file.bytes);
    one.field("checksum", sliced.file.checksum).field("table", sliced.table).end_object();
    json.raw(one.text());
  }
  json.end_array().key("shards").begin_array();
  for (const ShardEntry& shard : receipt.shards) json.raw(write_shard_entry(shard));
  json.end_array().end_object();
  return seal_json(json.text());
}

Result<TaskReceipt> parse_task_receipt(std::string_view file) {
  const Result<std::string_view> sealed = check_sealed_json(file);
  if (!sealed) return sealed.damage();
  try {
    return read_receipt_fields(JsonFields(file));
  } catch (const JsonFields::Missing& missing) {
    return Damage{"bad_receipt", missing.what(), 0};
  }
}

std::string task_receipt_name(std::string_view pass, uint64_t task) {
  return fmt::format("receipts/{}/{:06}.json", pass, task);
}

}  // namespace ftok
