#include "filters/classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "text/unicode.h"

namespace ftok {
namespace {

constexpr std::string_view kLabelPrefix = "__label__";
constexpr size_t kLabelsShown = 8;

std::string labels_text(const std::vector<std::string>& labels) {
  const auto shown = std::min(labels.size(), kLabelsShown);
  return fmt::format("{}{}", fmt::join(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                     shown < labels.size() ? ", ..." : "");
}

}  // namespace

void ClassifierOptions::visit(OptionVisitor& visitor) {
  visitor.field(
      "model", model,
      "a fastText classifier, .bin or .ftz, or the name of one that `ftok models get` fetches; \"\": this stage "
      "does nothing");
  visitor.field("label", label, "the label whose probability decides, with or without __label__");
  visitor.field("score_min", score_min, "drop below this probability");
  visitor.field("score_max", score_max, "drop above this probability");
  visitor.field("text_bytes_max", text_bytes_max, "judge by the first bytes of the text alone; 0: the whole");
}

ClassifierStage::ClassifierStage(ClassifierOptions options)
    : ClassifierStage(options, std::shared_ptr<const LanguageModel>(LanguageModel::load(options.model))) {}

ClassifierStage::ClassifierStage(ClassifierOptions options, std::shared_ptr<const LanguageModel> model)
    : options_(std::move(options)), model_(std::move(model)) {
  std::string_view wanted = options_.label;
  if (wanted.starts_with(kLabelPrefix)) wanted.remove_prefix(kLabelPrefix.size());
  const std::vector<std::string>& labels = model_->labels();
  const auto found = std::find(labels.begin(), labels.end(), wanted);
  if (found == labels.end()) {
    throw UsageError(fmt::format("classifier.label: got \"{}\"; {} has {}", options_.label,
                                 options_.model.empty() ? "the model" : options_.model, labels_text(labels)));
  }
  if (!(options_.score_min <= options_.score_max)) {
    throw UsageError(fmt::format("classifier.score_min: got {}, expected at most classifier.score_max = {}",
                                 options_.score_min, options_.score_max));
  }
  label_ = static_cast<size_t>(found - labels.begin());
}

Verdict ClassifierStage::process(Document& document, Report* report) const {
  static thread_local std::vector<float> probabilities;
  const bool known = model_->score(utf8_prefix(document.text, options_.text_bytes_max), probabilities);
  // fastText prints exp(log(p + 1e-5)), which may pass 1.
  const double score = known ? std::min(1.0, static_cast<double>(probabilities[label_])) : 0;
  document.scores.push_back({score_name_, score});
  Judge judge(report);
  if (judge.below("classifier.low_score", score, options_.score_min)) return judge.verdict();
  if (judge.above("classifier.high_score", score, options_.score_max)) return judge.verdict();
  return judge.verdict();
}

std::unique_ptr<const Stage> ClassifierStage::make(ClassifierOptions options, const StageContext& context) {
  if (context.model) options.model = context.model(options.model);
  auto stage = std::make_unique<ClassifierStage>(std::move(options));
  stage->score_name_ = context.score_name();
  return stage;
}

std::string ClassifierStage::summary(const Document& document) const {
  return fmt::format("{:.4f}", document.scores.back().value);
}

void ClassifierStage::describe(Provenance& provenance) const { provenance.files["classifier"] = options_.model; }

StageKind classifier_kind() {
  static constexpr ThresholdKey kThresholds[] = {
      {"score_min", "low_score"},
      {"score_max", "high_score"},
  };
  StageKind kind =
      stage_kind<ClassifierStage, ClassifierOptions>("classifier", "keeps a range of a fastText model's scores");
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
