// Stage gopher_repetition: drops text that repeats itself. Rules and constants: Gopher (Rae et al., arXiv 2112.11446,
// table A1), as FineWeb applies them; every value is a share of the text's characters, of its paragraphs or of its
// lines.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/options.h"
#include "document/stage_kind.h"
#include "text/unspaced.h"

namespace ftok {

class WordNGrams;

struct GopherRepetitionOptions {
  std::string rules = "2024-04";      // how words are split
  std::string lines = "all";          // which are judged
  std::string unspaced = "as-rules";  // words of scripts without spaces
  int64_t parts_max = 500000;         // lines.h, part_count; 0: any
  double duplicate_paragraphs_max = 0.30;
  double duplicate_paragraph_chars_max = 0.20;
  double duplicate_lines_max = 0.30;
  double duplicate_line_chars_max = 0.20;
  std::array<double, 3> top_ngram_chars_max = {0.20, 0.18, 0.16};                          // n = 2, 3, 4
  std::array<double, 6> duplicate_ngram_chars_max = {0.15, 0.14, 0.13, 0.12, 0.11, 0.10};  // n = 5..10

  void visit(OptionVisitor& visitor);
  static GopherRepetitionOptions head();
};

// Reasons, in order: empty, duplicate_paragraphs, duplicate_paragraph_chars, duplicate_lines, duplicate_line_chars,
// too_long, top_2gram .. top_4gram, duplicate_5gram .. duplicate_10gram; the n-grams of a text that is too long are not
// measured. Reads Document::text, changes nothing. Linear in the text.
class GopherRepetition : public Stage {
 public:
  explicit GopherRepetition(GopherRepetitionOptions options = {});
  using Stage::process;
  std::string_view name() const override { return "gopher_repetition"; }
  Verdict process(Document& document, Report* report) const override;
  void describe(Provenance& provenance) const override;

 private:
  void judge_ngrams(WordNGrams& grams, size_t chars, Judge& judge) const;

  GopherRepetitionOptions options_;
  bool head_, prose_;
  UnspacedWords unspaced_;
};

}  // namespace ftok
