// `ftok view`: tokens, training runs and runs in a browser, from a small server on this machine; or in a file to send.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "core/refuse_to_overwrite.h"
#include "core/signals.h"
#include "core/text_file.h"
#include "pipeline/inputs.h"
#include "pipeline/recipe_config.h"
#include "pipeline/whatif.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/models.h"
#include "tools/ftok/stage_context.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"
#include "view/server.h"

namespace ftok::cli {
namespace {

struct ViewFlags {
  std::vector<std::string> folders, vocabularies, inputs, sets;
  std::string text, export_to;
  ViewServerOptions server;
};

// All that there are on this machine, those that were named first; a name that is a file's or a folder's is its own.
std::vector<ViewVocabulary> vocabularies_of(const ViewFlags& flags) {
  std::vector<ViewVocabulary> found;
  const auto add = [&](const std::string& name) {
    if (std::any_of(found.begin(), found.end(), [&](const ViewVocabulary& known) { return known.name == name; }))
      return;
    const VocabularyFile file = find_vocabulary(name);
    found.push_back({name, file.path, file.published});
  };
  for (const std::string& name : flags.vocabularies) add(name);
  for (const std::string& name : bundled_vocabularies()) add(name);
  for (const Model& model : known_models()) {
    if (is_vocabulary(model) && !cached_model(model).empty()) add(model.name);
  }
  if (found.empty()) throw UsageError("--vocab: there is no vocabulary on this machine");
  return found;
}

// Throws UsageError where there are no measures, or where their recipe has no such key or value.
void check_sets(const std::vector<std::string>& sets, const std::vector<ViewFolder>& folders) {
  bool has_measures = false;
  for (const ViewFolder& folder : folders) {
    if (folder.kind != ViewFolder::Kind::kMeasures) continue;
    has_measures = true;
    load_recipe(recipe_path_of_measures(folder.path), sets);
  }
  if (!sets.empty() && !has_measures)
    throw UsageError("--set: needs a file of `ftok run --measure`, of which other thresholds are tried");
}

ViewContents view_contents(const ViewFlags& flags) {
  ViewContents options;
  options.vocabularies = vocabularies_of(flags);
  for (const std::string& name : flags.vocabularies) {
    if (std::find(options.shown.begin(), options.shown.end(), name) == options.shown.end())
      options.shown.push_back(name);
  }
  if (options.shown.empty()) options.shown.push_back(kDefaultVocabulary);
  for (const std::string& path : flags.folders) options.folders.push_back(view_folder(path));
  if (!flags.inputs.empty()) options.inputs = list_inputs({.inputs = flags.inputs, .input_lists = {}, .slice = {}});
  check_sets(flags.sets, options.folders);
  options.changes = flags.sets;
  options.stages = stage_context();
  options.models = {[](const ModelFile& model) { return load_model_encoding(model, "", true); }, read_model_chat};
  if (!flags.text.empty()) options.text = read_text_file(flags.text, kViewTextBytesMax);
  return options;
}

void run(const ViewFlags& flags) {
  for (const std::vector<std::string>& read : {flags.folders, flags.inputs, {flags.text}})
    refuse_to_overwrite("--export", flags.export_to, read);
  const ViewAnswers answers(view_contents(flags));
  if (!flags.export_to.empty()) {
    if (flags.folders.empty() && flags.text.empty())
      throw UsageError("--export: needs a folder, or a text (--text FILE)");
    write_output(flags.export_to, answers.exported());
    return;
  }
  ViewServer server(answers, flags.server);
  if (const std::string& host = flags.server.host; host != "127.0.0.1" && host != "localhost" && host != "::1")
    note("ftok: warning: other machines can reach this server; whoever has the address sees what it shows\n");
  note("ftok: open this address; Ctrl-C ends it\n");
  print_out(server.address() + "\n");
  catch_stop_signals();
  std::jthread waiter([&server](const std::stop_token& ended) {
    while (!stop_requested() && !ended.stop_requested()) std::this_thread::sleep_for(kStopPollInterval);
    if (stop_requested()) server.stop();
  });
  server.run();
}

}  // namespace

void add_view_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("view", "Look at tokens, training runs and runs in a browser");
  const auto flags = std::make_shared<ViewFlags>();
  command->add_option("DIR", flags->folders,
                      "Folders of `ftok train`, `ftok run` or `ftok tokenize`; files of `ftok run --measure`");
  command->add_option("-v,--vocab", flags->vocabularies, "A vocabulary to show, as for `ftok encode`; repeatable")
      ->type_name("V")
      ->allow_extra_args(false);
  command
      ->add_option("--input", flags->inputs,
                   "An input of the runs, to show the pages of documents: WARC file or glob; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_option("--set", flags->sets, "A threshold to try to begin with, on measures; repeatable")
      ->type_name("SECTION.KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--text", flags->text, "Begin with the text of a file")->type_name("FILE");
  command->add_option("--export", flags->export_to, "Write one HTML file that shows the same, and serve nothing")
      ->type_name("FILE");
  command->add_option("--port", flags->server.port, "Port; default: 8421, or a free one where that is taken")
      ->check(CLI::Range(1, 65535))
      ->type_name("N");
  command->add_option("--host", flags->server.host, "Address of this machine to listen on")
      ->capture_default_str()
      ->type_name("ADDRESS");
  command
      ->add_option("--allow-host", flags->server.allow_hosts,
                   "A name under which a browser reaches it through a proxy; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--base-path", flags->server.base_path, "What that proxy puts before every path")
      ->type_name("/PATH");
  command->footer(
      "Examples:\n"
      "  ftok view\n"
      "  ftok view --vocab gpt2 --vocab ftok-50k --text book.txt\n"
      "  ftok view model                   # a training run, while it goes on\n"
      "  ftok view corpus --input 'crawl/*.warc.gz'     # with the pages that texts were taken from\n"
      "  ftok view corpus measures.jsonl   # thresholds to try, of `ftok run --measure measures.jsonl`\n"
      "  ftok view corpus --export corpus.html\n"
      "  ftok view measures.jsonl --set gopher_quality.words_min=30 --export whatif.html\n"
      "  ftok view --allow-host hub.example.org --base-path /user/me/proxy/8421\n"
      "From another machine: ssh -L 8421:127.0.0.1:8421 MACHINE, and open the address here.");
  command->callback([flags] { run(*flags); });
}

}  // namespace ftok::cli
