#include "pipeline/routing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "filters/language.h"

namespace ftok {
namespace {

constexpr size_t kCorporaMax = 256;

// Whether the name can be that of a folder, on any file system and in any object store.
bool is_plain_name(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= 64 && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), is_plain);
}

// The languages that the recipe keeps, but for "*".
std::vector<std::string> languages_of(const RecipeConfig& recipe) {
  std::vector<std::string> languages;
  for (const RecipeEntry& entry : recipe.entries) {
    const auto* const options = entry.get<LanguageOptions>();
    if (options == nullptr || options->label_only) continue;
    for (const auto& [language, least] : options->languages) {
      if (language != "*") languages.push_back(language);
    }
  }
  return languages;
}

void check_score(const RecipeConfig& recipe) {
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.kind->is_dedup()) break;
    if (gives_score(entry, recipe.output.by) && !entry.idle()) return;
  }
  throw UsageError(fmt::format(
      "recipe: output.by: '{}' is neither language nor the score of a stage before dedup that runs", recipe.output.by));
}

}  // namespace

std::string corpus_folder(const std::string& output, const std::string& corpus) {
  return fmt::format("{}/{}/{}", output, kCorporaFolder, corpus);
}

bool gives_score(const RecipeEntry& entry, const std::string& score) {
  const std::vector<std::string> scores = entry.options->named_fields(entry.name).numbers;
  return std::find(scores.begin(), scores.end(), score) != scores.end();
}

void check_language_name(const RecipeConfig& recipe, size_t end, const std::string& key, const std::string& language) {
  const LanguageOptions* last = nullptr;
  for (size_t at = 0; at < end; ++at) {
    const auto* const options = recipe.entries[at].get<LanguageOptions>();
    if (options != nullptr && !recipe.entries[at].idle()) last = options;
  }
  if (last == nullptr || last->label_only || last->languages.contains("*") || last->languages.contains(language))
    return;
  std::vector<std::string> names;
  for (const auto& [name, least] : last->languages) names.push_back(name);
  throw UsageError(fmt::format("recipe: {}: no document has the language '{}' there; language.languages keeps {}", key,
                               language, fmt::join(names, ", ")));
}

Routing::Routing(const RecipeConfig& recipe) {
  const OutputOptions& options = recipe.output;
  if (options.by.empty()) {
    if (!options.corpora.empty() || !options.bounds.empty()) {
      throw UsageError("recipe: output.by: missing, and output.corpora or output.bounds have no use without it");
    }
    return;
  }
  if (options.by == "language") {
    if (!options.bounds.empty()) throw UsageError("recipe: output.bounds: has no use with output.by = \"language\"");
    corpora_ = options.corpora.empty() ? languages_of(recipe) : options.corpora;
    if (corpora_.empty()) {
      throw UsageError("recipe: output.corpora: missing, expected languages (language.languages names none)");
    }
  } else {
    check_score(recipe);
    if (!options.corpora.empty()) throw UsageError("recipe: output.corpora: only with output.by = \"language\"");
    score_ = options.by;
    read_bounds(options);
  }
  if (corpora_.size() > kCorporaMax) {
    throw UsageError(fmt::format("recipe: output: {} corpora, expected at most {}", corpora_.size(), kCorporaMax));
  }
  for (const std::string& name : corpora_) {
    if (!is_plain_name(name)) {
      throw UsageError(
          fmt::format("recipe: output: '{}' cannot name a corpus: expected letters, digits, '.', '_', '-'", name));
    }
    if (std::count(corpora_.begin(), corpora_.end(), name) > 1)
      throw UsageError(fmt::format("recipe: output.corpora: '{}' is listed twice", name));
    if (options.by == "language") check_language_name(recipe, recipe.entries.size(), "output.corpora", name);
  }
}

void Routing::read_bounds(const OutputOptions& options) {
  if (options.bounds.empty())
    throw UsageError("recipe: output.bounds: missing, expected where the score is divided, ascending");
  corpora_.push_back("below-" + options.bounds.front());
  for (size_t i = 0; i < options.bounds.size(); ++i) {
    const std::string& text = options.bounds[i];
    double bound = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(bound) ||
        (i > 0 && bound <= bounds_.back())) {
      throw UsageError(fmt::format("recipe: output.bounds: got '{}', expected numbers, ascending", text));
    }
    bounds_.push_back(bound);
    const bool is_last = i + 1 == options.bounds.size();
    corpora_.push_back(is_last ? "from-" + text : fmt::format("{}-{}", text, options.bounds[i + 1]));
  }
}

std::optional<size_t> Routing::corpus_of(const Document& document, Verdict& verdict) const {
  if (score_.empty()) {
    const auto found = std::find(corpora_.begin(), corpora_.end(), document.language);
    if (found != corpora_.end()) return static_cast<size_t>(found - corpora_.begin());
    verdict = Verdict::drop("output.no_corpus", document.language_score, 0, document.language);
    verdict.of_language = true;
    return std::nullopt;
  }
  for (const NamedScore& score : document.scores) {
    if (score.name.view() != score_ || std::isnan(score.value)) continue;
    return static_cast<size_t>(std::upper_bound(bounds_.begin(), bounds_.end(), score.value) - bounds_.begin());
  }
  verdict = Verdict::drop("output.no_corpus", 0, 0, "no " + score_);
  return std::nullopt;
}

}  // namespace ftok
