// `ftok vocab list` and `get`: the vocabularies there are, bundled and published.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/vocabulary.h"
#include "tools/ftok/fetch_flags.h"
#include "tools/ftok/laid_out.h"
#include "tools/ftok/models.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocab_commands.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

struct Row {
  std::string name, where, path, what;
};

std::vector<Row> rows() {
  std::vector<Row> rows;
  for (const std::string& name : bundled_vocabularies())
    rows.push_back({name, "bundled", find_vocabulary(name).path, ""});
  for (const Model& model : known_models()) {
    if (!is_vocabulary(model)) continue;
    const std::string path = fetched_model(model.name);
    rows.push_back({model.name, path.empty() ? "-" : "fetched", path, model.what});
  }
  return rows;
}

void run_list(bool as_json) {
  JsonWriter json(true);
  json.begin_array();
  std::string out;
  for (const Row& row : rows()) {
    json.begin_object().field("name", row.name).field("where", row.where).field("path", row.path);
    if (row.path.empty()) {
      out += fmt::format("{:<12} {:<8} {} (`ftok vocab get {}` fetches it)\n", row.name, row.where, row.what, row.name);
    } else {
      const Vocabulary vocabulary = load_vocabulary(row.path);
      const size_t tokens = static_cast<size_t>(vocabulary.token_count());
      out += fmt::format("{:<12} {:<8} {:>7} ranks  {:>2} special tokens  pattern {:<8} SHA-256 {}\n", row.name,
                         row.where, tokens, vocabulary.specials.size(), pattern_name(vocabulary.pattern),
                         vocabulary.digest.substr(0, 16));
      json.field("ranks", static_cast<uint64_t>(tokens))
          .field("special_tokens", static_cast<uint64_t>(vocabulary.specials.size()));
      json.field("pattern", pattern_name(vocabulary.pattern)).field("sha256", vocabulary.digest);
    }
    json.end_object();
  }
  print_out(as_json ? json.end_array().text() + "\n" : laid_out(out, stdout, 22));
}

void run_get(const std::vector<std::string>& names, const FetchFlags& fetch, const std::string& from) {
  std::vector<Model> models;
  for (const std::string& name : names) models.push_back(vocabulary_to_fetch(name));
  GetModelOptions options;
  options.from = from;
  options.fetch = fetch.options();
  for (const Model& model : models) print_text(get_model(model, options, stderr_log()) + "\n");
}

}  // namespace

void add_vocab_list_command(CLI::App& parent) {
  CLI::App* command =
      parent.add_subcommand("list", "List the vocabularies that have a name: bundled, fetched, or to be fetched");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print a JSON array");
  command->callback([as_json] { run_list(*as_json); });
}

void add_vocab_get_command(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("get", "Fetch published vocabularies; prints their paths");
  const auto names = std::make_shared<std::vector<std::string>>();
  const auto fetch = std::make_shared<FetchFlags>();
  const auto from = std::make_shared<std::string>();
  command
      ->add_option("NAME", *names,
                   "gpt2, r50k_base, p50k_base, cl100k_base, o200k_base, or a model that uses one (gpt-4)")
      ->required();
  command->add_option("--from", *from,
                      "A file, a folder or a URL instead of the official one; its SHA-256 is still checked");
  fetch->add_to(*command);
  command->footer("Example:\n  ftok vocab get cl100k_base o200k_base");
  command->callback([names, fetch, from] { run_get(*names, *fetch, *from); });
}

}  // namespace ftok::cli
