// Stage fineweb: FineWeb's own rules against lists and text without sentences (Penedo et al., arXiv 2406.17557, section
// 3.6, and the released pipeline, which differs from the paper in the duplicate threshold: 0.01, not 0.1).
#pragma once

#include <string>

#include "core/options.h"
#include "document/stage_kind.h"
#include "text/unspaced.h"

namespace ftok {

struct FineWebOptions {
  // "2024-04": a value on the threshold drops too, empty lines count as lines, a line may end in . ' " ! ?
  // "datatrove-0.10": only a value beyond it drops, blank lines do not count, a line may end as in any script
  std::string rules = "2024-04";
  std::string lines = "all";          // which are judged
  std::string unspaced = "as-rules";  // words of scripts without spaces
  double punctuated_lines_min = 0.12;
  double short_lines_max = 0.67;
  int64_t short_line_chars = 30;
  double duplicate_line_chars_max = 0.01;
  double newlines_per_word_max = 0.3;

  void visit(OptionVisitor& visitor);
  static FineWebOptions head();
};

// Reasons, in order: empty, few_punctuated_lines, short_lines, duplicate_line_chars, list. Reads Document::text,
// changes nothing. Linear in the text.
class FineWeb : public Stage {
 public:
  explicit FineWeb(FineWebOptions options = {});
  using Stage::process;
  std::string_view name() const override { return "fineweb"; }
  Verdict process(Document& document, Report* report) const override;
  void describe(Provenance& provenance) const override;

 private:
  FineWebOptions options_;
  bool head_, prose_;
  UnspacedWords unspaced_;
};

}  // namespace ftok
