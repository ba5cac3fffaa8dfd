#include "filters/language.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "text/unicode.h"

namespace ftok {
namespace {

constexpr std::string_view kAnyLanguage = "*";

Verdict of_language(Verdict verdict) {
  verdict.of_language = true;
  return verdict;
}

}  // namespace

void LanguageOptions::visit(OptionVisitor& visitor) {
  visitor.field("model", model, "fastText model, .bin or .ftz (FineWeb: lid.176.bin)");
  visitor.field("languages", languages,
                "languages to keep, each when its probability is above its threshold (FineWeb: en 0.65); \"*\" is any");
  visitor.field("label_only", label_only, "label every document and drop none");
  visitor.field("text_bytes_max", text_bytes_max, "judge by the first bytes of the text alone; 0: the whole (FineWeb)");
}

LanguageStage::LanguageStage(LanguageOptions options)
    : LanguageStage(options, std::shared_ptr<const LanguageModel>(LanguageModel::load(options.model))) {}

LanguageStage::LanguageStage(LanguageOptions options, std::shared_ptr<const LanguageModel> model)
    : options_(std::move(options)), model_(std::move(model)) {
  const std::vector<std::string>& labels = model_->labels();
  if (!options_.label_only && options_.languages.empty()) {
    throw UsageError("language.languages: got no language; expected at least one, or \"*\", or label_only = true");
  }
  for (const auto& [language, threshold] : options_.languages) {
    if (language == kAnyLanguage) {
      any_language_ = true;
      any_threshold_ = threshold;
      continue;
    }
    const auto found = std::find(labels.begin(), labels.end(), language);
    if (found == labels.end() && !options_.label_only) {
      throw UsageError(
          fmt::format("language.languages: got \"{}\", which {} has no label for; it has {} labels such as \"{}\"",
                      language, options_.model.empty() ? "the model" : options_.model, labels.size(), labels.front()));
    }
    if (found != labels.end()) wanted_.emplace_back(static_cast<uint32_t>(found - labels.begin()), threshold);
  }
}

Verdict LanguageStage::process(Document& document, Report* report) const {
  static thread_local std::vector<float> probabilities;
  const bool known = model_->score(utf8_prefix(document.text, options_.text_bytes_max), probabilities);
  size_t best = 0;
  if (known) {
    best = static_cast<size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
    document.language = model_->labels()[best];
    document.language_score = static_cast<double>(probabilities[best]);
  } else {
    document.language.clear();
    document.language_score = 0;
  }
  if (options_.label_only) {
    if (report != nullptr) {
      report->measurements.push_back({"language.low_score", "", document.language_score, 0, false, document.language});
    }
    return Verdict::keep();
  }

  // Kept when any wanted language is above its own threshold; else the wanted language that came nearest is shown.
  bool best_is_wanted = known && any_language_;
  bool keeps = known && any_language_ && document.language_score > any_threshold_;
  double shown = document.language_score, threshold = any_threshold_, nearest = -2;
  for (const auto& [label, least] : wanted_) {
    const double p = known ? static_cast<double>(probabilities[label]) : 0;
    best_is_wanted |= known && label == best;
    keeps |= p > least;
    if (any_language_ || p - least <= nearest) continue;
    nearest = p - least;
    shown = p;
    threshold = least;
  }
  Judge judge(report);
  const std::string detail = document.language;
  if (judge.rule(!keeps && !best_is_wanted, "language.not_wanted", "<=", shown, threshold, detail))
    return of_language(judge.verdict());
  judge.rule(!keeps && best_is_wanted, "language.low_score", "<=", shown, threshold, detail);
  return of_language(judge.verdict());
}

std::unique_ptr<const Stage> LanguageStage::make(LanguageOptions options, const StageContext& context) {
  std::string note;
  if (context.language_model) {
    FoundFile found = context.language_model(options.model);
    options.model = std::move(found.path);
    note = std::move(found.note);
  }
  auto stage = std::make_unique<LanguageStage>(std::move(options));
  stage->note_ = std::move(note);
  return stage;
}

std::string LanguageStage::summary(const Document& document) const {
  return fmt::format("{} {:.4f}", document.language, document.language_score);
}

void LanguageStage::describe(Provenance& provenance) const {
  provenance.files["language model"] = options_.model;
  if (!note_.empty()) provenance.notes.push_back(note_);
}

StageKind language_kind() {
  StageKind kind = stage_kind<LanguageStage, LanguageOptions>("language", "labels the language, keeps the wanted ones");
  kind.gives = kLanguage;
  return kind;
}

}  // namespace ftok
