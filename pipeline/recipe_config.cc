#include "pipeline/recipe_config.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/check_range.h"
#include "core/error.h"
#include "core/file.h"
#include "core/nearest_name.h"
#include "core/recipe.h"
#include "core/text_file.h"
#include "filters/language.h"
#include "pipeline/chosen_stage.h"
#include "pipeline/presets/recipe_presets.h"
#include "pipeline/subprocess_stage.h"
#include "shards/shard_format.h"

namespace ftok {
namespace {

// Names that recipes and command lines may still use.
struct OldName {
  const char *key, *old_name, *name;
};
constexpr OldName kOldPreset = {"preset", "fineweb-head", "fineweb-datatrove-0.10"};
constexpr OldName kOldRules = {"rules", "head", "datatrove-0.10"};

void read_old_name(RecipeReader& reader, const std::string& recipe, const OldName& old, const Log& log) {
  if (!reader.rename_value(old.key, old.old_name, old.name) || !log) return;
  log(LogLevel::kWarning,
      fmt::format("recipe {}: {} = \"{}\" is the old name of \"{}\"", recipe, old.key, old.old_name, old.name));
}

// FineWeb's pipeline: what both presets run.
const std::vector<std::string>& preset_stages() {
  static const std::vector<std::string> stages = {"http",           "url", "extract", "language",   "gopher_repetition",
                                                  "gopher_quality", "c4",  "fineweb", "classifier", "minhash",
                                                  "dedup",          "pii"};
  return stages;
}

// The `preset` a recipe starts from, read alone.
struct PresetName {
  std::string preset = presets().front().name;
  void visit(OptionVisitor& visitor) { visitor.choice("preset", preset, preset_names(), "preset"); }
};

const RecipePreset* preset_of(const std::string& text, const std::string& name) {
  RecipeReader reader(text, name);
  read_old_name(reader, name, kOldPreset, {});  // load_recipe logs it
  PresetName chosen;
  reader.section("", chosen);
  return find_preset(chosen.preset);
}

// The text of a recipe file, and the preset it starts from.
std::pair<std::string, const RecipePreset*> read_recipe_file(const std::string& path) {
  refuse_address(path);
  if (!std::filesystem::exists(path)) {
    const std::string nearest = nearest_name(path, preset_names());
    throw UsageError(fmt::format("recipe: '{}' is neither a file nor a preset; {}", path,
                                 nearest.empty() ? fmt::format("expected one of {}", fmt::join(preset_names(), ", "))
                                                 : fmt::format("the nearest preset is {}", nearest)));
  }
  std::string text = read_text_file(path, 16 << 20);
  const RecipePreset* preset = preset_of(text, path);
  return {std::move(text), preset};
}

// The place after the entry of that name.
size_t place_after(const RecipeConfig& config, const std::string& name, const char* key) {
  std::vector<std::string> names;
  for (size_t at = 0; at < config.entries.size(); ++at) {
    if (config.entries[at].name == name) return at + 1;
    names.push_back(config.entries[at].name);
  }
  const std::string nearest = nearest_name(name, names);
  throw UsageError(fmt::format("recipe: output.{}: '{}' is not in stages; {}", key, name,
                               nearest.empty() ? fmt::format("expected one of {}", fmt::join(names, ", "))
                                               : fmt::format("the nearest is '{}'", nearest)));
}

// Texts are all that a run leaves which ends early.
void check_stop(const RecipeConfig& config, size_t end) {
  const auto gives = [&](size_t at, unsigned content) { return (config.entries[at].kind->gives & content) != 0; };
  bool has_keys = false;
  for (size_t at = 0; at < config.entries.size(); ++at) {
    if (at >= end && gives(at, kText)) {
      throw UsageError(fmt::format(
          "recipe: output.stop_after: after stage '{}' documents have no text yet; they get it in stage '{}'",
          config.output.stop_after, config.entries[at].name));
    }
    if (at < end) has_keys = has_keys || gives(at, kBucketKeys);
    if (at >= end && has_keys && config.entries[at].kind->is_dedup()) {
      throw UsageError(
          fmt::format("recipe: output.stop_after: texts do not hold the keys that 'dedup' compares: stop before the "
                      "stage that makes them or after dedup, not after '{}'",
                      config.output.stop_after));
    }
  }
}

void check_running(const RecipeConfig& config) {
  const RecipeConfig::Range range = config.running();
  if (range.first >= range.end) {
    throw UsageError(
        fmt::format("recipe: output: nothing runs after '{}'{}", config.output.start_after,
                    config.output.stops() ? fmt::format(" and up to '{}'", config.output.stop_after) : ""));
  }
  if (config.output.stops()) check_stop(config, range.end);
  check_order(config.entries, range.first, range.end);
}

// A worker of one's own without anything to start is a mistake, where other kinds are switched off like that.
void check_workers(const RecipeConfig& config) {
  for (const RecipeEntry& entry : config.entries) {
    if (!entry.idle()) continue;
    if (entry.get<SubprocessOptions>() != nullptr)
      throw UsageError(fmt::format("recipe: {}.command: empty, expected a program and its arguments", entry.name));
    if (entry.get<PythonOptions>() != nullptr)
      throw UsageError(fmt::format("recipe: {}.file: missing, expected a file of Python", entry.name));
  }
}

// Shares beyond their ends would keep nothing, or everything.
void check_shares(const RecipeConfig& config) {
  check_range("recipe: shards.validation_per_mille", config.shards.validation_per_mille, 0, 1000);
  for (const RecipeEntry& entry : config.entries) {
    const auto* const language = entry.get<LanguageOptions>();
    if (language == nullptr) continue;
    check_range(fmt::format("recipe: {}.share_min", entry.name), language->share_min, 0, 1);
    for (const auto& [name, threshold] : language->languages)
      check_range(fmt::format("recipe: {}.languages: {}", entry.name, name), threshold, 0, 1);
  }
}

RecipeConfig read_config(RecipeReader& reader, const RecipePreset& preset) {
  RecipeLayers layers;
  for (const std::string& changes : preset.changes) {
    layers.own.push_back(std::make_unique<RecipeReader>(changes, preset.name));
    layers.readers.push_back(layers.own.back().get());
  }
  layers.readers.push_back(&reader);
  RecipeConfig config;
  config.top.stages = preset_stages();
  layers.section("", config.top);
  layers.section("input", config.input);
  config.entries = read_entries(config.top.stages, preset.rules, layers);
  layers.section("shards", config.shards);
  layers.section("text", config.text);
  layers.section("output", config.output);
  reader.finish();
  check_shares(config);
  check_workers(config);
  check_running(config);
  check_only(config);  // and the routing
  config.top.preset = preset.name;
  config.top.stages.clear();
  for (const RecipeEntry& entry : config.entries) config.top.stages.push_back(entry.name);
  return config;
}

}  // namespace

void StageList::visit(OptionVisitor& visitor) {
  visitor.choice("preset", preset, preset_names(), "preset that gives the keys not set here");
  visitor.field("stages", stages,
                "stages in the order they run, each with a section of its name; those listed after dedup run after it");
}

void ShardOptions::visit(OptionVisitor& visitor) {
  visitor.choice("format", format, shard_format_names(), "format of the token shards: " + shard_format_help());
  visitor.choice("token_bytes", token_bytes, {"auto", "2", "4"},
                 "bytes per token; auto: 2 when the vocabulary has at most 65,536 ids");
  visitor.field("shard_tokens", shard_tokens, "tokens per shard (llm.c: 100M)");
  visitor.field("validation_per_mille", validation_per_mille,
                "documents per thousand that go to the validation shards, by xxh64 of the id");
  visitor.field("shuffle", shuffle,
                "seed, from 1: documents of all inputs in the order of a hash of their text; 0: in the inputs' order");
  visitor.choice("end_of_text", end_of_text, {"auto", "before", "after", "none"},
                 "where the end-of-text token goes; auto: where the format's readers expect it, for llm.c before each "
                 "document, for the others after");
}

void TextRecipe::visit(OptionVisitor& visitor) {
  visitor.choice("format", format, text_format_names(),
                 "of kept texts: jsonl: FineWeb's columns in JSON Lines; dolma: dolma's members; parquet: FineWeb's "
                 "columns, rejects too");
  visitor.field("row_group_bytes", row_group_bytes, "parquet: values of so many bytes end a row group");
  visitor.field("source", source, "dolma: `source` of every document; empty: its crawl, else its input");
}

void OutputOptions::visit(OptionVisitor& visitor) {
  visitor.field("stop_after", stop_after,
                "end after this stage, with texts that have all fields and no shards; another run begins from them");
  visitor.field("start_after", start_after,
                "begin after this stage: the inputs are texts of a run that stopped after it");
  visitor.field(
      "by", by,
      "language, or the name of a score: each document goes to one of several corpora, with deduplication and "
      "shards of its own, in corpora/NAME");
  visitor.field("corpora", corpora,
                "with by = language: the languages that are corpora; none given: those of language.languages");
  visitor.field("bounds", bounds, "with by = a score: where it is divided, numbers, ascending");
}

RecipeConfig::Range RecipeConfig::running() const {
  return {output.start_after.empty() ? 0 : place_after(*this, output.start_after, "start_after"),
          output.stops() ? place_after(*this, output.stop_after, "stop_after") : entries.size()};
}

std::vector<std::pair<std::string, std::string>> recipe_presets() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const RecipePreset& preset : presets()) all.emplace_back(preset.name, preset.about);
  return all;
}

RecipeConfig load_recipe(const std::string& name_or_path, const std::vector<std::string>& sets, const Log& log) {
  std::string text;
  const RecipePreset* preset = find_preset(name_or_path);
  if (name_or_path == kOldPreset.old_name && !std::filesystem::exists(name_or_path)) {
    preset = find_preset(kOldPreset.name);
    if (log) log(LogLevel::kWarning, fmt::format("recipe {} is the old name of {}", name_or_path, kOldPreset.name));
  }
  if (preset == nullptr) std::tie(text, preset) = read_recipe_file(name_or_path);
  RecipeReader reader(text, name_or_path);
  for (const std::string& assignment : sets) {
    if (assignment.starts_with("preset="))
      throw UsageError(fmt::format("--set {}: a preset is not set but given: --recipe NAME", assignment));
    reader.set(assignment);
  }
  read_old_name(reader, name_or_path, kOldPreset, log);
  read_old_name(reader, name_or_path, kOldRules, log);
  return read_config(reader, *preset);
}

RecipeConfig parse_recipe(const std::string& text, const std::string& name) {
  RecipeReader reader(text, name);
  return read_config(reader, *preset_of(text, name));
}

std::string recipe_text(RecipeConfig config, bool with_help) {
  RecipeWriter writer(with_help);
  writer.section("", config.top);
  writer.section("input", config.input);
  write_entries(config.entries, writer);
  writer.section("shards", config.shards);
  writer.section("text", config.text);
  writer.section("output", config.output);
  return writer.text();
}

std::string content_text(RecipeConfig config) {
  for (RecipeEntry& entry : config.entries) entry.options->keep_content();
  return recipe_text(std::move(config), false);
}

}  // namespace ftok
