#include "pipeline/earlier_documents.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/signals.h"
#include "dedup/deduplicator.h"
#include "dedup/minhash.h"
#include "pipeline/routing.h"
#include "shards/job_manifest.h"
#include "shards/manifest.h"
#include "shards/packed_part.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

// Of a job: each task's parts lie in one file.
std::vector<KeysPart> keys_of_job(const std::string& folder) {
  std::vector<KeysPart> all;
  for (uint64_t task = 0; fs::exists(part_paths(folder + "/parts", task).keys); ++task) {
    FileStretch stretch;
    for (const PackedPart& part : read_packed_parts(fmt::format("{}/parts/{:06}.inputs.jsonl", folder, task))) {
      stretch.bytes = part.bytes.at("keys");
      all.push_back({part_paths(folder + "/parts", task).keys, stretch});
      stretch.begin += stretch.bytes;
    }
  }
  return all;
}

// What decides whether keys can be compared.
struct KeyOptions {
  std::optional<MinHashOptions> minhash;  // none: texts alone are compared
  std::string scope = "off", url = "off";
  bool ranks = false;

  explicit KeyOptions(const RecipeConfig& recipe) {
    const RecipeConfig::Range running = recipe.running();
    for (size_t at = running.first; at < running.end; ++at) {
      const RecipeEntry& entry = recipe.entries[at];
      if (const auto* options = entry.get<MinHashOptions>()) minhash = *options;
      if (const auto* options = entry.get<DeduplicatorOptions>()) {
        scope = options->scope;
        url = options->url;
        ranks = options->ranks();
      }
    }
  }
};

void check_keys(const std::string& folder, const KeyOptions& expected) {
  const std::string path = folder + "/" + kManifestName;
  if (!fs::exists(path)) {
    throw UsageError(
        fmt::format("deduplication against {}: it holds no {}, expected the folder of a finished run or job", folder,
                    kManifestName));
  }
  const KeyOptions found(parse_recipe(read_manifest(path).recipe, path));
  if (found.minhash != expected.minhash) {
    throw UsageError(
        fmt::format("deduplication against {}: its keys were made with other settings of minhash", folder));
  }
  if (found.ranks != expected.ranks) {
    throw UsageError(
        fmt::format("deduplication against {}: its keys were made {} ranks: with another dedup.keep than this recipe's",
                    folder, found.ranks ? "with" : "without"));
  }
  if (found.url != expected.url) {
    throw UsageError(
        fmt::format("deduplication against {}: its keys were made with dedup.url = \"{}\", this recipe has \"{}\"",
                    folder, found.url, expected.url));
  }
  if (found.scope != expected.scope) {
    throw UsageError(
        fmt::format("deduplication against {}: its keys were made with dedup.scope = \"{}\", this recipe has \"{}\"",
                    folder, found.scope, expected.scope));
  }
}

}  // namespace

std::vector<KeysPart> keys_parts(const std::string& folder) {
  std::vector<KeysPart> all;
  if (fs::exists(folder + "/" + kJobName)) {
    all = keys_of_job(folder);
  } else {
    for (uint64_t part = 0; fs::exists(part_paths(folder + "/parts", part).keys); ++part) {
      all.push_back({part_paths(folder + "/parts", part).keys});
    }
  }
  if (all.empty()) throw Error(folder + " holds no parts/000000.keys");
  return all;
}

namespace {

// Where the corpus lies; empty where the folder, which is finished, has none of the name.
std::string folder_of_corpus(const std::string& folder, const std::string& corpus) {
  if (!fs::exists(folder + "/" + kManifestName)) return folder;  // check_keys() says so
  if (!fs::exists(folder + "/" + kCorporaFolder)) {
    throw UsageError(
        fmt::format("deduplication against {}: its documents were not routed to corpora as here (output.by)", folder));
  }
  std::string own = corpus_folder(folder, corpus);
  return fs::exists(own) ? own : "";
}

}  // namespace

EarlierDocuments earlier_documents(const std::vector<std::string>& folders, const RecipeConfig& recipe,
                                   const std::string& corpus) {
  EarlierDocuments earlier;
  if (folders.empty()) return earlier;
  const KeyOptions options(recipe);
  if (options.scope == "off" || options.scope == "file") {
    throw UsageError(fmt::format("deduplication against other folders: dedup.scope is \"{}\", expected run or crawl",
                                 options.scope));
  }
  Checksum checksum;
  for (const std::string& each : folders) {
    refuse_address(each);
    const std::string folder = corpus.empty() ? each : folder_of_corpus(each, corpus);
    if (folder.empty()) continue;
    check_keys(folder, options);
    for (KeysPart& part : keys_parts(folder)) {
      if (stop_requested()) throw Stopped();
      const PartKeys keys(part.path, PartKeys::Check::kSizesOnly, part.stretch);
      checksum.update(keys.checksum());
      earlier.ends.push_back(earlier.documents() + keys.size());
      earlier.parts.push_back(std::move(part));
    }
  }
  earlier.digest = checksum.hex();
  return earlier;
}

}  // namespace ftok
