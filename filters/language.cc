#include "filters/language.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "filters/language_labels.h"
#include "text/unicode.h"

namespace ftok {
namespace {

constexpr std::string_view kAnyLanguage = "*";

size_t best_of(const std::vector<float>& probabilities) {
  return static_cast<size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

// The model's labels of a language: the one that it is, else those that mean it.
std::vector<uint32_t> labels_of(const std::string& language, const std::vector<std::string>& labels) {
  std::vector<uint32_t> found;
  for (uint32_t label = 0; label < labels.size(); ++label) {
    if (labels[label] == language) return {label};
    if (is_same_language(labels[label], language)) found.push_back(label);
  }
  return found;
}

Verdict of_language(Verdict verdict) {
  verdict.of_language = true;
  return verdict;
}

}  // namespace

void LanguageOptions::visit(OptionVisitor& visitor) {
  visitor.field("model", model, "fastText model, .bin or .ftz (FineWeb: lid.176.bin)");
  visitor.field(
      "languages", languages,
      "languages to keep, each when its probability is above its threshold (FineWeb: en 0.65); labels as en or "
      "eng_Latn, whichever the model has; \"*\" is any");
  visitor.field("label_only", label_only, "label every document and drop none");
  visitor.field("text_bytes_max", text_bytes_max, "judge by the first bytes of the text alone; 0: the whole (FineWeb)");
  visitor.field("shares", shares, "note how much of the text is in its language, as language_share (FineWeb: no)");
  visitor.field("share_min", share_min,
                "smallest share of the text that is in its language, judged in pieces of some lines; 0: any (FineWeb)");
}

LanguageStage::LanguageStage(LanguageOptions options)
    : LanguageStage(options, std::shared_ptr<const LanguageModel>(LanguageModel::load(options.model))) {}

LanguageStage::LanguageStage(LanguageOptions options, std::shared_ptr<const LanguageModel> model)
    : options_(std::move(options)), model_(std::move(model)), names_(model_->labels()) {
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
    const std::vector<uint32_t> found = labels_of(language, labels);
    if (found.empty() && !options_.label_only) {
      throw UsageError(
          fmt::format("language.languages: got \"{}\", which {} has no label for; it has {} labels such as \"{}\"",
                      language, options_.model.empty() ? "the model" : options_.model, labels.size(), labels.front()));
    }
    for (const uint32_t label : found) {
      wanted_.push_back({label, threshold});
      names_[label] = language;
    }
  }
}

std::vector<LanguageShare> language_shares(const LanguageModel& model, std::string_view text) {
  std::vector<size_t> bytes(model.labels().size());
  std::vector<float> probabilities;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && end - begin < kShareBytes) end = std::min(text.find('\n', end), text.size() - 1) + 1;
    if (text.size() - end < kShareBytes) end = text.size();
    if (model.score(text.substr(begin, end - begin), probabilities)) bytes[best_of(probabilities)] += end - begin;
    begin = end;
  }
  std::vector<LanguageShare> shares;
  for (uint32_t label = 0; label < bytes.size(); ++label) {
    if (bytes[label] > 0)
      shares.push_back({label, static_cast<double>(bytes[label]) / static_cast<double>(text.size())});
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const LanguageShare& a, const LanguageShare& b) { return a.share > b.share; });
  return shares;
}

// How much of the text is in the document's language, by any of the labels that bear its name.
void LanguageStage::judge_share(Document& document, size_t label, Judge& judge) const {
  double share = 0;
  std::string all;
  for (const LanguageShare& each : language_shares(*model_, document.text)) {
    if (names_[each.label] == names_[label]) share += each.share;
    all += fmt::format("{}{} {:.2f}", all.empty() ? "" : ", ", names_[each.label], each.share);
  }
  document.scores.push_back({share_name_, share});
  judge.rule(share < options_.share_min, "language.low_share", "<", share, options_.share_min, all);
}

Verdict LanguageStage::process(Document& document, Report* report) const {
  size_t label = 0;
  const Verdict verdict = judge_label(document, report, label);
  if (!options_.measures_shares() || (!verdict.kept() && report == nullptr)) return verdict;
  Judge judge(report);
  if (!document.language.empty()) judge_share(document, label, judge);
  return verdict.kept() ? judge.verdict() : verdict;
}

Verdict LanguageStage::judge_label(Document& document, Report* report, size_t& best) const {
  static thread_local std::vector<float> probabilities;
  const bool known = model_->score(utf8_prefix(document.text, options_.text_bytes_max), probabilities);
  if (known) {
    best = best_of(probabilities);
    document.language = names_[best];
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
  stage->share_name_ = context.share_name();
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
  static constexpr ThresholdKey kThresholds[] = {
      {"share_min", "low_share", 0},
  };
  StageKind kind = stage_kind<LanguageStage, LanguageOptions>("language", "labels the language, keeps the wanted ones");
  kind.gives = kLanguage;
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
