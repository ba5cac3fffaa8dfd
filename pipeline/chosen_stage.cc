#include "pipeline/chosen_stage.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/nearest_name.h"
#include "document/batch_stage.h"
#include "pipeline/routing.h"

namespace ftok {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Which documents a stage looks at.
class Choice {
 public:
  Choice(std::vector<std::string> only, const RecipeConfig& recipe) : routing_(recipe), only_(std::move(only)) {}

  bool has(const Document& document) const {
    if (routing_.corpora().empty()) return contains(only_, document.language);
    Verdict unused;
    const std::optional<size_t> corpus = routing_.corpus_of(document, unused);
    return corpus.has_value() && contains(only_, routing_.corpora()[*corpus]);
  }

 private:
  Routing routing_;
  std::vector<std::string> only_;
};

// `Base` is Stage or BatchStage.
template <typename Base>
class ChosenStage : public Base {
 public:
  ChosenStage(std::unique_ptr<const Base> stage, Choice choice)
      : stage_(std::move(stage)), choice_(std::move(choice)) {}

  std::string_view name() const override { return stage_->name(); }

  using Base::process;
  Verdict process(Document& document, Report* report) const override {
    return choice_.has(document) ? stage_->process(document, report) : Verdict::keep();
  }

  std::string summary(const Document& document) const override {
    return choice_.has(document) ? stage_->summary(document) : std::string();
  }
  void describe(Provenance& provenance) const override { stage_->describe(provenance); }

 protected:
  std::unique_ptr<const Base> stage_;
  Choice choice_;
};

class ChosenBatchStage final : public ChosenStage<BatchStage> {
 public:
  using ChosenStage::ChosenStage;

  size_t batch_documents() const override { return stage_->batch_documents(); }
  void finish() const override { stage_->finish(); }
  std::vector<std::string> take_warnings() const override { return stage_->take_warnings(); }

  std::vector<Outcome> process_batch(std::span<Document* const> documents) const override {
    std::vector<size_t> places;
    std::vector<Document*> chosen;
    for (size_t i = 0; i < documents.size(); ++i) {
      if (!choice_.has(*documents[i])) continue;
      places.push_back(i);
      chosen.push_back(documents[i]);
    }
    std::vector<Outcome> outcomes(documents.size());
    if (chosen.empty()) return outcomes;
    std::vector<Outcome> judged = stage_->process_batch(chosen);
    for (size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = std::move(judged[i]);
    return outcomes;
  }
};

bool is_by_language(const RecipeConfig& recipe) { return recipe.output.by.empty() || recipe.output.by == "language"; }

// Whether the entry gives what the choice rests on: the language, or the score of output.by.
bool gives_choice(const RecipeEntry& entry, const RecipeConfig& recipe) {
  if (entry.idle()) return false;
  return is_by_language(recipe) ? (entry.kind->gives & kLanguage) != 0 : gives_score(entry, recipe.output.by);
}

void check_names(const RecipeEntry& entry, const std::vector<std::string>& corpora) {
  for (const std::string& name : entry.only) {
    if (name.empty()) throw UsageError(fmt::format("recipe: {}.only: a name is empty", entry.name));
    if (corpora.empty() || contains(corpora, name)) continue;
    const std::string nearest = nearest_name(name, corpora);
    throw UsageError(fmt::format("recipe: {}.only: '{}' is not a corpus of output.by; {}", entry.name, name,
                                 nearest.empty() ? fmt::format("expected {}", fmt::join(corpora, ", "))
                                                 : fmt::format("the nearest is '{}'", nearest)));
  }
}

}  // namespace

void check_only(const RecipeConfig& recipe) {
  const Routing routing(recipe);
  // Where no stage gives the language, the inputs may bring it.
  bool is_known =
      is_by_language(recipe) && std::none_of(recipe.entries.begin(), recipe.entries.end(),
                                             [&](const auto& entry) { return gives_choice(entry, recipe); });
  for (const RecipeEntry& entry : recipe.entries) {
    if (!entry.only.empty()) {
      if (!entry.kind->may_choose()) {
        throw UsageError(
            fmt::format("recipe: {}.only: a stage of kind {} looks at all documents; filters of texts can choose",
                        entry.name, entry.kind->name));
      }
      check_names(entry, routing.corpora());
      if (!is_known) {
        throw UsageError(fmt::format("recipe: {}.only: '{}' stands in front of the stage that gives the {}", entry.name,
                                     entry.name, is_by_language(recipe) ? "language" : recipe.output.by));
      }
      if (is_by_language(recipe)) {
        const auto at = static_cast<size_t>(&entry - recipe.entries.data());
        for (const std::string& name : entry.only) check_language_name(recipe, at, entry.name + ".only", name);
      }
    }
    is_known = is_known || gives_choice(entry, recipe);
  }
}

std::unique_ptr<const Stage> chosen_stage(std::unique_ptr<const Stage> stage, const std::vector<std::string>& only,
                                          const RecipeConfig& recipe) {
  if (only.empty()) return stage;
  Choice choice(only, recipe);
  const auto* const batches = dynamic_cast<const BatchStage*>(stage.get());
  if (batches == nullptr) return std::make_unique<ChosenStage<Stage>>(std::move(stage), std::move(choice));
  stage.release();
  return std::make_unique<ChosenBatchStage>(std::unique_ptr<const BatchStage>(batches), std::move(choice));
}

}  // namespace ftok
