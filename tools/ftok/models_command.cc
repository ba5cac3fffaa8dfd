// `ftok models list | get | path`: published models, vocabularies and lists.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/fetch_flags.h"
#include "tools/ftok/laid_out.h"
#include "tools/ftok/models.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct ModelsFlags {
  FetchFlags fetch;
  std::vector<std::string> names;
  std::string name, from;
  bool refresh = false, json = false;
};

void run_list(const ModelsFlags& flags) {
  JsonWriter json(true);
  std::string out;
  json.begin_array();
  for (const Model& model : known_models()) {
    const std::string path = cached_model(model);
    bool pinned = true;
    for (const PublishedFile& file : model.files) pinned = pinned && !file.sha256.empty();
    json.begin_object().field("name", model.name).field("what", model.what).field("licence", model.licence);
    json.field("pinned", pinned).field("path", path).key("files").begin_array();
    for (const PublishedFile& file : model.files) {
      json.begin_object().field("name", file.name).field("url", file.url).field("sha256", file.sha256).end_object();
    }
    json.end_array().end_object();
    out +=
        fmt::format("{:<17} {:<8} {:<13} {}\n", model.name, path.empty() ? "-" : "fetched", model.licence, model.what);
  }
  print_out(flags.json ? json.end_array().text() + "\n" : laid_out(out, stdout, 41));
}

void run_get(const ModelsFlags& flags) {
  std::vector<Model> models;
  for (const std::string& name : flags.names) models.push_back(model_named(name));
  const bool from_one_file =
      !flags.from.empty() && !flags.from.ends_with('/') && !std::filesystem::is_directory(flags.from);
  if (from_one_file && models.size() > 1) {
    throw UsageError("--from: got one file for several models, expected a folder, or a URL that ends in '/'");
  }
  GetModelOptions options;
  options.from = flags.from;
  options.refresh = flags.refresh;
  options.fetch = flags.fetch.options();
  for (const Model& model : models) print_text(get_model(model, options, stderr_log()) + "\n");
}

}  // namespace

void add_models_command(CLI::App& app) {
  CLI::App* models = app.add_subcommand("models", "Fetch published models, vocabularies and URL lists");
  models->require_subcommand(1);
  models->footer(
      "Examples:\n"
      "  ftok models list\n"
      "  ftok models get lid.176.bin cl100k_base\n"
      "  ftok models get lid.176.ftz --from ~/lid.176.ftz      a file you have, checked\n"
      "  ftok models get ut1/malware                           one more UT1 category\n"
      "They are stored in $FTOK_CACHE/models, else $XDG_CACHE_HOME/ftok/models, else ~/.cache/ftok/models.");
  const auto flags = std::make_shared<ModelsFlags>();

  CLI::App* list = models->add_subcommand("list", "List what can be fetched and what is already here");
  list->add_flag("--json", flags->json, "Print a JSON array");
  list->callback([flags] { run_list(*flags); });

  CLI::App* get = models->add_subcommand("get", "Fetch models; prints their paths");
  get->add_option("NAME", flags->names, "Names as in `ftok models list`")->required();
  get->add_option("--from", flags->from, "A file, a folder or a URL to take it from instead of the official source");
  get->add_flag("--refresh", flags->refresh, "Fetch again; accept a changed list where no digest is pinned");
  flags->fetch.add_to(*get);
  get->callback([flags] { run_get(*flags); });

  CLI::App* path = models->add_subcommand("path", "Print where a model is: a path, a bundled file or a fetched one");
  path->add_option("NAME", flags->name, "Name or path")->required();
  path->callback([flags] { print_text(find_model(flags->name) + "\n"); });
}

}  // namespace ftok::cli
