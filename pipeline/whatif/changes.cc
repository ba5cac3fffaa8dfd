#include "pipeline/whatif/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/shown.h"
#include "dedup/deduplicator.h"
#include "filters/language.h"

namespace ftok {
namespace {

using Keys = std::map<std::string, std::string>;

// "section.key" -> the value as TOML, of a recipe's canonical text.
Keys keys_of(const RecipeConfig& recipe) {
  Keys keys;
  std::string section;
  const std::string text = recipe_text(recipe, false);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with('[')) {
      section = std::string(line.substr(1, line.size() - 2)) + ".";
      continue;
    }
    const size_t equals = line.find(" = ");
    if (equals != std::string_view::npos) keys[section + std::string(line.substr(0, equals))] = line.substr(equals + 3);
  }
  return keys;
}

const RecipeEntry* entry_named(const RecipeConfig& recipe, std::string_view name) {
  const auto found = std::find_if(recipe.entries.begin(), recipe.entries.end(),
                                  [&](const RecipeEntry& entry) { return entry.name == name; });
  return found == recipe.entries.end() ? nullptr : &*found;
}

[[noreturn]] void refuse(const std::string& key, const std::string& why) {
  throw UsageError(fmt::format("{}: {}; measure again with it", key, why));
}

// Whether the entry's rules are in the measures.
bool is_measured(const RecipeConfig& recipe, const RecipeEntry& entry) {
  const RecipeConfig::Range running = recipe.running();
  const auto at = static_cast<size_t>(&entry - recipe.entries.data());
  return at >= running.first && at < running.end && !entry.idle();
}

double number_of(const std::string& key, const std::string& toml) {
  double value = 0;
  if (std::from_chars(toml.data(), toml.data() + toml.size(), value).ptr != toml.data() + toml.size())
    throw UsageError(fmt::format("{}: got {}, expected a number", key, toml));
  return value;
}

// Whether a probability is above its threshold decides for one language alone; where several are wanted, a row has
// only the one that came nearest.
void change_language(const std::string& key, const RecipeEntry& before, const RecipeEntry& after,
                     ThresholdChanges& changes) {
  const auto& old_languages = before.get<LanguageOptions>()->languages;
  const auto& new_languages = after.get<LanguageOptions>()->languages;
  if (old_languages.size() != 1 || new_languages.size() != 1 ||
      old_languages.begin()->first != new_languages.begin()->first)
    refuse(key, "replayed for the threshold of one language alone");
  if (before.get<LanguageOptions>()->label_only) return;  // it drops none, whatever the threshold
  changes.language = new_languages.begin()->first;
  changes.language_stage = after.name;
  changes.language_threshold = new_languages.begin()->second;
}

void change(const std::string& key, const std::string& value, const RecipeConfig& measured, const RecipeConfig& changed,
            ThresholdChanges& changes) {
  const size_t dot = key.rfind('.');
  const std::string section = dot == std::string::npos ? "" : key.substr(0, dot), name = key.substr(dot + 1);
  const RecipeEntry* const before = entry_named(measured, section);
  const RecipeEntry* const after = entry_named(changed, section);
  if (before == nullptr || after == nullptr) refuse(key, "no threshold, so that its effect is not in the measures");
  if (before->kind->is_dedup() && name == "verify_jaccard") {
    changes.changes_dedup = true;
    return;
  }
  if (!is_measured(measured, *before)) refuse(key, "of a stage that does nothing in the recipe measured");
  if (before->get<LanguageOptions>() != nullptr && name == "languages")
    return change_language(key, *before, *after, changes);
  for (const ThresholdKey& threshold : before->kind->thresholds) {
    if (threshold.key != name) continue;
    if (number_of(key, value) == threshold.off || number_of(key, keys_of(measured).at(key)) == threshold.off)
      refuse(key, "turns the rule on or off");
    changes.thresholds[section + "." + std::string(threshold.rule)] = number_of(key, value);
    return;
  }
  refuse(key, "no threshold, so that its effect is not in the measures");
}

}  // namespace

ThresholdChanges threshold_changes(const RecipeConfig& measured, const RecipeConfig& changed) {
  const Keys before = keys_of(measured), after = keys_of(changed);
  ThresholdChanges changes;
  for (const auto& [key, value] : after) {
    const auto found = before.find(key);
    if (found == before.end()) refuse(key, "no key of the recipe measured");
    if (found->second != value) change(key, value, measured, changed, changes);
  }
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) refuse(key, "a key of the recipe measured alone");
  }
  return changes;
}

bool is_of_language(const RecipeConfig& recipe, std::string_view stage) {
  const RecipeEntry* const entry = entry_named(recipe, stage);
  return entry != nullptr && entry->get<LanguageOptions>() != nullptr;
}

bool is_late(const RecipeConfig& recipe, std::string_view stage) {
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.name == stage) return false;
    if (entry.kind->is_dedup()) return entry_named(recipe, stage) != nullptr;
  }
  return false;
}

}  // namespace ftok
