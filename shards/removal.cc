#include "shards/removal.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "shards/files/remove_steps.h"
#include "shards/job_manifest.h"
#include "shards/json_fields.h"
#include "shards/sealed_json.h"

namespace ftok {
namespace fs = std::filesystem;

std::string removal_name(uint64_t number) { return fmt::format("{}/{:06}.json", kRemovalsFolder, number); }

namespace {

Manifest manifest_to_change(const std::string& folder) {
  const std::string path = folder + "/" + kManifestName;
  if (fs::exists(folder + "/" + kJournalName)) throw Error(fmt::format("{} holds a run that has not ended", folder));
  if (!fs::exists(path))
    throw Error(fmt::format("{} is not a finished output folder: {} is missing", folder, kManifestName));
  if (fs::exists(folder + "/" + kJobName) && fs::exists(folder + "/work")) {
    throw Error(fmt::format("{}/work holds documents of the job too: `ftok job clean {}` first", folder, folder));
  }
  return read_manifest(path);
}

// How many removals the folder has had, as the manifest and the receipts say.
uint64_t removals_so_far(const std::string& folder, const Manifest& manifest) {
  uint64_t removals = manifest.removals;
  while (fs::exists(folder + "/" + removal_name(removals + 1))) ++removals;
  return removals;
}

std::vector<std::string> damaged_receipts(const std::string& folder, uint64_t removals) {
  std::vector<std::string> damaged;
  for (uint64_t number = 1; number <= removals; ++number) {
    const std::string path = folder + "/" + removal_name(number);
    if (!fs::exists(path)) {
      damaged.push_back(path + " is missing");
    } else if (const Result<Removal> removal = parse_removal(read_file(path)); !removal) {
      damaged.push_back(fmt::format("{} is damaged: {}", path, removal.damage().detail));
    }
  }
  return damaged;
}

Removal make_removal(const std::string& folder, uint64_t number, const RemovedCounts& counts,
                     const PendingFiles& files) {
  Removal removal;
  removal.number = number;
  removal.ids.assign(counts.found.begin(), counts.found.end());
  removal.documents = counts.documents;
  removal.tokens = counts.tokens;
  removal.texts = counts.texts;
  for (const auto& [name, entry] : files.files()) {
    const std::string path = folder + "/" + name;
    removal.files.push_back({name, fs::exists(path) ? checksum_of_file(path) : "", entry.checksum});
  }
  return removal;
}

}  // namespace

std::string write_removal(const Removal& removal) {
  JsonWriter json(true);
  json.begin_object().field("format", "ftok-removal").field("version", 1).field("number", removal.number);
  write_texts(json, "ids", removal.ids);
  json.field("documents", removal.documents).field("tokens", removal.tokens).field("texts", removal.texts);
  json.key("files").begin_array();
  for (const Removal::File& file : removal.files) {
    JsonWriter one;
    json.raw(one.begin_object()
                 .field("name", file.name)
                 .field("before", file.before)
                 .field("after", file.after)
                 .end_object()
                 .take());
  }
  json.end_array().end_object();
  return seal_json(json.text());
}

Result<Removal> parse_removal(std::string_view file) {
  const Result<std::string_view> sealed = check_sealed_json(file);
  if (!sealed) return sealed.damage();
  try {
    const JsonFields fields(file);
    fields.expect("format", "ftok-removal");
    fields.expect("version", 1);
    Removal removal;
    removal.number = fields.number("number");
    removal.ids = fields.texts("ids");
    removal.documents = fields.number("documents");
    removal.tokens = fields.number("tokens");
    removal.texts = fields.number("texts");
    for (const JsonFields& one : fields.objects("files"))
      removal.files.push_back({one.text("name"), one.text("before"), one.text("after")});
    return removal;
  } catch (const JsonFields::Missing& missing) {
    return Damage{"bad_removal", missing.what(), 0};
  }
}

std::vector<std::string> signs_of_removals() {
  return {fmt::format("{}/pending.json", kRemovalsFolder), removal_name(1)};
}

bool has_removals(const std::string& folder) {
  const std::vector<std::string> signs = signs_of_removals();
  const std::string manifest = folder + "/" + kManifestName;
  if (fs::exists(manifest)) {
    const Result<Manifest> read = parse_manifest(read_file(manifest));
    if (read && read->removals > 0) return true;
  }
  return std::any_of(signs.begin(), signs.end(),
                     [&](const std::string& name) { return fs::exists(folder + "/" + name); });
}

RemoveResult remove_documents(const std::string& folder, const std::vector<std::string>& ids, RemovalPlace* place) {
  if (!fs::is_directory(folder)) throw Error(folder + " is not a folder");
  RemoveResult result;
  const FolderLock lock(folder);
  PendingFiles files(folder, place);
  result.finished_earlier = files.finish_earlier();
  Manifest manifest = manifest_to_change(folder);
  const uint64_t before = removals_so_far(folder, manifest);
  result.damaged = damaged_receipts(folder, before);
  const IdSet wanted(ids.begin(), ids.end());
  RemovedCounts counts;
  remove_from_shards(folder, wanted, manifest, files, counts);
  remove_from_texts(folder, wanted, manifest, files, counts);
  for (const std::string& id : wanted) {
    if (!counts.found.contains(id)) result.not_found.push_back(id);
  }
  if (files.files().empty()) {
    files.finish_earlier();  // nothing is pending: what was begun goes
    return result;
  }
  manifest.removals = before + 1;
  relist_job(folder, manifest, files);
  result.removal = make_removal(folder, manifest.removals, counts, files);
  files.write(removal_name(result.removal.number), write_removal(result.removal));
  files.commit(removal_name(result.removal.number));
  return result;
}

}  // namespace ftok
