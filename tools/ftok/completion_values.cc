#include "tools/ftok/completion_values.h"

#include <algorithm>
#include <iterator>

#include "pipeline/recipe_config.h"
#include "tools/ftok/models.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/problems.h"
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

}  // namespace

std::vector<std::string> completion_values(const std::string& command, const std::string& name) {
  const bool trains = command == "train" || command == "model import";
  if (name == "--vocab" || (command == "encode" && name == "--compare")) return vocabularies();
  if (name == "--language-model" || (command == "language" && name == "--model")) return language_models();
  if (name == "NAME" && command == "vocab get") return published(Kind::kVocabularies);
  if (name == "NAME" && command.starts_with("models ")) return published(Kind::kAll);
  if (name != "--recipe" && name != "RECIPE") return {};
  if (command == "rl") return names_of(task_names());
  if (trains) return names_of(train_presets());
  return command == "mix" || command.starts_with("reward") ? std::vector<std::string>() : names_of(recipe_presets());
}

}  // namespace ftok::cli
