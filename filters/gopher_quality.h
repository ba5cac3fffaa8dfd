// Stage gopher_quality: drops text that does not look like prose. Rules and constants: Gopher (Rae et al., arXiv
// 2112.11446, section A.1.1), as FineWeb applies them.
#pragma once

#include <string>
#include <vector>

#include "core/options.h"
#include "document/stage_kind.h"
#include "text/unspaced.h"

namespace ftok {

struct GopherQualityOptions {
  std::string rules = "2024-04";      // how words are split
  std::string lines = "all";          // which are judged
  std::string unspaced = "as-rules";  // words of scripts without spaces
  int64_t words_min = 50;
  int64_t words_max = 100000;
  double mean_word_chars_min = 3;
  double mean_word_chars_max = 10;
  double hashes_per_word_max = 0.1;
  double ellipses_per_word_max = 0.1;
  double bullet_lines_max = 0.9;
  double ellipsis_lines_max = 0.3;
  double alphabetic_words_min = 0.8;
  int64_t stop_words_min = 2;
  std::vector<std::string> stop_words = {"the", "be", "to", "of", "and", "that", "have", "with"};

  void visit(OptionVisitor& visitor);
  static GopherQualityOptions head();
};

// Reasons, in order: too_short, too_long, short_words, long_words, hashes, ellipses, bullet_lines, ellipsis_lines,
// few_alphabetic_words, few_stop_words. Reads Document::text, changes nothing. Linear in the text.
class GopherQuality : public Stage {
 public:
  explicit GopherQuality(GopherQualityOptions options = {});
  using Stage::process;
  std::string_view name() const override { return "gopher_quality"; }
  Verdict process(Document& document, Report* report) const override;
  void describe(Provenance& provenance) const override;

 private:
  bool judge_words(std::string_view text, Judge& judge) const;
  bool judge_lines(std::string_view text, Judge& judge) const;

  GopherQualityOptions options_;
  bool head_, prose_;
  UnspacedWords unspaced_;
  size_t stop_word_bytes_max_ = 0;
};

}  // namespace ftok
