#include "view/whatif_answers.h"

#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/text_file.h"
#include "pipeline/whatif.h"
#include "view/view_answers.h"

namespace ftok {
namespace {

constexpr size_t kSamples = 6;
constexpr size_t kChangesMax = 200, kRecipeBytesMax = size_t{4} << 20;

void write_tally(JsonWriter& json, const char* name, const Tally& tally) {
  json.key(name).begin_object().field("documents", tally.documents).field("kept", tally.kept);
  json.key("dropped").begin_object();
  for (const auto& [reason, count] : tally.dropped) json.field(reason, count);
  json.end_object().end_object();
}

// Whether the key's value is a whole number, as the canonical text of the recipe has it.
bool is_whole(const std::string& recipe, const std::string& key) {
  const size_t dot = key.find('.');
  const size_t section = recipe.find("[" + key.substr(0, dot) + "]\n");
  if (section == std::string::npos) return false;
  const size_t at = recipe.find("\n" + key.substr(dot + 1) + " = ", section);
  const std::string line = recipe.substr(at + 1, recipe.find('\n', at + 1) - at - 1);
  return at != std::string::npos && line.find_first_of(".e", line.find(" = ")) == std::string::npos;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

WhatIfAnswers::WhatIfAnswers(std::string path)
    : path_(std::move(path)), recipe_(load_recipe(recipe_path_of_measures(path_), {})) {}

const WhatIf& WhatIfAnswers::columns() {
  const std::lock_guard lock(mutex_);
  if (columns_ == nullptr) columns_ = std::make_unique<const WhatIf>(std::vector<std::string>{path_}, recipe_);
  return *columns_;
}

std::string WhatIfAnswers::spreads() {
  const WhatIf& what_if = columns();
  const std::lock_guard lock(mutex_);
  if (!spreads_.empty()) return spreads_;
  const std::string recipe = recipe_text(recipe_, false);
  JsonWriter json;
  json.begin_object().key("rules").begin_array();
  for (const RuleSpread& spread : what_if.spreads()) {
    json.begin_object().field("rule", spread.rule).field("key", spread.key).field("relation", spread.relation);
    json.field("threshold", spread.threshold).field("whole", is_whole(recipe, spread.key));
    json.field("documents", spread.values.count()).field("drops", spread.drops);
    json.key("bins");
    write_bins(json, spread.values);
    json.end_object();
  }
  json.end_array();
  write_tally(json, "measured", what_if.answer(recipe_).measured);
  return spreads_ = json.end_object().take();
}

std::string WhatIfAnswers::what_if(const std::string& changes, const std::string& rule) {
  const std::vector<std::string> lines = lines_of(changes);
  if (lines.size() > kChangesMax) throw ViewRefusal{413, "too many thresholds"};
  const RecipeConfig changed = load_recipe(recipe_path_of_measures(path_), lines);
  const WhatIfResult result = columns().answer(changed, rule, rule.empty() ? 0 : kSamples);
  JsonWriter json;
  json.begin_object();
  write_tally(json, "measured", result.measured);
  write_tally(json, "changed", result.changed);
  json.key("samples").begin_array();
  for (const WhatIfSample& sample : result.samples) {
    json.begin_object().field("id", sample.id).field("url", sample.url).field("value", sample.value);
    json.field("threshold", sample.threshold)
        .field("drops", sample.drops)
        .field("outcome", sample.outcome)
        .end_object();
  }
  json.end_array().key("notes").begin_array();
  for (const std::string& note : result.notes) json.value(note);
  return json.end_array().end_object().take();
}

}  // namespace ftok
