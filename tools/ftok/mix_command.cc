// `ftok mix`: sources in given shares, up to a budget of tokens, as token shards.
#include <memory>

#include "core/error.h"
#include "core/recipe.h"
#include "core/signals.h"
#include "pipeline/mix.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/output_place.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

struct MixFlags {
  std::string recipe, budget, vocabulary, memory = "2G";
  std::vector<std::string> sets;
  OutputFlags output;
  size_t threads = 0;
  bool json = false, quiet = false;
};

void run_mix(const MixFlags& flags) {
  const Log log = stderr_log(flags.quiet);
  MixRun run;
  run.recipe = load_mix(flags.recipe, flags.sets);
  run.budget = static_cast<uint64_t>(parse_size(flags.budget, false, "--budget"));
  run.vocabulary = flags.vocabulary;
  run.load_vocabulary = [](const std::string& name) {
    VocabularyFlags vocabulary;
    if (!name.empty()) vocabulary.vocab = name;
    return std::make_shared<const Encoding>(load_encoding(vocabulary));
  };
  run.threads = flags.threads;
  run.memory = static_cast<uint64_t>(parse_size(flags.memory, true, "--memory"));
  catch_stop_signals();
  OutputPlace place(flags.output, fetch_options_of_environment(), log);
  run.output = place.folder();
  const MixResult result = mix(run, log);
  place.publish();
  if (flags.json || !flags.quiet) print_out(flags.json ? mix_json(result) + "\n" : mix_table(result));
}

}  // namespace

void add_mix_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("mix", "Mix texts and shards in given shares, up to a budget of tokens");
  const auto flags = std::make_shared<MixFlags>();
  command->add_option("RECIPE", flags->recipe, "TOML file with a table [[mix.source]] for each source")
      ->required()
      ->type_name("MIX.toml");
  command->add_option("--budget", flags->budget, "Tokens to train on, end-of-text tokens included (K, M, G or B, T)")
      ->required()
      ->type_name("N");
  flags->output.add_to(*command, "Folder to create, or s3://BUCKET/PREFIX; it appears when it is whole");
  command->get_option("--output")->required();
  command
      ->add_option("-v,--vocab", flags->vocabulary,
                   "Vocabulary of the texts: a name or a file; default: that of the shards, else ftok-100k")
      ->type_name("VOCAB");
  command->add_option("--set", flags->sets, "Override a key: SECTION.KEY=VALUE (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("-j,--threads", flags->threads, "Threads; 0: all cores")->capture_default_str()->type_name("N");
  command->add_option("--memory", flags->memory, "Memory for what is being sorted (K, M, G)")
      ->capture_default_str()
      ->type_name("SIZE");
  command->add_flag("--json", flags->json, "Print the report as one JSON object");
  command->add_flag("-q,--quiet", flags->quiet, "Warnings only: no information, no table");
  command->footer(
      "Example:\n"
      "  ftok mix mix.toml --budget 10B --output mixed\n"
      "with a mix.toml such as\n"
      "  [[mix.source]]\n"
      "  name = \"web\"\n"
      "  paths = [\"web-run\"]\n"
      "  weight = 0.8\n"
      "  [[mix.source]]\n"
      "  name = \"books\"\n"
      "  paths = [\"books/*.parquet\"]\n"
      "  weight = 0.2\n"
      "docs/mixing.md has all keys, and what the report says.");
  command->callback([flags] { run_mix(*flags); });
}

}  // namespace ftok::cli
