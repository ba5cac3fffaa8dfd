// Stage decontaminate: drops documents that hold a piece of an evaluation set.
#pragma once

#include <memory>
#include <string_view>

#include "dedup/evaluation_sets.h"
#include "document/stage_kind.h"

namespace ftok {

struct DecontaminateOptions : EvaluationSetOptions {
  int64_t ngrams_min = 1;

  void visit(OptionVisitor& visitor);
  bool idle() const { return sets.empty(); }
  void keep_content() { sets.assign(sets.size(), ""); }  // their digests count, not where they lie
};

// Reason: decontaminate.overlap, with how many n-grams of the text belong to an item; detail: the benchmark and the
// item that comes first in the text. Reads Document::text, changes nothing. Linear in the text.
class Decontaminate : public Stage {
 public:
  explicit Decontaminate(DecontaminateOptions options, const ItemReader& reader = {});
  static std::unique_ptr<const Stage> make(DecontaminateOptions options, const StageContext& context);

  std::string_view name() const override { return "decontaminate"; }
  using Stage::process;
  Verdict process(Document& document, Report* report) const override;
  void describe(Provenance& provenance) const override;

 private:
  DecontaminateOptions options_;
  EvaluationSets sets_;
};

StageKind decontaminate_kind();

}  // namespace ftok
