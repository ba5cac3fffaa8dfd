#include "pipeline/recipe_config.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/recipe.h"
#include "core/text_file.h"
#include "shards/shard_format.h"

namespace ftok {
namespace {

constexpr char kReleased[] = "fineweb-2024-04";
constexpr char kHead[] = "fineweb-head";

RecipeConfig preset_config(const std::string& name) {
  RecipeConfig config;  // the options' defaults are FineWeb's as released
  config.top.preset = name;
  config.top.stages = {"http",    "url",        "extract", "language", "gopher_repetition", "gopher_quality", "c4",
                       "fineweb", "classifier", "minhash", "pii"};
  config.url.lists = {"ut1"};  // a name: `ftok models get ut1`
  if (name == kHead) {
    config.gopher_repetition = GopherRepetitionOptions::head();
    config.gopher_quality = GopherQualityOptions::head();
    config.c4 = C4Options::head();
    config.fineweb = FineWebOptions::head();
    config.minhash = MinHashOptions::head();
    config.pii = PiiOptions::head();
  }
  return config;
}

// Every section with its options, in the order of the pipeline, for readers and writers alike.
template <typename Visit>
void visit_sections(RecipeConfig& config, Visit&& visit) {
  visit("", config.top);
  visit("input", config.input);
  visit("http", config.http);
  visit("url", config.url);
  visit("extract", config.extract);
  visit("language", config.language);
  visit("gopher_repetition", config.gopher_repetition);
  visit("gopher_quality", config.gopher_quality);
  visit("c4", config.c4);
  visit("fineweb", config.fineweb);
  visit("classifier", config.classifier);
  visit("minhash", config.minhash);
  visit("dedup", config.dedup);
  visit("pii", config.pii);
  visit("shards", config.shards);
}

// The `preset` a recipe file starts from, read alone.
struct PresetName {
  std::string preset = kReleased;
  void visit(OptionVisitor& visitor) { visitor.choice("preset", preset, {kReleased, kHead}, "preset"); }
};

}  // namespace

void StageList::visit(OptionVisitor& visitor) {
  visitor.choice("preset", preset, {kReleased, kHead}, "the preset all keys not given are taken from");
  visitor.field("stages", stages, "what runs, in this order; minhash feeds [dedup], pii runs after it");
}

void ShardOptions::visit(OptionVisitor& visitor) {
  visitor.choice("format", format, shard_format_names(), "whose token shards: " + shard_format_help());
  visitor.choice("token_bytes", token_bytes, {"auto", "2", "4"},
                 "width of a token; auto: 2 when the vocabulary has at most 65,536 ids");
  visitor.field("shard_tokens", shard_tokens, "tokens a shard (llm.c: 100M)");
  visitor.field("validation_per_mille", validation_per_mille,
                "documents in a thousand that go to the validation shards, by xxh64 of the id");
  visitor.choice("end_of_text", end_of_text, {"auto", "before", "after", "none"},
                 "where the end-of-text token goes; auto: where the format's readers want it, llm.c before each "
                 "document, the others after");
}

std::vector<std::pair<std::string, std::string>> recipe_presets() {
  return {{kReleased, "FineWeb as the data set was released (NLTK-like words, rules of April 2024)"},
          {kHead, "FineWeb's pipeline as datatrove 0.10.1 has it (spaCy's words, strict comparisons)"}};
}

RecipeConfig load_recipe(const std::string& name_or_path, const std::vector<std::string>& sets) {
  std::string text, preset = name_or_path;
  const bool is_preset = name_or_path == kReleased || name_or_path == kHead;
  if (!is_preset) {
    if (!std::filesystem::exists(name_or_path)) {
      const std::string nearest = nearest_name(name_or_path, {kReleased, kHead});
      throw UsageError(fmt::format("--recipe: got '{}', which is no file and no preset; {}", name_or_path,
                                   nearest.empty() ? fmt::format("expected {} or {}", kReleased, kHead)
                                                   : fmt::format("the nearest preset is {}", nearest)));
    }
    text = read_text_file(name_or_path, 16 << 20);
    RecipeReader first(text, name_or_path);
    PresetName chosen;
    first.section("", chosen);
    preset = chosen.preset;
  }
  RecipeConfig config = preset_config(preset);
  RecipeReader reader(text, name_or_path);
  for (const std::string& assignment : sets) reader.set(assignment);
  visit_sections(config, [&](const char* section, auto& options) { reader.section(section, options); });
  reader.finish();
  config.top.preset = preset;
  return config;
}

std::string recipe_text(RecipeConfig config, bool with_help) {
  RecipeWriter writer(with_help);
  visit_sections(config, [&](const char* section, auto& options) { writer.section(section, options); });
  return writer.text();
}

}  // namespace ftok
