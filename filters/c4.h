// Stage c4: the line and page rules of C4 (Raffel et al., arXiv 1910.10683, section 2.2), as FineWeb applies them:
// without the rule that a line must end in punctuation, the longest page and the bad-words list, which options turn on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/options.h"
#include "document/stage_kind.h"
#include "text/unspaced.h"

namespace ftok {

struct C4Options {
  std::string rules = "2024-04";      // how sentences are counted
  std::string lines = "all";          // which are judged
  std::string unspaced = "as-rules";  // words of scripts without spaces
  int64_t chars_max = 0;
  int64_t word_chars_max = 1000;
  bool strip_citations = true;
  bool drop_unpunctuated_lines = false;
  int64_t line_words_min = 3;
  bool drop_lorem_ipsum = true;
  bool drop_javascript_lines = true;
  bool drop_curly_bracket = true;
  bool drop_policy_lines = true;
  int64_t sentences_min = 5;
  std::vector<std::string> bad_word_lists;  // files, or names of fetched ones

  void visit(OptionVisitor& visitor);
  static C4Options head();
};

class BadWords;

// Drops lines, then the document. Reasons: too_long, of the whole text; lorem_ipsum and curly_bracket, whichever stands
// first in the text; then too_few_sentences and bad_word, of the kept lines. A kept document's text becomes its kept
// lines, without citations and without white space at their ends or the text's, joined by '\n'; with a report a dropped
// one's too. Linear in the text.
class C4 : public Stage {
 public:
  explicit C4(C4Options options = {});
  ~C4() override;

  // The stage of a recipe, with the lists that `context` finds.
  static std::unique_ptr<const Stage> make(C4Options options, const StageContext& context);

  using Stage::process;
  std::string_view name() const override { return "c4"; }
  Verdict process(Document& document, Report* report) const override;
  void describe(Provenance& provenance) const override;

 private:
  struct Scan;
  enum class LineVerdict : uint8_t { kKeep, kDropLine, kLoremIpsum, kCurlyBracket };

  LineVerdict judge_line(std::string_view line, std::string& stripped) const;
  Scan scan(const Document& document, bool whole) const;

  C4Options options_;
  bool head_, prose_;
  UnspacedWords unspaced_;
  std::unique_ptr<const BadWords> bad_words_;
};

}  // namespace ftok
