#include "pipeline/registry.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>

#include "core/error.h"
#include "core/recipe.h"
#include "pipeline/shard_settings.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

using Factory = std::function<std::unique_ptr<const Stage>(const RecipeConfig&, Plan&)>;

template <typename S, typename Options>
Factory simple(Options RecipeConfig::*options) {
  return [options](const RecipeConfig& recipe, Plan&) { return std::make_unique<S>(recipe.*options); };
}

std::unique_ptr<const Stage> make_minhash(const RecipeConfig& recipe, Plan& plan) {
  auto stage = std::make_unique<MinHashStage>(recipe.minhash);
  plan.key_layout = stage->layout();
  return stage;
}

// "adult/domains": enough to know a list by, without the machine's folders.
std::string short_name(const std::filesystem::path& path) {
  return (path.parent_path().filename() / path.filename()).string();
}

std::unique_ptr<const Stage> make_url(const RecipeConfig& recipe, Plan& plan) {
  auto stage = std::make_unique<UrlStage>(recipe.url);
  plan.digests["public suffix list"] = stage->public_suffixes().digest();
  size_t number = 0;
  for (const UrlListReport& list : stage->lists().reports()) {
    if (list.missing) {
      plan.notes.push_back(
          fmt::format("url: the list {} is missing and matches nothing (`ftok models get` fetches ut1)", list.path));
    } else {
      plan.digests[fmt::format("url {} {:03} {}", name_of(list.role), number++, short_name(list.path))] = list.sha256;
    }
  }
  return stage;
}

std::unique_ptr<const Stage> make_language(const RecipeConfig& recipe, Plan& plan) {
  auto stage = std::make_unique<LanguageStage>(recipe.language);
  plan.digests["language model"] = checksum_of_file(recipe.language.model);
  return stage;
}

// None without a model.
std::unique_ptr<const Stage> make_classifier(const RecipeConfig& recipe, Plan& plan) {
  if (recipe.classifier.model.empty()) return nullptr;
  auto stage = std::make_unique<ClassifierStage>(recipe.classifier);
  plan.digests["classifier"] = checksum_of_file(recipe.classifier.model);
  return stage;
}

// Every stage by its name in recipes; one that has nothing to do is null. A new filter gets a line here, one in
// RecipeConfig and one in visit_sections.
const std::vector<std::pair<std::string, Factory>>& factories() {
  static const std::vector<std::pair<std::string, Factory>> all = {
      {"http", simple<HttpStage>(&RecipeConfig::http)},
      {"url", make_url},
      {"extract", simple<ExtractStage>(&RecipeConfig::extract)},
      {"language", make_language},
      {"gopher_repetition", simple<GopherRepetition>(&RecipeConfig::gopher_repetition)},
      {"gopher_quality", simple<GopherQuality>(&RecipeConfig::gopher_quality)},
      {"c4", simple<C4>(&RecipeConfig::c4)},
      {"fineweb", simple<FineWeb>(&RecipeConfig::fineweb)},
      {"classifier", make_classifier},
      {"minhash", make_minhash},
      {"pii", simple<PiiStage>(&RecipeConfig::pii)},
  };
  return all;
}

const Factory& factory_of(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, factory] : factories()) {
    if (known == name) return factory;
    names.push_back(known);
  }
  const std::string nearest = nearest_name(name, names);
  throw UsageError(fmt::format("recipe: stages: '{}' is no stage; {}", name,
                               nearest.empty() ? fmt::format("expected {}", fmt::join(names, ", "))
                                               : fmt::format("the nearest is '{}'", nearest)));
}

void load_vocabulary(const PlanOptions& options, const RecipeConfig& recipe, Plan& plan) {
  plan.encoding = std::make_shared<const Encoding>(Encoding::load(options.vocabulary, options.vocabulary_hints));
  plan.vocabulary_name = plan.encoding->name();
  plan.vocabulary_digest = plan.encoding->digest();
  plan.shards = shard_writer_options(recipe.shards, *plan.encoding, "shards.");
  plan.validation_per_mille = recipe.shards.validation_per_mille;
}

// What a folder is bound to: everything that decides the bytes in it, and nothing else (not threads, not memory).
std::string binding_of(const Plan& plan, const PlanOptions& options) {
  std::string out = plan.recipe + "\n[output]\n";
  const char* rejects = options.rejects == Rejects::kNone ? "none" : options.rejects == Rejects::kIds ? "ids" : "text";
  out += fmt::format("rejects = \"{}\"\ntext = {}\n\n[digests]\n", rejects, options.text);
  out += fmt::format("vocabulary = \"{} {}\"\n", plan.vocabulary_name, plan.vocabulary_digest);
  for (const auto& [name, digest] : plan.digests) out += fmt::format("\"{}\" = \"{}\"\n", name, digest);
  return out;
}

}  // namespace

std::unique_ptr<const Stage> make_stage(const std::string& name, const RecipeConfig& recipe, Plan& plan) {
  return factory_of(name)(recipe, plan);
}

Plan make_plan(const RecipeConfig& recipe, const PlanOptions& options) {
  Plan plan;
  plan.source = recipe.input;
  plan.notes = options.notes;
  RecipeConfig configured = recipe;
  if (!options.language_model.empty()) configured.language.model = options.language_model;
  for (std::string& list : configured.url.lists) {
    if (std::filesystem::exists(list) || !options.fetched_list) continue;
    if (const std::string path = options.fetched_list(list); !path.empty()) list = path;
  }
  for (const std::string& name : recipe.top.stages) factory_of(name);  // names first, models after
  for (const std::string& name : recipe.top.stages) {
    std::unique_ptr<const Stage> stage = make_stage(name, configured, plan);
    if (stage != nullptr) (name == "pii" ? plan.late_stages : plan.stages).push_back(std::move(stage));
  }
  if (!recipe.classifier.model.empty() && plan.digests.count("classifier") == 0) {
    throw UsageError("recipe: classifier.model is set, and stages has no 'classifier'; add it to stages");
  }
  plan.dedup = recipe.dedup;
  if (plan.key_layout.buckets == 0 && plan.dedup.scope != "off" && plan.dedup.minhash) {
    throw UsageError(
        "recipe: dedup.minhash needs the stage 'minhash'; add it to stages, or set dedup.minhash=false or "
        "dedup.scope=off");
  }
  if (!options.vocabulary.empty()) load_vocabulary(options, recipe, plan);
  RecipeConfig content = recipe;
  content.dedup.memory = 0;        // how much memory there is decides no byte
  content.language.model.clear();  // their digests count, not where they lie
  content.classifier.model.clear();
  plan.recipe = bound_recipe(recipe_text(content, false));
  plan.binding = binding_of(plan, options);
  return plan;
}

}  // namespace ftok
