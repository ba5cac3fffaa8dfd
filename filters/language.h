// LanguageStage ("language"): the best label of a fastText model for the whole document, and whether it is wanted.
//
// A page in several languages: with `shares` the text is judged piece by piece too (language_shares), and the share of
// the document's language is a number of it, "language_share".
//
// FineWeb (datatrove's LanguageFilter): newlines count as spaces, keep when P(en) > 0.65. Reasons:
//   language.not_wanted  the best label is not in the set (or the text holds nothing the model knows)
//   language.low_score   it is, but no wanted language's probability is above its threshold
//   language.low_share   it is kept by these, and less than share_min of the text is in its language
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "document/stage_kind.h"
#include "filters/language_model.h"

namespace ftok {

struct LanguageOptions {
  std::string model;  // a fastText file, .bin or .ftz
  std::map<std::string, double> languages{{"en", 0.65}};
  bool label_only = false;
  int64_t text_bytes_max = 0;
  bool shares = false;
  double share_min = 0;  // 0..1

  void visit(OptionVisitor& visitor);
  bool measures_shares() const { return shares || share_min > 0; }
  std::vector<std::string> score_names(const std::string& stage) const {
    return measures_shares() ? std::vector<std::string>{stage + "_share"} : std::vector<std::string>{};
  }
  void keep_content() { model.clear(); }  // its digest counts, not where it lies
};

// A language and the share of a text that is in it.
struct LanguageShare {
  uint32_t label = 0;  // index into LanguageModel::labels()
  double share = 0;    // of the bytes, 0..1
};

// The languages of a text, the largest share first (ties: the lower label). The text is cut at its lines into pieces of
// at least kShareBytes, since less is judged badly, and each piece counts as its best label; pieces that hold nothing
// the model knows count as none, so the shares may add up to less than 1. Linear; the same for any thread.
inline constexpr size_t kShareBytes = 200;
std::vector<LanguageShare> language_shares(const LanguageModel& model, std::string_view text);

class LanguageStage : public Stage {
 public:
  // Loads `options.model`; throws Error naming the file when it is not a usable model.
  explicit LanguageStage(LanguageOptions options);

  // With a model already loaded; `options.model` is only a name then. A wanted language is the model's label of that
  // name, else every label that means it ("de" and "deu_Latn"); documents then bear the wanted one's name. Throws
  // UsageError when the model has none, as nothing could be kept.
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
  Verdict judge_label(Document& document, Report* report, size_t& label) const;
  void judge_share(Document& document, size_t label, Judge& judge) const;

  LanguageOptions options_;
  std::shared_ptr<const LanguageModel> model_;
  std::vector<std::pair<uint32_t, double>> wanted_;  // label index, threshold
  std::vector<std::string> names_;                   // of the model's labels, as the recipe has them where it does
  bool any_language_ = false;
  double any_threshold_ = 0;
  Reason share_name_ = "language_share";
  std::string note_;  // on the model, for describe()
};

}  // namespace ftok
