#include "filters/prose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "filters/c4.h"
#include "filters/fineweb.h"
#include "filters/gopher_quality.h"
#include "filters/gopher_repetition.h"
#include "filters/measures/prose_weights.h"

namespace ftok {
namespace {

constexpr double kOddsMin = 1e-5;  // fastText's own floor of a probability

double scaled(const ProseMeasure& measure, double value) {
  value = std::clamp(value, measure.least, measure.most);
  switch (measure.scale) {
    case ProseScale::kLog: return std::log1p(value);
    case ProseScale::kRoot: return std::sqrt(value);
    case ProseScale::kPlain: break;
  }
  return value;
}

double log_odds(double probability) {
  const double p = std::clamp(probability, kOddsMin, 1 - kOddsMin);
  return std::log(p / (1 - p));
}

}  // namespace

void ProseOptions::visit(OptionVisitor& visitor) {
  visitor.field("model", model, "the fastText model beside the measures; \"\": the measures alone");
  visitor.field("score_min", score_min, "drop below this score; 0: none");
  visitor.field("score_max", score_max, "drop above this score; 1: none");
}

Prose::Prose(ProseOptions options) : options_(std::move(options)) {
  measured_.push_back(std::make_unique<GopherRepetition>(GopherRepetitionOptions::head()));
  measured_.push_back(std::make_unique<GopherQuality>(GopherQualityOptions::head()));
  measured_.push_back(std::make_unique<C4>(C4Options::head()));  // rewrites the text for the next, as in the presets
  measured_.push_back(std::make_unique<FineWeb>(FineWebOptions::head()));
  if (!(options_.score_min <= options_.score_max)) {
    throw UsageError(fmt::format("prose.score_min: got {}, expected at most prose.score_max = {}", options_.score_min,
                                 options_.score_max));
  }
  if (options_.model.empty()) return;
  model_ = LanguageModel::load(options_.model);
  const std::vector<std::string>& labels = model_->labels();
  const auto found = std::find(labels.begin(), labels.end(), "good");
  if (found == labels.end() || labels.size() != 2)
    throw Error(fmt::format("{}: not a model of this stage: its labels are not good and bad", options_.model));
  good_ = static_cast<size_t>(found - labels.begin());
}

Prose::~Prose() = default;

double Prose::score(const Document& document) const {
  Document copy;
  copy.text = document.text;
  Report report;
  for (const auto& stage : measured_) stage->process(copy, &report);
  const ProseCombination combination = prose_combination();
  double z = combination.base;
  for (const ProseMeasure& measure : prose_measures()) {
    const auto found = std::find_if(report.measurements.begin(), report.measurements.end(),
                                    [&](const Measurement& m) { return m.rule.view() == measure.rule; });
    const double value = found == report.measurements.end() ? 0 : found->value;
    z += measure.weight * (scaled(measure, value) - measure.mean) / measure.deviation;
  }
  if (model_ != nullptr) {
    static thread_local std::vector<float> probabilities;
    const double words =
        model_->score(document.text, probabilities) ? log_odds(static_cast<double>(probabilities[good_])) : 0;
    z = combination.bias + combination.slope * (z + combination.words * words);
  }
  return 1 / (1 + std::exp(-z));
}

Verdict Prose::process(Document& document, Report* report) const {
  const double value = score(document);
  document.scores.push_back({score_name_, value});
  Judge judge(report);
  if (judge.below("prose.low_score", value, options_.score_min)) return judge.verdict();
  if (judge.above("prose.high_score", value, options_.score_max)) return judge.verdict();
  return judge.verdict();
}

std::unique_ptr<const Stage> Prose::make(ProseOptions options, const StageContext& context) {
  if (context.model && !options.model.empty()) options.model = context.model(options.model);
  auto stage = std::make_unique<Prose>(std::move(options));
  stage->score_name_ = context.score_name();
  return stage;
}

std::string Prose::summary(const Document& document) const {
  return fmt::format("{:.4f}", document.scores.back().value);
}

void Prose::describe(Provenance& provenance) const {
  if (model_ != nullptr) provenance.files["prose model"] = options_.model;
}

StageKind prose_kind() {
  static constexpr ThresholdKey kThresholds[] = {
      {"score_min", "low_score"},
      {"score_max", "high_score"},
  };
  StageKind kind = stage_kind<Prose, ProseOptions>("prose", "scores how much a text reads like prose, drops none");
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
