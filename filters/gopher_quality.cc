#include "filters/gopher_quality.h"

#include <algorithm>

#include "core/scratch.h"
#include "document/text_lines.h"
#include "filters/measures/lines.h"
#include "filters/measures/punctuation.h"
#include "filters/measures/rules.h"
#include "text/words.h"

namespace ftok {
namespace {

// What is counted in the words of a text.
struct WordCounts {
  size_t words = 0;
  size_t non_symbol_words = 0;       // with a character that is not a symbol
  size_t non_symbol_word_chars = 0;  // in all of those
  size_t alphabetic_words = 0;       // with a letter
};

bool is_ascii_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void count_word(std::string_view word, WordCounts& counts) {
  ++counts.words;
  bool symbol = true, alphabetic = false;
  if (is_ascii_letter(static_cast<unsigned char>(word[0]))) {
    symbol = false;
    alphabetic = true;
  }
  for (size_t at = 0; at < word.size() && (symbol || !alphabetic);) {
    const Utf8Char c = decode_utf8(word, at);
    symbol = symbol && is_symbol_char(c.code_point);
    alphabetic = alphabetic || is_letter(category_of(c.code_point));
    at += c.size;
  }
  if (alphabetic) ++counts.alphabetic_words;
  if (symbol) return;
  ++counts.non_symbol_words;
  counts.non_symbol_word_chars += char_count(word);
}

bool starts_as_bullet(std::string_view line) {
  line = strip_front(line);
  return line.starts_with("\u2022") || line.starts_with("-");
}

bool ends_in_ellipsis(std::string_view line) {
  line = strip_back(line);
  return line.ends_with("...") || line.ends_with("\u2026");
}

}  // namespace

void GopherQualityOptions::visit(OptionVisitor& visitor) {
  visitor.choice("rules", rules, rule_sets(), "how words are split: as FineWeb was released, or as datatrove 0.10.1");
  visitor.choice("lines", lines, line_choices(), kLinesHelp);
  visitor.choice("unspaced", unspaced, unspaced_choices(), kUnspacedHelp);
  visitor.field("words_min", words_min, "fewest words that are not symbols (Gopher, A.1.1)");
  visitor.field("words_max", words_max, "most words that are not symbols (Gopher, A.1.1)");
  visitor.field("mean_word_chars_min", mean_word_chars_min, "smallest mean length of those words (Gopher, A.1.1)");
  visitor.field("mean_word_chars_max", mean_word_chars_max, "largest mean length of those words (Gopher, A.1.1)");
  visitor.field("hashes_per_word_max", hashes_per_word_max, "most \"#\" per word (Gopher, A.1.1)");
  visitor.field("ellipses_per_word_max", ellipses_per_word_max, "most ellipses per word (Gopher, A.1.1)");
  visitor.field("bullet_lines_max", bullet_lines_max, "largest share of lines that start as a bullet (Gopher, A.1.1)");
  visitor.field("ellipsis_lines_max", ellipsis_lines_max,
                "largest share of lines that end in an ellipsis (Gopher, A.1.1)");
  visitor.field("alphabetic_words_min", alphabetic_words_min, "smallest share of words with a letter (Gopher, A.1.1)");
  visitor.field("stop_words_min", stop_words_min, "fewest different stop words (Gopher, A.1.1)");
  visitor.field("stop_words", stop_words, "the stop words, case-sensitive (Gopher, A.1.1)");
}

GopherQualityOptions GopherQualityOptions::head() {
  GopherQualityOptions options;
  options.rules = kHeadRules;
  return options;
}

GopherQuality::GopherQuality(GopherQualityOptions options)
    : options_(std::move(options)),
      head_(is_head(name(), options_.rules)),
      prose_(judges_prose(name(), options_.lines)),
      unspaced_(unspaced_words_of("gopher_quality.unspaced", options_.unspaced)) {
  for (const std::string& word : options_.stop_words)
    stop_word_bytes_max_ = std::max(stop_word_bytes_max_, word.size());
}

bool GopherQuality::judge_words(std::string_view text, Judge& judge) const {
  const std::vector<std::string_view>& words = words_of(text, word_rules(head_), unspaced_);
  WordCounts counts;
  std::vector<bool> seen(options_.stop_words.size(), false);
  for (const std::string_view word : words) {
    count_word(word, counts);
    if (word.size() > stop_word_bytes_max_) continue;
    for (size_t i = 0; i < seen.size(); ++i) {
      if (word == options_.stop_words[i]) seen[i] = true;
    }
  }
  const auto non_symbol_words = static_cast<double>(counts.non_symbol_words);
  const double mean_chars = ratio(counts.non_symbol_word_chars, counts.non_symbol_words);
  const size_t ellipses = count_occurrences(text, "...") + count_occurrences(text, "\u2026");
  if (judge.below("gopher_quality.too_short", non_symbol_words, static_cast<double>(options_.words_min)) ||
      judge.above("gopher_quality.too_long", non_symbol_words, static_cast<double>(options_.words_max)) ||
      judge.below("gopher_quality.short_words", mean_chars, options_.mean_word_chars_min) ||
      judge.above("gopher_quality.long_words", mean_chars, options_.mean_word_chars_max) ||
      judge.above("gopher_quality.hashes", ratio(count_occurrences(text, "#"), counts.words),
                  options_.hashes_per_word_max) ||
      judge.above("gopher_quality.ellipses", ratio(ellipses, counts.words), options_.ellipses_per_word_max) ||
      judge_lines(text, judge)) {
    return true;
  }
  const auto stop_words = static_cast<double>(std::count(seen.begin(), seen.end(), true));
  return judge.below("gopher_quality.few_alphabetic_words", ratio(counts.alphabetic_words, counts.words),
                     options_.alphabetic_words_min) ||
         judge.below("gopher_quality.few_stop_words", stop_words, static_cast<double>(options_.stop_words_min));
}

bool GopherQuality::judge_lines(std::string_view text, Judge& judge) const {
  thread_local std::vector<std::string_view> lines;
  const ScratchTrim trim(lines);
  split_lines(text, lines);
  const auto bullets = static_cast<size_t>(std::count_if(lines.begin(), lines.end(), starts_as_bullet));
  const auto ellipses = static_cast<size_t>(std::count_if(lines.begin(), lines.end(), ends_in_ellipsis));
  return judge.above("gopher_quality.bullet_lines", ratio(bullets, lines.size()), options_.bullet_lines_max) ||
         judge.above("gopher_quality.ellipsis_lines", ratio(ellipses, lines.size()), options_.ellipsis_lines_max);
}

Verdict GopherQuality::process(Document& document, Report* report) const {
  thread_local std::string prose;
  const ScratchTrim trim(prose);
  Judge judge(report);
  judge_words(prose_ ? prose_of(document, prose) : document.text, judge);
  return judge.verdict();
}

void GopherQuality::describe(Provenance& provenance) const { describe_segments(unspaced_, provenance); }

StageKind gopher_quality_kind() {
  static constexpr ThresholdKey kThresholds[] = {
      {"words_min", "too_short"},
      {"words_max", "too_long"},
      {"mean_word_chars_min", "short_words"},
      {"mean_word_chars_max", "long_words"},
      {"hashes_per_word_max", "hashes"},
      {"ellipses_per_word_max", "ellipses"},
      {"bullet_lines_max", "bullet_lines"},
      {"ellipsis_lines_max", "ellipsis_lines"},
      {"alphabetic_words_min", "few_alphabetic_words"},
      {"stop_words_min", "few_stop_words"},
  };
  StageKind kind = stage_kind<GopherQuality, GopherQualityOptions>(
      "gopher_quality", "drops what does not look like prose by Gopher's rules");
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
