// `ftok remove-ids`: takes documents out of a finished run or job.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/shown.h"
#include "pipeline/inputs.h"
#include "pipeline/routing.h"
#include "shards/manifest.h"
#include "shards/removal.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/job_place.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct RemoveIdsFlags {
  std::string folder, list;
  bool json = false;
};

// The folder, and where its documents are routed, those of the corpora.
std::vector<std::string> all_folders(const std::string& folder) {
  std::vector<std::string> folders = {folder};
  const std::string manifest = folder + "/" + kManifestName;
  if (!std::filesystem::exists(manifest)) return folders;
  for (const std::string& corpus : read_manifest(manifest).corpora) folders.push_back(corpus_folder(folder, corpus));
  return folders;
}

// A folder in an object store: a removal works in a copy of what lists documents, to which come the shards and texts
// that hold one of those that go.
class StoredFolder : public RemovalPlace {
 public:
  // `below`: of the folder in the store, "" or "corpora/NAME/".
  StoredFolder(JobStore& store, std::string below) : store_(store), below_(std::move(below)) {}

  void need(const std::string& name) override { store_.fetch(below_ + name); }

  void keep(const std::vector<std::string>& names) override {
    const std::vector<std::string> all = in_store(names);
    store_.store({all.begin(), all.end() - 1});
    store_.store({all.back()});
  }

  // The store itself copies what was kept to its places; where that is gone already, a killed one had copied all.
  void replace(const std::vector<std::string>& names, const std::vector<std::string>& gone) override {
    const std::vector<S3Object> kept = store_.list(pending() + "/");
    std::map<std::string, S3Object> by_name;  // with what another removal left that was killed before it had its list
    for (const S3Object& object : kept) by_name[object.key.substr(pending().size() + 1)] = object;
    const auto copy = [&](const std::string& name) {
      if (const auto found = by_name.find(name); found != by_name.end()) store_.copy(found->second, below_ + name);
    };
    JobStore::for_each(names.size() - 1, [&](size_t i) { copy(names[i]); });
    copy(names.back());
    store_.remove(in_store(gone));
    forget(kept);
  }

  // What was kept goes, its list as the last.
  void forget() { forget(store_.list(pending() + "/")); }

 private:
  void forget(const std::vector<S3Object>& kept) {
    std::vector<std::string> names;
    for (const S3Object& object : kept) names.push_back(object.key);
    store_.remove(names);
    store_.remove({pending() + ".json"});
  }

  std::string pending() const { return fmt::format("{}{}/pending", below_, kRemovalsFolder); }

  std::vector<std::string> in_store(const std::vector<std::string>& names) const {
    std::vector<std::string> all;
    for (const std::string& name : names) all.push_back(below_ + name);
    return all;
  }

  JobStore& store_;
  std::string below_;
};

// What lists documents, or says what a folder is.
bool lists_documents(std::string_view name) {
  if (name.find("/pending/") != std::string_view::npos) return true;
  for (const std::string_view part : {"work/", "attempts/"}) {
    if (name.starts_with(part) || name.find("/" + std::string(part)) != std::string_view::npos) return false;
  }
  for (const std::string_view ending : {".json", ".jsonl", ".toml", ".docs", ".keys", ".receipt", kJournalName}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

void check_is_clean(const JobPlace& place) {
  for (const S3Object& object : place.store()->list("")) {
    const std::string name = "/" + object.key;
    if (name.find("/work/") == std::string::npos || name.ends_with(".cleaned")) continue;
    throw Error(
        fmt::format("{0}/work holds documents of the job too: `ftok job clean {0}` first", place.store()->address()));
  }
}

void print_json(const std::vector<std::string>& folders, const std::vector<RemoveResult>& results,
                const std::vector<std::string>& not_found) {
  JsonWriter json;
  json.begin_object().key("folders").begin_array();
  for (size_t i = 0; i < folders.size(); ++i) {
    const Removal& removal = results[i].removal;
    json.begin_object().field("folder", escape_bytes(folders[i])).field("number", removal.number);
    json.field("documents", removal.documents).field("tokens", removal.tokens).field("texts", removal.texts);
    json.field("files", static_cast<uint64_t>(removal.files.size())).end_object();
  }
  json.end_array().key("not_found").begin_array();
  for (const std::string& id : not_found) json.value(escape_bytes(id));
  print_out(json.end_array().end_object().take() + "\n");
}

void print_summary(const std::vector<std::string>& folders, const std::vector<RemoveResult>& results, size_t asked,
                   const std::vector<std::string>& not_found) {
  for (size_t i = 0; i < folders.size(); ++i) {
    const Removal& removal = results[i].removal;
    if (results[i].finished_earlier)
      print_report(fmt::format("{}: a removal that had been begun is finished\n", folders[i]));
    if (removal.ids.empty()) continue;
    print_report(fmt::format("{0}: {1} documents with {2} tokens removed from shards, {3} texts; {0}/{4}/{5:06}.json\n",
                             folders[i], removal.documents, removal.tokens, removal.texts, kRemovalsFolder,
                             removal.number));
  }
  print_out(fmt::format("{} of {} ids found\n", asked - not_found.size(), asked));
  constexpr size_t kShown = 10;
  for (size_t i = 0; i < std::min(kShown, not_found.size()); ++i)
    print_out(fmt::format("  not found: {}\n", shown_field(not_found[i])));
  if (not_found.size() > kShown) print_out(fmt::format("  and {} more\n", not_found.size() - kShown));
}

void remove_from(const RemoveIdsFlags& flags, const JobPlace& place, const std::vector<std::string>& ids) {
  if (place.is_stored()) {
    place.store()->refresh("", lists_documents);
    check_is_clean(place);
  }
  std::vector<std::string> folders = all_folders(place.folder());
  std::vector<RemoveResult> results;
  std::vector<std::string> not_found = ids;
  for (std::string& folder : folders) {
    std::optional<StoredFolder> stored;
    if (place.is_stored()) {
      std::string below = folder.substr(place.folder().size());
      stored.emplace(*place.store(), below.empty() ? "" : below.substr(1) + "/");
    }
    results.push_back(remove_documents(folder, ids, stored ? &*stored : nullptr));
    if (stored && results.back().removal.ids.empty()) stored->forget();  // what a killed one left
    folder = place.shown(folder);
    std::vector<std::string> left;
    std::set_intersection(not_found.begin(), not_found.end(), results.back().not_found.begin(),
                          results.back().not_found.end(), std::back_inserter(left));
    not_found = std::move(left);
  }
  if (flags.json) {
    print_json(folders, results, not_found);
  } else {
    print_summary(folders, results, ids.size(), not_found);
  }
  std::vector<std::string> damaged;
  for (const RemoveResult& result : results)
    damaged.insert(damaged.end(), result.damaged.begin(), result.damaged.end());
  if (damaged.empty()) return;
  throw Error(fmt::format("{}{}; this removal is done, see `ftok shards verify`", damaged[0],
                          damaged.size() == 1 ? "" : fmt::format(", and {} more receipts", damaged.size() - 1)));
}

void remove_ids(const RemoveIdsFlags& flags) {
  const JobPlace place(flags.folder, "", fetch_options_of_environment(), stderr_log(true));
  std::vector<std::string> ids = read_lines(flags.list, "the list of ids");
  if (ids.empty()) throw UsageError(fmt::format("LIST: {} names no document", flags.list));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  place.named([&] { remove_from(flags, place, ids); });
}

}  // namespace

void add_remove_ids_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("remove-ids", "Take documents out of a finished run or job, by their ids");
  const auto flags = std::make_shared<RemoveIdsFlags>();
  command->add_option("DIR", flags->folder, "Folder of the finished run, job or `ftok tokenize`, or s3://BUCKET/PREFIX")
      ->required();
  command->add_option("LIST", flags->list, "File with one id per line (plain, .gz, .zst); - reads standard input")
      ->required();
  command->add_flag("--json", flags->json, "Print the result as one JSON object");
  command->footer(
      "Only the shards and texts that hold one of the documents are written again; DIR/removals/ gets a receipt, "
      "which\n"
      "`ftok shards verify` knows. Ids and keys stay in the .keys files, so that a later crawl still drops what "
      "repeats\n"
      "the documents. Nothing can be added to DIR afterwards. Killed, the same command goes on. A job is cleaned "
      "first:\n"
      "  ftok job clean job\n"
      "  ftok remove-ids job takedown.txt\n"
      "  ftok shards verify job");
  command->callback([flags] { remove_ids(*flags); });
}

}  // namespace ftok::cli
