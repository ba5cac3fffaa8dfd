// LanguageStage ("language"): the best label of a fastText model for the whole document, and whether it is wanted.
//
// FineWeb (datatrove's LanguageFilter): newlines count as spaces, keep when P(en) > 0.65. Reasons:
//   language.not_wanted  the best label is not in the set (or the text holds nothing the model knows)
//   language.low_score   it is, but no wanted language's probability is above its threshold
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/options.h"
#include "document/stage_kind.h"
#include "filters/language_model.h"

namespace ftok {

struct LanguageOptions {
  std::string model;  // a fastText file, .bin or .ftz
  std::map<std::string, double> languages{{"en", 0.65}};
  bool label_only = false;
  int64_t text_bytes_max = 0;

  void visit(OptionVisitor& visitor);
  void keep_content() { model.clear(); }  // its digest counts, not where it lies
};

class LanguageStage : public Stage {
 public:
  // Loads `options.model`; throws Error naming the file when it is not a usable model.
  explicit LanguageStage(LanguageOptions options);

  // With a model already loaded; `options.model` is only a name then. Throws UsageError when a wanted language is not
  // one of the model's labels, as nothing could be kept.
  LanguageStage(LanguageOptions options, std::shared_ptr<const LanguageModel> model);

  std::string_view name() const override { return "language"; }

  // Fills document.language and document.language_score; the text stays as it is.
  Verdict process(Document& document, Report* report) const override;
  using Stage::process;

  // The stage of a recipe, with the model that `context` finds.
  static std::unique_ptr<const Stage> make(LanguageOptions options, const StageContext& context);

  std::string summary(const Document& document) const override;
  void describe(Provenance& provenance) const override;

  const LanguageModel& model() const { return *model_; }

 private:
  LanguageOptions options_;
  std::shared_ptr<const LanguageModel> model_;
  std::vector<std::pair<uint32_t, double>> wanted_;  // label index, threshold
  bool any_language_ = false;
  double any_threshold_ = 0;
  std::string note_;  // on the model, for describe()
};

}  // namespace ftok
