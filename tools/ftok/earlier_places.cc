#include "tools/ftok/earlier_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "pipeline/routing.h"
#include "shards/job_manifest.h"
#include "shards/manifest.h"

namespace ftok::cli {
namespace {

constexpr std::string_view kKeysEnding = ".keys", kInputsEnding = ".inputs.jsonl";

bool tells_of_keys(std::string_view name) {
  const std::string_view base = name.substr(name.rfind('/') + 1);
  return base == kManifestName || base == kJobName || name.ends_with(kInputsEnding);
}

// Of a job, what says which keys it has: its receipts, by few requests where they are packed. Returns whether it is
// one.
bool fetch_receipts(JobStore& store, const std::string& below) {
  store.refresh_file(below + kJobName);
  const std::string path = store.folder() + "/" + below + kJobName;
  if (!std::filesystem::exists(path)) return false;
  store.refresh_file(below + kManifestName);
  store.refresh(fmt::format("{}receipts/{}/", below, kPasses[0]), nullptr, JobStore::Packs::kUsed);
  const Result<JobManifest> manifest = parse_job_manifest(read_file(path));
  if (!manifest) return true;  // damaged, as who reads it says
  for (const std::string& corpus : manifest->corpora) {
    fetch_receipts(store, fmt::format("{}{}/{}/", below, kCorporaFolder, corpus));
  }
  return true;
}

// Of a run, its manifest and the first and last bytes of each keys file.
void fetch_ends(JobStore& store) {
  store.refresh("", tells_of_keys);
  std::vector<S3Object> keys = store.list("");
  std::erase_if(keys, [](const S3Object& object) { return !object.key.ends_with(kKeysEnding); });
  JobStore::for_each(keys.size(), [&](size_t i) {
    const auto& [name, size, etag] = keys[i];
    if (size < PartKeys::kHeaderBytes + PartKeys::kFooterBytes) return store.fetch(name);
    store.fetch_part(name, size, 0, PartKeys::kHeaderBytes);
    store.fetch_part(name, size, size - PartKeys::kFooterBytes, PartKeys::kFooterBytes);
  });
}

}  // namespace

EarlierPlaces::EarlierPlaces(const std::vector<std::string>& places, Keys keys)
    : fetched_(places, [keys](JobStore& store) {
        if (keys == Keys::kWhole) {
          store.refresh("", [](std::string_view name) { return tells_of_keys(name) || name.ends_with(kKeysEnding); });
        } else if (!fetch_receipts(store, "")) {
          fetch_ends(store);
        }
      }) {}

EarlierByCorpus EarlierPlaces::keys_files(const RecipeConfig& recipe) const {
  if (folders().empty()) return {};
  const Routing routing(recipe);
  std::vector<std::string> corpora = routing.corpora();
  if (corpora.empty()) corpora.emplace_back();
  EarlierByCorpus all;
  for (const std::string& corpus : corpora) {
    EarlierDocuments earlier = named([&] { return earlier_keys_files(folders(), recipe, corpus); });
    for (KeysPart& part : earlier.parts) part.path = fetched_.shown(part.path);
    all[corpus] = std::move(earlier);
  }
  return all;
}

}  // namespace ftok::cli
