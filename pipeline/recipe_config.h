// RecipeConfig: a whole recipe, validated: the options of every room. What a TOML file or a preset turns into.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/options.h"
#include "crawl/http_stage.h"
#include "crawl/source.h"
#include "dedup/deduplicator.h"
#include "dedup/minhash.h"
#include "extract/extract_stage.h"
#include "filters/c4.h"
#include "filters/classifier.h"
#include "filters/fineweb.h"
#include "filters/gopher_quality.h"
#include "filters/gopher_repetition.h"
#include "filters/language.h"
#include "filters/pii.h"
#include "filters/url.h"

namespace ftok {

// The top of a recipe.
struct StageList {
  std::string preset = "fineweb-2024-04";
  std::vector<std::string> stages;

  void visit(OptionVisitor& visitor);
};

// [shards]: how tokens are laid out.
struct ShardOptions {
  std::string format = "llmc";         // a name of shard_formats()
  std::string token_bytes = "auto";    // 2 or 4
  int64_t shard_tokens = 100'000'000;  // llm.c cuts at 10^8
  int64_t validation_per_mille = 5;
  std::string end_of_text = "auto";  // where the format's readers want it

  void visit(OptionVisitor& visitor);
};

struct RecipeConfig {
  StageList top;
  SourceOptions input;
  HttpOptions http;
  UrlOptions url;
  ExtractOptions extract;
  LanguageOptions language;
  GopherRepetitionOptions gopher_repetition;
  GopherQualityOptions gopher_quality;
  C4Options c4;
  FineWebOptions fineweb;
  ClassifierOptions classifier;
  MinHashOptions minhash;
  DeduplicatorOptions dedup;
  PiiOptions pii;
  ShardOptions shards;
};

// The presets and a line about each.
std::vector<std::pair<std::string, std::string>> recipe_presets();

// A preset by name, or a TOML file whose `preset` key names the one it starts from; then the assignments of --set.
// Throws UsageError naming what is wrong.
RecipeConfig load_recipe(const std::string& name_or_path, const std::vector<std::string>& sets);

// The recipe as TOML; without help it is the canonical form.
std::string recipe_text(RecipeConfig config, bool with_help);

}  // namespace ftok
