// `ftok whatif`: the funnel that other thresholds would give, from what `ftok run --measure` wrote.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "core/amounts.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/signals.h"
#include "pipeline/whatif.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct WhatifFlags {
  std::vector<std::string> measures, sets;
  std::string recipe, rule;
  size_t threads = 0;
  std::optional<int64_t> samples;
  bool json = false;
};

// The recipe that the measures were made with: the one named, or the one that lies beside each of them.
std::string recipe_of(const WhatifFlags& flags) {
  for (const std::string& path : flags.measures) refuse_measured_table(path);
  if (!flags.recipe.empty()) return flags.recipe;
  std::string first;
  for (const std::string& path : flags.measures) {
    const std::string recipe = recipe_path_of_measures(path);
    if (!std::filesystem::exists(recipe)) {
      throw UsageError(
          fmt::format("{} does not exist: --recipe names the recipe that {} was measured with", recipe, path));
    }
    if (first.empty()) first = recipe;
    if (read_file(recipe) != read_file(first))
      throw UsageError(fmt::format("{} and {} were measured with different recipes", flags.measures.front(), path));
  }
  return first;
}

std::string signed_number(uint64_t before, uint64_t after) {
  if (before == after) return "";
  return after > before ? "+" + grouped(after - before) : "-" + grouped(before - after);
}

// 80 columns.
void print_row(const std::string& name, const std::string& before, const std::string& after, const std::string& more) {
  std::string line = fmt::format("{:<47}{:>11}{:>11}{:>11}", name, before, after, more);
  line.erase(line.find_last_not_of(' ') + 1);
  print_report(line + "\n");
}

void print_row(const std::string& name, uint64_t before, uint64_t after) {
  print_row(name, grouped(before), grouped(after), signed_number(before, after));
}

uint64_t count_of(const std::map<std::string, uint64_t>& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

void print_text(const WhatIfResult& result, const WhatifFlags& flags) {
  print_row("", "measured", "what if", "difference");
  print_row("documents", result.measured.documents, result.changed.documents);
  print_row("  dropped", result.measured.documents - result.measured.kept,
            result.changed.documents - result.changed.kept);
  std::vector<std::pair<uint64_t, std::string>> rows;
  std::set<std::string> names;
  for (const auto& [reason, count] : result.measured.dropped) names.insert(reason);
  for (const auto& [reason, count] : result.changed.dropped) names.insert(reason);
  for (const std::string& name : names) rows.emplace_back(count_of(result.measured.dropped, name), name);
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [count, name] : rows) print_row("    " + name, count, count_of(result.changed.dropped, name));
  print_row("  kept", result.measured.kept, result.changed.kept);
  if (!flags.samples) return;
  print_report(fmt::format("\n{}\nthe {} on either side of its threshold, of the documents that reach it\n", flags.rule,
                           *flags.samples));
  for (const WhatIfSample& sample : result.samples) {
    print_out(fmt::format("  {:<6}{:>12.6g}  {}\n      {}\n", sample.drops ? "drops" : "passes", sample.value,
                          sample.outcome, printable(sample.url.empty() ? sample.id : sample.url)));
  }
}

void print_json(const WhatIfResult& result) {
  JsonWriter json;
  const auto write = [&](const char* name, const Tally& tally) {
    json.key(name).begin_object().field("documents", tally.documents).field("kept", tally.kept);
    json.key("dropped").begin_object();
    for (const auto& [reason, count] : tally.dropped) json.field(reason, count);
    json.end_object().key("languages_dropped").begin_object();
    for (const auto& [language, count] : tally.languages_dropped) json.field(language, count);
    json.end_object().end_object();
  };
  json.begin_object();
  write("measured", result.measured);
  write("whatif", result.changed);
  json.key("samples").begin_array();
  for (const WhatIfSample& sample : result.samples) {
    json.begin_object().field("id", sample.id).field("url", sample.url).field("value", sample.value);
    json.field("threshold", sample.threshold)
        .field("drops", sample.drops)
        .field("outcome", sample.outcome)
        .end_object();
  }
  json.end_array().end_object();
  print_out(json.take() + "\n");
}

void whatif_command(const WhatifFlags& flags) {
  const Log log = stderr_log();
  if (flags.samples.has_value() != !flags.rule.empty()) throw UsageError("--sample and --rule need each other");
  const std::string recipe = recipe_of(flags);
  WhatIfOptions options;
  options.measures = flags.measures;
  options.measured = load_recipe(recipe, {}, log);
  options.changed = load_recipe(recipe, flags.sets, log);
  options.rule = flags.rule;
  options.samples = static_cast<size_t>(flags.samples.value_or(0));
  options.threads = flags.threads;
  catch_stop_signals();
  const WhatIfResult result = what_if(options);
  for (const std::string& note : result.notes) log(LogLevel::kWarning, note);
  flags.json ? print_json(result) : print_text(result, flags);
}

}  // namespace

void add_whatif_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("whatif", "Show the funnel that other thresholds would give");
  const auto flags = std::make_shared<WhatifFlags>();
  command
      ->add_option("MEASURES", flags->measures, "What `ftok run --measure` wrote; several in the order of their inputs")
      ->required();
  command->add_option("--set", flags->sets, "Another threshold; repeatable. Keys that are no threshold are refused")
      ->type_name("SECTION.KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--recipe", flags->recipe,
                   "Preset or TOML file that was measured with; default: MEASURES.recipe.toml, which --measure leaves")
      ->type_name("RECIPE");
  command
      ->add_option("--sample", flags->samples,
                   "Also list the N documents next to the threshold of --rule on either side")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->type_name("N");
  command->add_option("--rule", flags->rule, "A rule that compares, such as gopher_quality.too_short")
      ->type_name("RULE");
  command->add_option("-j,--threads", flags->threads, "Threads; 0: all cores")->capture_default_str()->type_name("N");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  ftok run --input 'crawl/*.warc.gz' --measure measures.jsonl\n"
      "  ftok whatif measures.jsonl --set gopher_quality.words_min=30 --set fineweb.short_lines_max=0.8\n"
      "  ftok whatif measures.jsonl --sample 5 --rule gopher_quality.too_short\n"
      "The figures are those of a run with these thresholds, deduplication included.");
  command->callback([flags] { whatif_command(*flags); });
}

}  // namespace ftok::cli
