// ClassifierStage ("classifier"): a fastText classifier of the user's own over the text (quality, topic, toxicity ...),
// as DCLM and others select documents: Li et al. 2024, "DataComp-LM", section 4.4. Reasons:
//   classifier.low_score   the probability of `label` is below score_min
//   classifier.high_score  it is above score_max
//
// The whole text is one line to the model: newlines count as spaces, nothing is lower-cased (a model trained on
// lower-cased text needs lower-cased documents). Scores are fastText's to rounding (LanguageModel).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/options.h"
#include "document/stage_kind.h"
#include "filters/language_model.h"

namespace ftok {

struct ClassifierOptions {
  std::string model;     // a fastText file, .bin or .ftz; "": the stage does not run
  std::string label;     // with or without "__label__"
  double score_min = 0;  // probability, 0..1
  double score_max = 1;
  int64_t text_bytes_max = 0;

  void visit(OptionVisitor& visitor);
  bool idle() const { return model.empty(); }
  std::vector<std::string> score_names(const std::string& stage) const { return {stage + "_score"}; }
  void keep_content() { model.clear(); }  // its digest counts, not where it lies
};

class ClassifierStage : public Stage {
 public:
  // Loads `options.model`; throws Error naming the file when it is not a usable model, UsageError when it has no such
  // label.
  explicit ClassifierStage(ClassifierOptions options);

  // With a model already loaded; `options.model` is only a name then.
  ClassifierStage(ClassifierOptions options, std::shared_ptr<const LanguageModel> model);

  // The stage of a recipe; its score bears the name it has there.
  static std::unique_ptr<const Stage> make(ClassifierOptions options, const StageContext& context);

  std::string_view name() const override { return "classifier"; }

  // Adds a score to document.scores, 0 for a text that holds nothing the model knows; the text stays as it is.
  Verdict process(Document& document, Report* report) const override;
  using Stage::process;
  std::string summary(const Document& document) const override;
  void describe(Provenance& provenance) const override;

 private:
  ClassifierOptions options_;
  std::shared_ptr<const LanguageModel> model_;
  size_t label_ = 0;
  Reason score_name_ = "classifier_score";
};

}  // namespace ftok
