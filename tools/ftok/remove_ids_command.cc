// `ftok remove-ids`: takes documents out of a finished run or job.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "pipeline/inputs.h"
#include "pipeline/routing.h"
#include "shards/manifest.h"
#include "shards/removal.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct Flags {
  std::string folder, list;
  bool json = false;
};

// The folder, and where its documents are routed, those of the corpora.
std::vector<std::string> folders_of(const std::string& folder) {
  std::vector<std::string> folders = {folder};
  const std::string manifest = folder + "/" + kManifestName;
  if (!std::filesystem::exists(manifest)) return folders;
  for (const std::string& corpus : read_manifest(manifest).corpora) folders.push_back(corpus_folder(folder, corpus));
  return folders;
}

void print_json(const std::vector<std::string>& folders, const std::vector<RemoveResult>& results,
                const std::vector<std::string>& not_found) {
  JsonWriter json;
  json.begin_object().key("folders").begin_array();
  for (size_t i = 0; i < folders.size(); ++i) {
    const Removal& removal = results[i].removal;
    json.begin_object().field("folder", folders[i]).field("number", removal.number);
    json.field("documents", removal.documents).field("tokens", removal.tokens).field("texts", removal.texts);
    json.field("files", static_cast<uint64_t>(removal.files.size())).end_object();
  }
  json.end_array().key("not_found").begin_array();
  for (const std::string& id : not_found) json.value(id);
  print_out(json.end_array().end_object().take() + "\n");
}

void print_text(const std::vector<std::string>& folders, const std::vector<RemoveResult>& results, size_t asked,
                const std::vector<std::string>& not_found) {
  for (size_t i = 0; i < folders.size(); ++i) {
    const Removal& removal = results[i].removal;
    if (results[i].finished_earlier)
      print_out(fmt::format("{}: a removal that had been begun is finished\n", folders[i]));
    if (removal.ids.empty()) continue;
    print_out(fmt::format("{0}: {1} documents with {2} tokens removed from shards, {3} texts; {0}/{4}/{5:06}.json\n",
                          folders[i], removal.documents, removal.tokens, removal.texts, kRemovalsFolder,
                          removal.number));
  }
  print_out(fmt::format("{} of {} ids found\n", asked - not_found.size(), asked));
  constexpr size_t kShown = 10;
  for (size_t i = 0; i < std::min(kShown, not_found.size()); ++i)
    print_out(fmt::format("  not found: {}\n", not_found[i]));
  if (not_found.size() > kShown) print_out(fmt::format("  and {} more\n", not_found.size() - kShown));
}

void remove_ids(const Flags& flags) {
  refuse_address(flags.folder);
  std::vector<std::string> ids = read_lines(flags.list, "the list of ids");
  if (ids.empty()) throw UsageError(fmt::format("LIST: {} names no document", flags.list));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const std::vector<std::string> folders = folders_of(flags.folder);
  std::vector<RemoveResult> results;
  std::vector<std::string> not_found = ids;
  for (const std::string& folder : folders) {
    results.push_back(remove_documents(folder, ids));
    std::vector<std::string> left;
    std::set_intersection(not_found.begin(), not_found.end(), results.back().not_found.begin(),
                          results.back().not_found.end(), std::back_inserter(left));
    not_found = std::move(left);
  }
  if (flags.json) return print_json(folders, results, not_found);
  print_text(folders, results, ids.size(), not_found);
}

}  // namespace

void add_remove_ids_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("remove-ids", "Take documents out of a finished run or job, by their ids");
  const auto flags = std::make_shared<Flags>();
  command->add_option("DIR", flags->folder, "Folder of the finished run, job or `ftok tokenize`")->required();
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
