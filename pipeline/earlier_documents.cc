#include "pipeline/earlier_documents.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/hex.h"
#include "core/json.h"
#include "core/shown.h"
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

EarlierDocuments numbered(std::vector<KeysPart> parts) {
  EarlierDocuments earlier;
  Checksum checksum;
  for (const KeysPart& part : parts) {
    checksum.update(part.checksum);
    earlier.ends.push_back(earlier.documents() + part.documents);
  }
  earlier.parts = std::move(parts);
  earlier.digest = checksum.hex();
  return earlier;
}

}  // namespace

namespace {

// How many documents a part has, and which.
void look_into(KeysPart& part) {
  const PartKeys keys(part.path, PartKeys::Check::kSizesOnly, part.stretch);
  part.documents = keys.size();
  part.checksum = keys.checksum();
  if (part.stretch.bytes == UINT64_MAX) part.stretch.bytes = fs::file_size(part.path);
}

// The files of keys of a finished job.
std::vector<KeysPart> keys_files_of_job(const std::string& folder) {
  const auto refuse = [&](const std::string& name, std::string_view why) {
    throw UsageError(fmt::format("deduplication against {}: {} {}", folder, name, why));
  };
  const std::string text = read_file(folder + "/" + kJobName);
  const Result<JobManifest> manifest = parse_job_manifest(text);
  if (!manifest) refuse(kJobName, "is damaged");
  const std::string job = checksum_of(text);
  std::vector<KeysPart> files;
  for (uint64_t task = 0; task < manifest->tasks.at(std::string(kPasses[0])); ++task) {
    const std::string name = task_receipt_name(kPasses[0], task);
    if (!fs::exists(folder + "/" + name)) refuse(name, "is not there");
    const Result<TaskReceipt> receipt = parse_task_receipt(read_file(folder + "/" + name));
    if (!receipt) refuse(name, "is damaged");
    if (receipt->job != job || receipt->task != task) refuse(name, "is the receipt of another job or task");
    KeysPart part;
    part.path = part_paths(folder + "/parts", task).keys;
    const std::string keys = fs::path(part.path).lexically_relative(folder).generic_string();
    for (const FileEntry& file : receipt->files) {
      if (file.name != keys) continue;
      part.stretch.bytes = file.bytes;
      part.checksum = from_hex(file.checksum);
    }
    if (part.checksum.empty()) refuse(name, "lists no keys");
    part.documents = receipt->number("judged");
    part.inputs = receipt->number("inputs");
    if (part.inputs > 0) files.push_back(std::move(part));  // a task of no inputs has no keys
  }
  return files;
}

// Calls visit(folder) for each, checked; where documents were routed, for its folder of the corpus.
template <typename Visit>
void for_each_folder(const std::vector<std::string>& folders, const RecipeConfig& recipe, const std::string& corpus,
                     const Visit& visit) {
  const KeyOptions options(recipe);
  if (options.scope == "off" || options.scope == "file") {
    throw UsageError(fmt::format("deduplication against other folders: dedup.scope is \"{}\", expected run or crawl",
                                 options.scope));
  }
  for (const std::string& each : folders) {
    refuse_address(each);
    const std::string folder = corpus.empty() ? each : folder_of_corpus(each, corpus);
    if (folder.empty()) continue;
    check_keys(folder, options);
    visit(folder);
  }
}

}  // namespace

EarlierDocuments earlier_documents(const std::vector<std::string>& folders, const RecipeConfig& recipe,
                                   const std::string& corpus) {
  if (folders.empty()) return {};
  std::vector<KeysPart> parts;
  for_each_folder(folders, recipe, corpus, [&](const std::string& folder) {
    for (KeysPart& part : keys_parts(folder)) {
      if (stop_requested()) throw Stopped();
      look_into(part);
      parts.push_back(std::move(part));
    }
  });
  return numbered(std::move(parts));
}

EarlierDocuments earlier_keys_files(const std::vector<std::string>& folders, const RecipeConfig& recipe,
                                    const std::string& corpus) {
  if (folders.empty()) return {};
  std::vector<KeysPart> files;
  for_each_folder(folders, recipe, corpus, [&](const std::string& folder) {
    const bool is_job = fs::exists(folder + "/" + kJobName);
    for (KeysPart& file : is_job ? keys_files_of_job(folder) : keys_parts(folder)) {
      if (stop_requested()) throw Stopped();
      if (!is_job) look_into(file);
      files.push_back(std::move(file));
    }
  });
  return numbered(std::move(files));
}

EarlierDocuments no_earlier_documents() { return numbered({}); }

std::string write_earlier_list(const EarlierByCorpus& earlier) {
  std::string text;
  for (const auto& [corpus, documents] : earlier) {
    for (const KeysPart& part : documents.parts) {
      JsonWriter json;
      json.begin_object();
      if (!corpus.empty()) json.field("corpus", corpus);
      json.field("keys", escape_bytes(part.path)).field("bytes", part.stretch.bytes);
      if (part.inputs > 0) json.field("inputs", part.inputs);
      json.field("documents", part.documents).field("checksum", to_hex(part.checksum));
      text += json.end_object().take() + "\n";
    }
  }
  return text;
}

EarlierByCorpus read_earlier_list(const std::string& text, const std::string& name) {
  std::map<std::string, std::vector<KeysPart>> parts;
  simdjson::dom::parser parser;
  for (size_t at = 0, line = 1; at < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', at), text.size());
    simdjson::dom::element json;
    std::string_view corpus, keys, checksum;
    KeysPart part;
    if (parser.parse(text.data() + at, end - at).get(json) != simdjson::SUCCESS ||
        json["keys"].get(keys) != simdjson::SUCCESS || json["checksum"].get(checksum) != simdjson::SUCCESS ||
        json["bytes"].get(part.stretch.bytes) != simdjson::SUCCESS ||
        json["documents"].get(part.documents) != simdjson::SUCCESS) {
      throw Error(fmt::format("{}: line {} is not as `ftok plan` wrote it", name, line));
    }
    if (json["corpus"].get(corpus) != simdjson::SUCCESS) corpus = "";
    if (json["inputs"].get(part.inputs) != simdjson::SUCCESS) part.inputs = 0;
    part.path = unescape_bytes(keys);
    part.checksum = from_hex(checksum);
    parts[std::string(corpus)].push_back(std::move(part));
    at = end + 1;
  }
  EarlierByCorpus earlier;
  for (auto& [corpus, own] : parts) earlier[corpus] = numbered(std::move(own));
  return earlier;
}

}  // namespace ftok
