#include "filters/refinedweb.h"

#include <re2/re2.h>

#include <vector>

#include "core/scratch.h"
#include "document/text_lines.h"
#include "filters/measures/kept_lines.h"
#include "filters/measures/lines.h"
#include "filters/measures/rules.h"
#include "text/words.h"

namespace ftok {
namespace {

// Python's \s, which is RE2's \s and what Unicode adds to it.
#define FTOK_SPACE R"([\s\x0B\x1C-\x1F\x{85}\pZ])"

// counter_line_modifier: a number and what it counts, alone in a line.
constexpr char kCounter[] = R"((?i)^[^\pL\pN_]*\p{Nd}[,.\p{Nd}]*[kmb]?)" FTOK_SPACE
                            R"(+(?:likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|)"
                            R"(downvotes|downloads|views|followers)[^\pL\pN_]*$)";

// substring_line_modifier, of lines of at most so many words. The dots are the rule's own: any three characters.
constexpr size_t kPromptWordsMax = 10;
constexpr char kAnywhere[] = "(?i)" FTOK_SPACE "?items in cart", kAtEnd[] = "(?i)" FTOK_SPACE "?read more...$",
               kAtFront[] = "(?i)^sign-in" FTOK_SPACE "?";
#undef FTOK_SPACE

std::unique_ptr<const re2::RE2> pattern(const char* text) {
  return std::make_unique<const re2::RE2>(text, re2::RE2::Quiet);
}

struct SpacedWords {
  size_t all = 0;
  size_t counted = 0;  // that begin with a letter or a number
};

SpacedWords count_spaced_words(std::string_view text) {
  SpacedWords words;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text, at);
    at += c.size;
    if (is_python_space(c.code_point)) {
      inside = false;
      continue;
    }
    if (inside) continue;
    inside = true;
    ++words.all;
    const Category category = category_of(c.code_point);
    if (is_letter(category) || is_number(category)) ++words.counted;
  }
  return words;
}

struct LineShares {
  double uppercase = 0, digits = 0;
};

// str.isupper(), which is true of letters alone that stand for numbers or in circles, too: Unicode's Other_Uppercase.
bool is_capital(char32_t c, Category category) {
  return category == Category::kLu || (c >= 0x2160 && c <= 0x216F) || (c >= 0x24B6 && c <= 0x24CF) ||
         (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
}

LineShares shares_of(std::string_view line) {
  size_t chars = 0, uppercase = 0, digits = 0;
  for (size_t at = 0; at < line.size();) {
    const Utf8Char c = decode_utf8(line, at);
    at += c.size;
    ++chars;
    const Category category = category_of(c.code_point);
    uppercase += is_capital(c.code_point, category) ? 1 : 0;
    digits += category == Category::kNd ? 1 : 0;
  }
  if (chars == 0) return {};
  return {static_cast<double>(uppercase) / static_cast<double>(chars),
          static_cast<double>(digits) / static_cast<double>(chars)};
}

}  // namespace

void RefinedWebOptions::visit(OptionVisitor& visitor) {
  visitor.choice("lines", lines, line_choices(), kLinesHelp);
  visitor.field("uppercase_max", uppercase_max, "largest share of capitals in a line (DCLM: 0.5)");
  visitor.field("digits_max", digits_max, "largest share of digits in a line (DCLM: 0.999999, nothing else)");
  visitor.field("drop_counters", drop_counters, "drop lines such as \"3 likes\" (DCLM)");
  visitor.field("line_words_min", line_words_min, "fewest words of a line that is not empty (DCLM: 2)");
  visitor.field("strip_prompts", strip_prompts,
                "remove \"Sign-in\", \"Read more...\" and \"items in cart\" from lines of at most 10 words (DCLM)");
  visitor.field("words_removed_max", words_removed_max,
                "largest share of the text's words that all this removes (DCLM)");
}

RefinedWeb::RefinedWeb(RefinedWebOptions options)
    : options_(std::move(options)),
      prose_(judges_prose("refinedweb", options_.lines)),
      counter_(pattern(kCounter)),
      anywhere_(pattern(kAnywhere)),
      at_end_(pattern(kAtEnd)),
      at_front_(pattern(kAtFront)) {}

RefinedWeb::~RefinedWeb() = default;

// Whether the line stays; `kept` is what it becomes.
bool RefinedWeb::keep_line(std::string_view line, std::string& kept) const {
  kept.assign(line);
  if (line.empty()) return true;
  const LineShares shares = shares_of(line);
  if (shares.uppercase > options_.uppercase_max || shares.digits > options_.digits_max) return false;
  if (options_.drop_counters && re2::RE2::PartialMatch(kept, *counter_)) return false;
  const size_t words = count_spaced_words(line).all;
  if (static_cast<int64_t>(words) < options_.line_words_min) return false;
  if (!options_.strip_prompts || words > kPromptWordsMax) return true;
  for (const auto* prompt : {&anywhere_, &at_end_, &at_front_}) {
    if (re2::RE2::GlobalReplace(&kept, **prompt, "") > 0 && strip(kept).empty()) return false;
  }
  return true;
}

Verdict RefinedWeb::process(Document& document, Report* report) const {
  thread_local std::vector<std::string_view> lines;
  thread_local std::string line_kept;
  const ScratchTrim trim(lines, line_kept);
  const std::string_view text = document.text;
  split_at_newlines(text, lines);
  const bool is_known = !document.lines.empty() && has_line_entries(document);
  RewrittenLines kept;
  for (size_t number = 0; number < lines.size(); ++number) {
    const bool passes = prose_ && is_known && kind_of_line(document.lines[number]) != LineKind::kProse;
    if (passes) line_kept.assign(lines[number]);
    else if (!keep_line(lines[number], line_kept)) continue;
    if (!kept.sources.empty()) kept.text += '\n';
    kept.text += line_kept;
    kept.sources.push_back(static_cast<uint32_t>(number));
  }
  const auto before = static_cast<double>(count_spaced_words(text).counted);
  const auto after = static_cast<double>(count_spaced_words(kept.text).counted);
  strip_ends(kept);
  Judge judge(report);
  if (judge.below("refinedweb.empty", after, 1)) return judge.verdict();
  if (judge.above("refinedweb.words_removed", before == 0 ? 0 : (before - after) / before, options_.words_removed_max))
    return judge.verdict();
  rewrite_lines(document, std::move(kept));
  return judge.verdict();
}

StageKind refinedweb_kind() {
  static constexpr ThresholdKey kThresholds[] = {
      {"words_removed_max", "words_removed"},
  };
  StageKind kind = stage_kind<RefinedWeb, RefinedWebOptions>("refinedweb",
                                                             "takes out lines that are no prose by RefinedWeb's rules");
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
