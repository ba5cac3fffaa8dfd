#include "tools/ftok/completion_values.h"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "pipeline/recipe_config.h"
#include "pipeline/stage_kinds.h"
#include "tools/ftok/models.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/problems.h"
#include "trainer/rl_recipe.h"
#include "trainer/train_recipe.h"

namespace ftok::cli {
namespace {

std::vector<std::string> names_of(const std::vector<std::pair<std::string, std::string>>& described) {
  std::vector<std::string> names;
  for (const auto& [name, about] : described) names.push_back(name);
  return names;
}

enum class Kind { kVocabularies, kOthers, kAll };

std::vector<std::string> published(Kind kind) {
  std::vector<std::string> names;
  for (const Model& model : known_models()) {
    if (kind == Kind::kAll || is_vocabulary(model) == (kind == Kind::kVocabularies)) names.push_back(model.name);
  }
  return names;
}

std::vector<std::string> vocabularies() {
  std::vector<std::string> names = bundled_vocabularies();
  std::ranges::copy(published(Kind::kVocabularies), std::back_inserter(names));
  return names;
}

std::vector<std::string> language_models() {
  std::vector<std::string> names = published(Kind::kOthers);
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("lid."); });
  return names;
}

std::vector<std::string> stage_names() {
  std::vector<std::string> names;
  for (const StageKind* kind : stage_kinds()) names.emplace_back(kind->name);
  return names;
}

// "section.key=" of what --set takes.
std::vector<std::string> keys_to_set(const std::string& command) {
  if (command == "mix" || command.starts_with("reward")) return {};
  std::istringstream text(command == "rl" ? rl_recipe_text(load_rl_recipe(task_names().front().first, {}), false, false)
                          : command == "train"
                              ? train_recipe_text(load_train_recipe(train_presets().front().first, {}), false)
                              : recipe_text(load_recipe(recipe_presets().front().first, {}), false));
  std::vector<std::string> names;
  std::string section;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1) + ".";
    const size_t equals = line.find(" = ");
    if (equals != std::string::npos) names.push_back(section + line.substr(0, equals) + "=");
  }
  return names;
}

}  // namespace

std::vector<std::string> completion_values(const std::string& command, const std::string& name) {
  const bool trains = command == "train" || command == "model import";
  if (name == "--vocab" || (command == "encode" && name == "--compare")) return vocabularies();
  if (name == "--language-model" || (command == "language" && name == "--model")) return language_models();
  if (name == "NAME" && command == "vocab get") return published(Kind::kVocabularies);
  if (name == "NAME" && command.starts_with("models ")) return published(Kind::kAll);
  if (name == "--stop-after" || name == "--start-after") return stage_names();
  if (name == "--set") return keys_to_set(command);
  if (command == "recipe diff") return names_of(recipe_presets());
  if (name != "--recipe" && name != "RECIPE") return {};
  if (command == "rl") return names_of(task_names());
  if (trains) return names_of(train_presets());
  return command == "mix" || command.starts_with("reward") ? std::vector<std::string>() : names_of(recipe_presets());
}

}  // namespace ftok::cli
