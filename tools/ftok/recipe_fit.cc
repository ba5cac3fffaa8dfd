// `ftok recipe fit`: a recipe for a language, from texts in it.
#include <fmt/format.h>

#include <memory>

#include "core/error.h"
#include "core/file.h"
#include "core/refuse_to_overwrite.h"
#include "crawl/input_format.h"
#include "crawl/source.h"
#include "pipeline/fit.h"
#include "pipeline/inputs.h"
#include "tools/ftok/models.h"
#include "tools/ftok/recipe_tools.h"
#include "tools/ftok/stage_context.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct RecipeFitFlags {
  std::string language, language_model, output;
  std::vector<std::string> files;
  double tail = 0.1;
  bool distances = false;
};

// Whether all of the file's texts were taken.
bool add_texts(const std::string& file, LanguageFit& fit, const Log& log) {
  SourceOptions options;
  options.file_path = file;
  const InputFormat* format = nullptr;
  const std::unique_ptr<Source> source = make_source(open_input(file, log), options, &format);
  bool whole = true;
  uint64_t records = 0;
  for (Item item; whole && source->next(item); item = Item()) {
    ++records;
    if (!item.document.payload.empty())
      throw Error(
          fmt::format("{} is {}: it holds pages, not texts; extract them first (ftok extract)", file, format->title));
    if (item.verdict.kept()) whole = fit.add(std::move(item.document.text));
  }
  report_damage(*source, file, *format, records, log);
  return whole;
}

// What english_distances() holds, of these texts.
void print_distances(const LanguageFit& fit) {
  for (const EnglishDistance& english : english_distances()) {
    const auto found = fit.distributions().find(std::string(english.rule));
    if (found == fit.distributions().end() || found->second.deviation == 0) continue;
    const Distribution& values = found->second;
    print("{} {} mean {:.4f} deviation {:.4f} distance {:.2f}\n", english.rule, english.threshold, values.mean,
          values.deviation, (english.threshold - values.mean) / values.deviation);
  }
}

void run_fit(const RecipeFitFlags& flags) {
  const Log log = stderr_log();
  refuse_to_overwrite("--output", flags.output, flags.files);
  refuse_to_overwrite("--output", flags.output, {flags.language_model});
  LanguageFit fit;
  for (const std::string& file : flags.files) {
    if (add_texts(file, fit, log)) continue;
    log(LogLevel::kWarning, fmt::format("{}: 1 GiB of texts is enough; what follows is not read", file));
    break;
  }
  const FoundFile found = stage_context(flags.language_model).language_model("");
  const std::unique_ptr<const LanguageModel> model = LanguageModel::load(found.path);
  const LanguageData language = fit.fit(flags.language, flags.tail, model.get());
  for (const std::string& note : fit.notes()) log(LogLevel::kWarning, note);
  if (flags.distances) return print_distances(fit);
  const std::string recipe = fitted_recipe(language, fit, flags.tail);
  if (flags.output.empty()) return print_out(recipe);
  write_output(flags.output, recipe);
}

}  // namespace

void add_recipe_fit(CLI::App& recipe) {
  const auto flags = std::make_shared<RecipeFitFlags>();
  CLI::App* command = recipe.add_subcommand("fit", "Make a recipe for a language from texts in it");
  command->add_option("FILE", flags->files, "Good texts in that language: JSON Lines, JSON, CSV, plain text, WET")
      ->required();
  command->add_option("--language", flags->language, "Its label: de, deu_Latn")->required()->type_name("LABEL");
  command
      ->add_option("--language-model", flags->language_model,
                   "The model that a run would be given: its probabilities set the language's threshold")
      ->type_name("FILE");
  command->add_option("--tail", flags->tail, "Share of these texts that each rule of FineWeb's own may drop")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str();
  command->add_option("-o,--output", flags->output, "File to write the recipe to (default: standard output)");
  command->add_flag("--distances", flags->distances,
                    "Print instead how far the English thresholds lie from the mean of these texts");
  command->footer(
      "Examples:\n"
      "  ftok recipe fit --language de german.jsonl -o german.toml\n"
      "  ftok recipe check german.toml\n"
      "Stop words, thresholds and the splitting of words are derived as FineWeb-2 does; docs/recipes.md says how.");
  command->callback([flags] { run_fit(*flags); });
}

}  // namespace ftok::cli
