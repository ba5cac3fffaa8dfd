// RecipeConfig: a whole recipe, validated: its stages with their options, and what is not a stage. What a TOML file or
// a preset turns into.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/log.h"
#include "core/options.h"
#include "crawl/source.h"
#include "pipeline/recipe_stages.h"
#include "shards/record_file.h"

namespace ftok {

// The top of a recipe.
struct StageList {
  std::string preset = "fineweb-2024-04";
  std::vector<std::string> stages;  // the names of RecipeConfig::entries

  void visit(OptionVisitor& visitor);
};

// [shards]: how tokens are laid out.
struct ShardOptions {
  std::string format = "llmc";         // a name of shard_formats()
  std::string token_bytes = "auto";    // 2 or 4
  int64_t shard_tokens = 100'000'000;  // llm.c cuts at 10^8
  int64_t validation_per_mille = 5;
  int64_t shuffle = 0;               // seed, from 1; 0: none
  std::string end_of_text = "auto";  // where the format's readers want it

  void visit(OptionVisitor& visitor);
};

// [text]: how the kept documents are written down, beside the shards.
struct TextRecipe {
  std::string format = "jsonl";  // a name of text_format_names()
  int64_t row_group_bytes = static_cast<int64_t>(kRowGroupBytes);
  std::string source;

  void visit(OptionVisitor& visitor);
};

// [output]: where in the recipe a run begins and ends, and into how many corpora its documents go.
struct OutputOptions {
  std::string stop_after, start_after;  // names of entries; empty: the last one, the first one
  std::string by;                       // "language" or the name of a score; empty: one corpus (routing.h)
  std::vector<std::string> corpora;     // with language: which
  std::vector<std::string> bounds;      // with a score: numbers, ascending

  void visit(OptionVisitor& visitor);
  bool stops() const { return !stop_after.empty(); }
};

// What --memory must be at least, for each byte of the largest record and of the largest body.
inline constexpr int64_t kMemoryPerRecordByte = 32;

// Beyond 16 MiB a record is no page, and its text longer than any that the presets keep.
inline SourceOptions recipe_input() {
  SourceOptions options;
  options.record_bytes_max = int64_t{16} << 20;
  return options;
}

struct RecipeConfig {
  StageList top;
  SourceOptions input = recipe_input();
  std::vector<RecipeEntry> entries;  // in order; one of them is deduplication
  ShardOptions shards;
  TextRecipe text;
  OutputOptions output;

  // The entries that run, [first, end) of `entries`: those between output.start_after and output.stop_after.
  struct Range {
    size_t first = 0, end = 0;
  };
  Range running() const;
};

// The presets and a line about each.
std::vector<std::pair<std::string, std::string>> recipe_presets();

// A preset by name, or a TOML file whose `preset` key names the one it starts from; then the
// assignments "section.key=value".
// Old names are read, and `log` says what they are called. Throws UsageError naming what is wrong.
RecipeConfig load_recipe(const std::string& name_or_path, const std::vector<std::string>& sets, const Log& log = {});

// A recipe from its TOML text, as load_recipe reads a file of the name `name`.
RecipeConfig parse_recipe(const std::string& text, const std::string& name);

// The recipe as TOML; without help it is the canonical form.
std::string recipe_text(RecipeConfig config, bool with_help);

// The canonical form without what decides no byte of the output: places of files, amounts of memory.
std::string content_text(RecipeConfig config);

}  // namespace ftok
