// `ftok filter`: the filters of a recipe over texts (JSONL, plain or compressed), one line of JSON out a document.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/nearest_name.h"
#include "crawl/input_format.h"
#include "crawl/source.h"
#include "pipeline/inputs.h"
#include "pipeline/plan.h"
#include "pipeline/recipe_config.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/stage_context.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

constexpr char kFilterExamples[] = R"(Examples:
  ftok filter docs.jsonl                                  first reason to drop, or "keep"
  ftok filter --each docs.jsonl.zst                       what each filter alone says of the original text
  ftok filter --stages c4,fineweb --measure docs.jsonl    every rule's value
  ftok filter --text docs.jsonl                           the text as c4 leaves it, too
  ftok filter --recipe fineweb-datatrove-0.10 --set gopher_quality.words_min=20 docs.jsonl
  ftok filter --stages classifier --set classifier.model=mine.bin --set classifier.label=good --measure docs.jsonl
A line of input is {"text": ..., "id": ...}; "id" may be missing, and --text-key names another key. One line comes out for each, in order.)";

struct FilterFlags {
  std::string recipe = "fineweb-2024-04", text_key;
  std::vector<std::string> sets, stages, files;
  bool each = false;
  bool measure = false;
  bool text = false;
};

using Stages = std::vector<std::unique_ptr<const Stage>>;

// The recipe's stages that judge a text and need nothing else.
std::vector<const RecipeEntry*> text_filters(const RecipeConfig& recipe) {
  std::vector<const RecipeEntry*> entries;
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.kind->is_text_filter()) entries.push_back(&entry);
  }
  return entries;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Those asked for, in the recipe's order; all of them when none is asked for.
Stages make_stages(const RecipeConfig& recipe, const FilterFlags& flags) {
  const std::vector<const RecipeEntry*> filters = text_filters(recipe);
  std::vector<std::string> names;
  for (const RecipeEntry* entry : filters) names.push_back(entry->name);
  for (const std::string& name : flags.stages) {
    if (has(names, name)) continue;
    const std::string nearest = nearest_name(name, names);
    throw UsageError(fmt::format("--stages: '{}' is not a filter of texts in the recipe; {}", name,
                                 nearest.empty() ? fmt::format("expected {}", fmt::join(names, ", "))
                                                 : fmt::format("the nearest is '{}'", nearest)));
  }
  Stages stages;
  for (const RecipeEntry* entry : filters) {
    const bool asked = has(flags.stages, entry->name);
    if (!asked && !flags.stages.empty()) continue;
    if (entry->idle() && asked) {
      throw UsageError(
          fmt::format("--stages: '{}' does nothing with the options it has; see [{}] in `ftok recipe show`",
                      entry->name, entry->name));
    }
    if (entry->idle()) continue;
    if (!entry->only.empty()) {
      throw UsageError(
          fmt::format("recipe: {}.only: `ftok filter` does not know which languages or corpora texts "
                      "are of; `ftok run` does",
                      entry->name));
    }
    StageContext context = stage_context();
    context.name = entry->name;
    stages.push_back(make_stage(*entry->kind, *entry->options, context));
  }
  return stages;
}

Reason outcome_of(const Verdict& verdict) { return verdict.kept() ? Reason("keep") : verdict.reason; }

void write_outcome(JsonWriter& json, const Verdict& verdict) {
  json.field("outcome", outcome_of(verdict));
  if (!verdict.kept()) json.field("value", verdict.value).field("threshold", verdict.threshold);
}

void write_measurements(JsonWriter& json, const Report& report) {
  json.key("measurements").begin_array();
  for (const Measurement& m : report.measurements) {
    json.begin_object().field("rule", m.rule).field("relation", m.relation).field("value", m.value);
    json.field("threshold", m.threshold).field("drops", m.drops).end_object();
  }
  json.end_array();
}

void judge_each(const Stages& stages, const std::string& text, JsonWriter& json) {
  Document document;
  for (const auto& stage : stages) {
    document.text = text;
    json.field(stage->name(), outcome_of(stage->process(document)));
  }
}

std::string judge(Item& item, const Stages& stages, const FilterFlags& flags) {
  JsonWriter json;
  json.begin_object().field("id", item.document.id);
  if (!item.verdict.kept()) {  // the reader could not make a text of it
    write_outcome(json, item.verdict);
  } else if (flags.each) {
    judge_each(stages, item.document.text, json);
  } else {
    run_stages(stages, item, flags.measure, nullptr);
    write_outcome(json, item.verdict);
    if (flags.measure) write_measurements(json, item.report);
    if (flags.text) json.field("text", item.document.text);
  }
  json.end_object();
  return json.take() + '\n';
}

void filter_file(const std::string& file, const Stages& stages, const std::string& text_key, const FilterFlags& flags,
                 const Log& log) {
  SourceOptions options;
  options.file_path = file;
  options.text_key = text_key;
  const InputFormat* format = nullptr;
  const std::unique_ptr<Source> source = make_source(open_input(file, log), options, &format);
  std::string out;
  constexpr size_t kBlockBytes = size_t{1} << 16;
  uint64_t records = 0;
  for (Item item; source->next(item); item = Item()) {
    ++records;
    if (!item.document.payload.empty())
      throw Error(
          fmt::format("{} is {}: it holds pages, not texts; extract them first (ftok extract)", file, format->title));
    out += judge(item, stages, flags);
    if (out.size() < kBlockBytes) continue;
    print_out(out);
    out.clear();
  }
  print_out(out);
  report_damage(*source, file, *format, records, log);
}

}  // namespace

void add_filter_command(CLI::App& app) {
  const auto flags = std::make_shared<FilterFlags>();
  CLI::App* command = app.add_subcommand("filter", "Judge texts by a recipe's quality filters");
  command
      ->add_option("FILE", flags->files,
                   "Texts: JSON Lines, JSON, Parquet, CSV, plain text, WET; .gz or .zst; - is standard input")
      ->required();
  command->add_option("--recipe", flags->recipe, "Preset or TOML file")->capture_default_str();
  command->add_option("--set", flags->sets, "Change one key: section.key=value")->take_all();
  command
      ->add_option("--text-key", flags->text_key,
                   "JSON: key of the text; Parquet, CSV and TSV: its column; default: the recipe's, text")
      ->type_name("KEY");
  command->add_option("--stages", flags->stages, "Run only these filters, comma-separated")
      ->delimiter(',')
      ->type_name("NAME,...");
  CLI::Option* each = command->add_flag("--each", flags->each, "Run each filter alone, on the original text");
  command->add_flag("--measure", flags->measure, "Show every rule's value; filters continue after a drop")
      ->excludes(each);
  command->add_flag("--text", flags->text, "Add the text as the filters leave it; of a drop, as the last one left it")
      ->excludes(each);
  command->footer(kFilterExamples);
  command->callback([flags] {
    const Log log = stderr_log();
    const RecipeConfig recipe = load_recipe(flags->recipe, flags->sets, log);
    const Stages stages = make_stages(recipe, *flags);
    const std::string& text_key = flags->text_key.empty() ? recipe.input.text_key : flags->text_key;
    for (const std::string& file : flags->files) filter_file(file, stages, text_key, *flags, log);
  });
}

}  // namespace ftok::cli
