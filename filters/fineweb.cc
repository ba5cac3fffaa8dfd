#include "filters/fineweb.h"

#include <algorithm>
#include <vector>

#include "core/scratch.h"
#include "document/text_lines.h"
#include "filters/measures/lines.h"
#include "filters/measures/punctuation.h"
#include "filters/measures/rules.h"
#include "text/words.h"

namespace ftok {
namespace {

bool is_blank(std::string_view line) { return strip(line).empty(); }

bool ends_punctuated(std::string_view line, bool head) {
  const char32_t c = last_char(line);
  if (head) return is_terminal_punctuation(c);
  return c == '.' || c == '\'' || c == '"' || c == '!' || c == '?';
}

}  // namespace

void FineWebOptions::visit(OptionVisitor& visitor) {
  visitor.choice(
      "rules", rules, rule_sets(),
      "thresholds inclusive, empty lines counted, . ' \" ! ? end a line, words as FineWeb was released; or as "
      "datatrove 0.10.1");
  visitor.choice("lines", lines, line_choices(), kLinesHelp);
  visitor.choice("unspaced", unspaced, unspaced_choices(), kUnspacedHelp);
  visitor.field("punctuated_lines_min", punctuated_lines_min,
                "smallest share of lines that end in punctuation (FineWeb, section 3.6)");
  visitor.field("short_lines_max", short_lines_max, "largest share of short lines (FineWeb, section 3.6)");
  visitor.field("short_line_chars", short_line_chars, "longest line that is short (FineWeb, section 3.6)");
  visitor.field("duplicate_line_chars_max", duplicate_line_chars_max,
                "largest share of characters in lines that repeat an earlier one (released code; the paper says 0.1)");
  visitor.field("newlines_per_word_max", newlines_per_word_max, "most newlines per word (released code)");
}

FineWebOptions FineWebOptions::head() {
  FineWebOptions options;
  options.rules = kHeadRules;
  return options;
}

FineWeb::FineWeb(FineWebOptions options)
    : options_(std::move(options)),
      head_(is_head(name(), options_.rules)),
      prose_(judges_prose(name(), options_.lines)),
      unspaced_(unspaced_words_of("fineweb.unspaced", options_.unspaced)) {}

Verdict FineWeb::process(Document& document, Report* report) const {
  thread_local std::string prose;
  thread_local std::vector<std::string_view> lines, filled;
  const ScratchTrim trim(prose, lines, filled);
  const std::string_view text = prose_ ? prose_of(document, prose) : document.text;
  split_at_newlines(text, lines);
  const size_t newlines = lines.size() - 1;
  filled = lines;
  filled.erase(std::remove_if(filled.begin(), filled.end(), is_blank), filled.end());
  Judge judge(report);
  if (judge.below("fineweb.empty", static_cast<double>(filled.size()), 1) || filled.empty()) return judge.verdict();

  const std::vector<std::string_view>& counted = head_ ? filled : lines;
  size_t punctuated = 0, short_lines = 0;
  for (const std::string_view line : counted) {
    if (ends_punctuated(line, head_)) ++punctuated;
    if (char_count(line) <= static_cast<size_t>(std::max<int64_t>(options_.short_line_chars, 0))) ++short_lines;
  }
  const auto below = [&](Reason reason, double value, double min) {
    return head_ ? judge.below(reason, value, min) : judge.at_most(reason, value, min);
  };
  const auto above = [&](Reason reason, double value, double max) {
    return head_ ? judge.above(reason, value, max) : judge.at_least(reason, value, max);
  };
  if (below("fineweb.few_punctuated_lines", ratio(punctuated, counted.size()), options_.punctuated_lines_min) ||
      above("fineweb.short_lines", ratio(short_lines, counted.size()), options_.short_lines_max)) {
    return judge.verdict();
  }
  const double duplicates = ratio(find_duplicates(filled).chars, char_count(text) - newlines);
  if (above("fineweb.duplicate_line_chars", duplicates, options_.duplicate_line_chars_max)) return judge.verdict();
  const size_t words = words_of(text, word_rules(head_), unspaced_).size();
  judge.above("fineweb.list", ratio(newlines, words), options_.newlines_per_word_max);
  return judge.verdict();
}

void FineWeb::describe(Provenance& provenance) const { describe_segments(unspaced_, provenance); }

StageKind fineweb_kind() {
  static constexpr ThresholdKey kThresholds[] = {
      {"punctuated_lines_min", "few_punctuated_lines"},
      {"short_lines_max", "short_lines"},
      {"duplicate_line_chars_max", "duplicate_line_chars"},
      {"newlines_per_word_max", "list"},
  };
  StageKind kind =
      stage_kind<FineWeb, FineWebOptions>("fineweb", "drops lists and text without sentences by FineWeb's own rules");
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
