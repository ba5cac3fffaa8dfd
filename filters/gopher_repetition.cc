#include "filters/gopher_repetition.h"

#include <vector>

#include "core/scratch.h"
#include "document/text_lines.h"
#include "filters/measures/lines.h"
#include "filters/measures/ngrams.h"
#include "filters/measures/rules.h"
#include "text/words.h"

namespace ftok {
namespace {

constexpr Reason kTopReasons[] = {"gopher_repetition.top_2gram", "gopher_repetition.top_3gram",
                                  "gopher_repetition.top_4gram"};
constexpr Reason kDuplicateReasons[] = {"gopher_repetition.duplicate_5gram", "gopher_repetition.duplicate_6gram",
                                        "gopher_repetition.duplicate_7gram", "gopher_repetition.duplicate_8gram",
                                        "gopher_repetition.duplicate_9gram", "gopher_repetition.duplicate_10gram"};
constexpr const char* kTopKeys[] = {"top_2gram_chars_max", "top_3gram_chars_max", "top_4gram_chars_max"};
constexpr const char* kDuplicateKeys[] = {"duplicate_5gram_chars_max", "duplicate_6gram_chars_max",
                                          "duplicate_7gram_chars_max", "duplicate_8gram_chars_max",
                                          "duplicate_9gram_chars_max", "duplicate_10gram_chars_max"};

double share(size_t part, size_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

}  // namespace

void GopherRepetitionOptions::visit(OptionVisitor& visitor) {
  visitor.choice("rules", rules, rule_sets(), "how words are split: as FineWeb was released, or as datatrove 0.10.1");
  visitor.choice("lines", lines, line_choices(), kLinesHelp);
  visitor.choice("unspaced", unspaced, unspaced_choices(), kUnspacedHelp);
  visitor.field(
      "parts_max", parts_max,
      "most marks and runs of letters and digits of a text whose n-grams are counted; 0: any (ftok: five times the "
      "words that gopher_quality allows, to bound the work)");
  visitor.field("duplicate_paragraphs_max", duplicate_paragraphs_max,
                "largest share of paragraphs that repeat an earlier one (Gopher, table A1)");
  visitor.field("duplicate_paragraph_chars_max", duplicate_paragraph_chars_max,
                "largest share of characters in such paragraphs (Gopher, table A1)");
  visitor.field("duplicate_lines_max", duplicate_lines_max,
                "largest share of lines that repeat an earlier one (Gopher, table A1)");
  visitor.field("duplicate_line_chars_max", duplicate_line_chars_max,
                "largest share of characters in such lines (Gopher, table A1)");
  for (size_t i = 0; i < top_ngram_chars_max.size(); ++i) {
    visitor.field(kTopKeys[i], top_ngram_chars_max[i],
                  "largest share of characters in the most frequent word n-gram (Gopher, table A1)");
  }
  for (size_t i = 0; i < duplicate_ngram_chars_max.size(); ++i) {
    visitor.field(kDuplicateKeys[i], duplicate_ngram_chars_max[i],
                  "largest share of characters in word n-grams that occurred before (Gopher, table A1)");
  }
}

GopherRepetitionOptions GopherRepetitionOptions::head() {
  GopherRepetitionOptions options;
  options.rules = kHeadRules;
  return options;
}

GopherRepetition::GopherRepetition(GopherRepetitionOptions options)
    : options_(std::move(options)),
      head_(is_head(name(), options_.rules)),
      prose_(judges_prose(name(), options_.lines)),
      unspaced_(unspaced_words_of("gopher_repetition.unspaced", options_.unspaced)) {}

Verdict GopherRepetition::process(Document& document, Report* report) const {
  thread_local std::string prose;
  thread_local std::vector<std::string_view> pieces;
  const ScratchTrim trim(prose, pieces);
  const std::string_view text = prose_ ? prose_of(document, prose) : document.text;
  const size_t chars = char_count(text);
  Judge judge(report);
  if (judge.below("gopher_repetition.empty", static_cast<double>(chars), 1) || chars == 0) return judge.verdict();

  split_at_newline_runs(strip(text), 2, pieces);
  Duplicates duplicates = find_duplicates(pieces);
  if (judge.above("gopher_repetition.duplicate_paragraphs", share(duplicates.pieces, pieces.size()),
                  options_.duplicate_paragraphs_max) ||
      judge.above("gopher_repetition.duplicate_paragraph_chars", share(duplicates.chars, chars),
                  options_.duplicate_paragraph_chars_max)) {
    return judge.verdict();
  }
  split_at_newline_runs(text, 1, pieces);
  duplicates = find_duplicates(pieces);
  if (judge.above("gopher_repetition.duplicate_lines", share(duplicates.pieces, pieces.size()),
                  options_.duplicate_lines_max) ||
      judge.above("gopher_repetition.duplicate_line_chars", share(duplicates.chars, chars),
                  options_.duplicate_line_chars_max)) {
    return judge.verdict();
  }

  // Parts are at most the bytes, so that only a long text is counted.
  if (options_.parts_max > 0 && text.size() > static_cast<size_t>(options_.parts_max)) {
    const auto parts = static_cast<double>(part_count(text)), parts_max = static_cast<double>(options_.parts_max);
    if (judge.above("gopher_repetition.too_long", parts, parts_max) || parts > parts_max) return judge.verdict();
  }
  thread_local WordNGrams grams;
  grams.assign(words_of(text, word_rules(head_), unspaced_));
  judge_ngrams(grams, chars, judge);
  grams.release();
  return judge.verdict();
}

void GopherRepetition::judge_ngrams(WordNGrams& grams, size_t chars, Judge& judge) const {
  for (size_t i = 0; i < options_.top_ngram_chars_max.size(); ++i) {
    const double value = share(grams.top_chars(i + 2), chars);
    if (judge.above(kTopReasons[i], value, options_.top_ngram_chars_max[i])) return;
  }
  for (size_t i = 0; i < options_.duplicate_ngram_chars_max.size(); ++i) {
    const double value = share(grams.duplicate_chars(i + 5), chars);
    if (judge.above(kDuplicateReasons[i], value, options_.duplicate_ngram_chars_max[i])) return;
  }
}

void GopherRepetition::describe(Provenance& provenance) const { describe_segments(unspaced_, provenance); }

StageKind gopher_repetition_kind() {
  static constexpr ThresholdKey kThresholds[] = {
      {"duplicate_paragraphs_max", "duplicate_paragraphs"},
      {"duplicate_paragraph_chars_max", "duplicate_paragraph_chars"},
      {"duplicate_lines_max", "duplicate_lines"},
      {"duplicate_line_chars_max", "duplicate_line_chars"},
      {"top_2gram_chars_max", "top_2gram"},
      {"top_3gram_chars_max", "top_3gram"},
      {"top_4gram_chars_max", "top_4gram"},
      {"duplicate_5gram_chars_max", "duplicate_5gram"},
      {"duplicate_6gram_chars_max", "duplicate_6gram"},
      {"duplicate_7gram_chars_max", "duplicate_7gram"},
      {"duplicate_8gram_chars_max", "duplicate_8gram"},
      {"duplicate_9gram_chars_max", "duplicate_9gram"},
      {"duplicate_10gram_chars_max", "duplicate_10gram"},
  };
  StageKind kind = stage_kind<GopherRepetition, GopherRepetitionOptions>(
      "gopher_repetition", "drops text that repeats itself by Gopher's rules");
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
