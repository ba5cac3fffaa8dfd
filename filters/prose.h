// Stage prose: a number for how much a text reads like prose that people kept, from what the quality filters measure
// and from its words. It labels, and drops nothing by default.
//
// A logistic regression on thirteen measures, and the log odds of a small fastText model beside it. Both were trained
// on the 281 texts of DCLM's annotators (Li et al., arXiv 2406.11794, appendix; tools/make/make_prose_model, which
// prints how well they do). It says nothing of facts, of harm, or of languages other than English.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/options.h"
#include "document/stage_kind.h"
#include "filters/language_model.h"

namespace ftok {

struct ProseOptions {
  std::string model = "ftok-prose";  // "": the measures alone
  double score_min = 0;              // 0..1
  double score_max = 1;

  void visit(OptionVisitor& visitor);
  std::vector<std::string> score_names(const std::string& stage) const { return {stage + "_score"}; }
  void keep_content() { model.clear(); }  // its digest counts, not where it lies
};

// Reasons: low_score, high_score. Adds a score to Document::scores, in 0..1; the text stays as it is. Linear in the
// text.
class Prose : public Stage {
 public:
  // Loads `options.model`; throws Error naming the file when it is not a usable model, or has not the label "good".
  explicit Prose(ProseOptions options);
  ~Prose() override;

  // The stage of a recipe, with the model that `context` finds.
  static std::unique_ptr<const Stage> make(ProseOptions options, const StageContext& context);

  std::string_view name() const override { return "prose"; }
  Verdict process(Document& document, Report* report) const override;
  using Stage::process;
  std::string summary(const Document& document) const override;
  void describe(Provenance& provenance) const override;

  // The score, 0..1.
  double score(const Document& document) const;

 private:
  ProseOptions options_;
  std::vector<std::unique_ptr<const Stage>> measured_;
  std::unique_ptr<const LanguageModel> model_;
  size_t good_ = 0;  // the label's index
  Reason score_name_ = "prose_score";
};

}  // namespace ftok
