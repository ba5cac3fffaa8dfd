// Stage refinedweb: takes out lines that are no prose, and drops a page of which that takes too much. RefinedWeb's
// line-wise corrections (Penedo et al., arXiv 2306.01116, section 3.2 and appendix G.2) as DCLM-Baseline has them
// (Li et al., arXiv 2406.11794; baselines/mappers/modifiers.py and filters/content_filters.py in mlfoundations/dclm).
#pragma once

#include <memory>
#include <string>

#include "core/options.h"
#include "document/stage_kind.h"

namespace re2 {
class RE2;
}

namespace ftok {

struct RefinedWebOptions {
  std::string lines = "all";        // which are judged
  double uppercase_max = 0.5;       // share of a line's characters
  double digits_max = 0.999999;     // the same
  bool drop_counters = true;        // "3 likes"
  int64_t line_words_min = 2;       // between white space
  bool strip_prompts = true;        // "Sign-in", "Read more...", "items in cart"
  double words_removed_max = 0.05;  // share of the text's words

  void visit(OptionVisitor& visitor);
};

// Lines end at '\n'; empty ones stay. Reasons: empty, where no word is left or none was there; words_removed. A kept
// document's text becomes its kept lines, joined by '\n', without white space at its ends; with a report a dropped
// one's too. A word, where shares are counted, is what stands between white space and begins with a letter or a number.
// Linear in the text.
class RefinedWeb : public Stage {
 public:
  explicit RefinedWeb(RefinedWebOptions options = {});
  ~RefinedWeb() override;
  using Stage::process;
  std::string_view name() const override { return "refinedweb"; }
  Verdict process(Document& document, Report* report) const override;

 private:
  bool keep_line(std::string_view line, std::string& kept) const;

  RefinedWebOptions options_;
  bool prose_;
  std::unique_ptr<const re2::RE2> counter_, anywhere_, at_end_, at_front_;
};

}  // namespace ftok
