#include "dedup/decontaminate.h"

#include <fmt/format.h>

#include "core/error.h"

namespace ftok {

void DecontaminateOptions::visit(OptionVisitor& visitor) {
  EvaluationSetOptions::visit(visitor);
  visitor.field("ngrams_min", ngrams_min, "drop a document from so many n-grams on that belong to an item");
}

Decontaminate::Decontaminate(DecontaminateOptions options, const ItemReader& reader)
    : options_(std::move(options)), sets_(options_, reader) {
  if (options_.ngrams_min < 1)
    throw UsageError(fmt::format("decontaminate.ngrams_min: got {}, expected 1 or more", options_.ngrams_min));
}

std::unique_ptr<const Stage> Decontaminate::make(DecontaminateOptions options, const StageContext& context) {
  return std::make_unique<Decontaminate>(std::move(options), context.object_rows);
}

Verdict Decontaminate::process(Document& document, Report* report) const {
  thread_local std::vector<EvaluationSets::Match> matches;
  const size_t ngrams = sets_.find(document.text, matches);
  Judge judge(report);
  const bool drops = ngrams >= static_cast<size_t>(options_.ngrams_min);
  judge.rule(drops, "decontaminate.overlap", ">=", static_cast<double>(ngrams),
             static_cast<double>(options_.ngrams_min), matches.empty() ? "" : sets_.name_of(matches.front().item));
  return judge.verdict();
}

void Decontaminate::describe(Provenance& provenance) const {
  for (size_t i = 0; i < options_.sets.size(); ++i)
    provenance.files[fmt::format("evaluation set {}", i + 1)] = options_.sets[i];
  size_t lost = 0;
  for (const EvaluationSets::Item& item : sets_.items()) lost += item.ngrams == 0;
  if (lost > 0) {
    provenance.notes.push_back(
        fmt::format("decontaminate: {} of {} items cannot be found: too short, or nothing but frequent n-grams "
                    "(`ftok decontaminate --list` names them)",
                    lost, sets_.items().size()));
  }
  if (!sets_.ignored().empty()) {
    provenance.notes.push_back(
        fmt::format("decontaminate: {} n-grams are ignored, which stand in {} items and more of {} sets; the first: {}",
                    sets_.ignored().size(), options_.frequent_items, options_.frequent_sets, sets_.ignored().front()));
  }
}

StageKind decontaminate_kind() {
  static constexpr ThresholdKey kThresholds[] = {{"ngrams_min", "overlap"}};
  StageKind kind = stage_kind<Decontaminate, DecontaminateOptions>(
      "decontaminate", "drops documents that hold a piece of an evaluation set");
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
