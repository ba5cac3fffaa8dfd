#include "filters/c4.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include "core/scratch.h"
#include "document/text_lines.h"
#include "filters/measures/bad_words.h"
#include "filters/measures/kept_lines.h"
#include "filters/measures/lines.h"
#include "filters/measures/rules.h"
#include "text/sentences.h"
#include "text/words.h"

namespace ftok {
namespace {

constexpr std::string_view kPolicyPhrases[] = {"terms of use", "privacy policy", "cookie policy",
                                               "uses cookies", "use of cookies", "use cookies"};

bool is_digit(char32_t c) { return c < 0x80 ? c >= '0' && c <= '9' : category_of(c) == Category::kNd; }

// The end of a citation that starts with the '[' at `at`: "[12]", "[]", "[edit]", "[citation needed]"; `at` when it is
// none.
size_t citation_end(std::string_view line, size_t at) {
  for (const std::string_view name : {std::string_view("[edit]"), std::string_view("[citation needed]")}) {
    if (line.substr(at).starts_with(name)) return at + name.size();
  }
  size_t end = at + 1;
  while (end < line.size()) {
    const Utf8Char c = decode_utf8(line, end);
    if (c.code_point == ']') return end + 1;
    if (!is_digit(c.code_point)) break;
    end += c.size;
  }
  return at;
}

void strip_citations(std::string_view line, std::string& out) {
  out.clear();
  size_t begin = 0;
  for (size_t at = line.find('['); at != std::string_view::npos;) {
    const size_t end = citation_end(line, at);
    if (end > at) {
      out.append(line.substr(begin, at - begin));
      begin = end;
    }
    at = line.find('[', std::max(end, at + 1));
  }
  out.append(line.substr(begin));
}

// The same in the lines of the Markdown that show prose. "[1](address)" is a link.
void strip_marked_citations(Document& document) {
  if (document.markdown.find('[') == std::string::npos || !has_line_entries(document)) return;
  std::string out, stripped;
  size_t begin = 0;
  auto entry = document.lines.begin();
  for (uint32_t line = 0; begin <= document.markdown.size(); ++line) {
    const size_t end = std::min(document.markdown.find('\n', begin), document.markdown.size());
    const std::string_view text = std::string_view(document.markdown).substr(begin, end - begin);
    while (entry != document.lines.end() && markdown_line_of(*entry) < line) ++entry;
    const bool is_prose =
        entry != document.lines.end() && markdown_line_of(*entry) == line && kind_of_line(*entry) == LineKind::kProse;
    if (is_prose && text.find("](") == std::string_view::npos) strip_citations(text, stripped);
    else stripped.assign(text);
    if (line > 0) out += '\n';
    out += stripped;
    begin = end + 1;
  }
  document.markdown = std::move(out);
}

// Lower case as far as the phrases can tell: ASCII, and the Kelvin sign, whose lower case is "k".
void lower_ascii(std::string_view line, std::string& out) {
  static constexpr std::string_view kKelvin = "\u212A";
  out.clear();
  size_t begin = 0;
  for (size_t at = line.find(kKelvin); at != std::string_view::npos; at = line.find(kKelvin, begin)) {
    out.append(line.substr(begin, at - begin)).append("k");
    begin = at + kKelvin.size();
  }
  out.append(line.substr(begin));
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Words between white space: how many, and the longest.
struct LineWords {
  size_t count = 0;
  size_t chars_max = 0;
};

void split_at_spaces(std::string_view line, std::vector<std::string_view>& pieces) {
  pieces.clear();
  size_t begin = 0;
  for (size_t at = 0; at <= line.size();) {
    const Utf8Char c = at < line.size() ? decode_utf8(line, at) : Utf8Char{' ', 1, true};
    if (is_python_space(c.code_point)) {
      if (at > begin) pieces.push_back(line.substr(begin, at - begin));
      begin = at + c.size;
    }
    at += c.size;
  }
}

LineWords count_line_words(std::string_view line, UnspacedWords how) {
  LineWords words;
  if (how != UnspacedWords::kAsRules && has_unspaced_letters(line)) {
    thread_local std::vector<std::string_view> pieces;
    const ScratchTrim trim(pieces);
    split_at_spaces(line, pieces);
    cut_unspaced(how, pieces);
    words.count = pieces.size();
    for (const std::string_view piece : pieces) words.chars_max = std::max(words.chars_max, char_count(piece));
    return words;
  }
  size_t chars = 0;
  for (size_t at = 0; at < line.size();) {
    const auto byte = static_cast<unsigned char>(line[at]);
    const Utf8Char c = byte < 0x80 ? Utf8Char{byte, 1, true} : decode_utf8(line, at);
    at += c.size;
    if (is_python_space(c.code_point)) {
      chars = 0;
    } else {
      if (chars == 0) ++words.count;
      words.chars_max = std::max(words.chars_max, ++chars);
    }
  }
  return words;
}

bool ends_in_punctuation(std::string_view line) {
  if (line.empty() || line.ends_with("...")) return false;
  return std::string_view(".?!\"'").find(line.back()) != std::string_view::npos;
}

}  // namespace

// What became of the lines of a text.
struct C4::Scan {
  RewrittenLines kept;
  size_t sentences = 0;  // in them
  size_t lorem_ipsum_lines = 0;
  size_t curly_bracket_lines = 0;
  LineVerdict first = LineVerdict::kKeep;  // the first of the two that was met
};

void C4Options::visit(OptionVisitor& visitor) {
  visitor.choice("rules", rules, rule_sets(),
                 "how sentences are counted: as FineWeb was released, or as datatrove 0.10.1");
  visitor.choice("lines", lines, line_choices(), kLinesHelp);
  visitor.choice("unspaced", unspaced, unspaced_choices(), kUnspacedHelp);
  visitor.field("chars_max", chars_max, "longest text, in characters; 0: any (FineWeb; C4's code: 190000)");
  visitor.field("word_chars_max", word_chars_max, "longest word a line may hold; 0: any (C4's code)");
  visitor.field("strip_citations", strip_citations, "remove [1], [edit] and [citation needed] (C4's code)");
  visitor.field("drop_unpunctuated_lines", drop_unpunctuated_lines,
                "drop lines that do not end in . ? ! \" ' (C4, section 2.2; FineWeb leaves it off)");
  visitor.field("line_words_min", line_words_min, "fewest words of a line (C4, section 2.2)");
  visitor.field("drop_lorem_ipsum", drop_lorem_ipsum, "drop a document with \"lorem ipsum\" (C4, section 2.2)");
  visitor.field("drop_javascript_lines", drop_javascript_lines, "drop lines with \"javascript\" (C4, section 2.2)");
  visitor.field("drop_curly_bracket", drop_curly_bracket, "drop a document with \"{\" (C4, section 2.2)");
  visitor.field("drop_policy_lines", drop_policy_lines, "drop lines about cookies and terms of use (C4's code)");
  visitor.field("sentences_min", sentences_min, "fewest sentences in the kept lines; 0: any (C4, section 2.2)");
  visitor.field("bad_word_lists", bad_word_lists,
                "plain lists of words of which one in the kept lines drops (C4, section 2.2; FineWeb has none)");
}

C4Options C4Options::head() {
  C4Options options;
  options.rules = kHeadRules;
  return options;
}

C4::C4(C4Options options)
    : options_(std::move(options)),
      head_(is_head(name(), options_.rules)),
      prose_(judges_prose(name(), options_.lines)),
      unspaced_(unspaced_words_of("c4.unspaced", options_.unspaced)),
      bad_words_(std::make_unique<const BadWords>(options_.bad_word_lists)) {}

C4::~C4() = default;

std::unique_ptr<const Stage> C4::make(C4Options options, const StageContext& context) {
  for (std::string& list : options.bad_word_lists) {
    if (std::filesystem::exists(list) || !context.fetched_list) continue;
    if (const std::string path = context.fetched_list(list); !path.empty()) list = path;
  }
  return std::make_unique<C4>(std::move(options));
}

C4::LineVerdict C4::judge_line(std::string_view line, std::string& stripped) const {
  const LineWords words = count_line_words(line, unspaced_);
  if (options_.word_chars_max > 0 && words.chars_max > static_cast<size_t>(options_.word_chars_max)) {
    return LineVerdict::kDropLine;
  }
  if (options_.strip_citations) {
    strip_citations(line, stripped);
  } else {
    stripped.assign(line);
  }
  if (options_.drop_unpunctuated_lines && !ends_in_punctuation(stripped)) return LineVerdict::kDropLine;
  if (static_cast<int64_t>(words.count) < options_.line_words_min) return LineVerdict::kDropLine;
  thread_local std::string lower;
  const ScratchTrim trim(lower);
  lower_ascii(stripped, lower);
  const auto has = [&](std::string_view phrase) { return lower.find(phrase) != std::string::npos; };
  if (options_.drop_lorem_ipsum && has("lorem ipsum")) return LineVerdict::kLoremIpsum;
  if (options_.drop_javascript_lines && has("javascript")) return LineVerdict::kDropLine;
  if (options_.drop_curly_bracket && has("{")) return LineVerdict::kCurlyBracket;
  if (options_.drop_policy_lines && std::any_of(std::begin(kPolicyPhrases), std::end(kPolicyPhrases), has)) {
    return LineVerdict::kDropLine;
  }
  return LineVerdict::kKeep;
}

// Judges every line; not `whole`: up to the first that drops the document. Lines end as Python has it, so that a line
// of the document (up to '\n') may be several.
C4::Scan C4::scan(const Document& document, bool whole) const {
  thread_local std::vector<std::string_view> lines;
  thread_local std::string stripped;
  const ScratchTrim trim(lines, stripped);
  const std::string_view text = document.text;
  split_lines(text, lines);
  const bool is_known = !document.lines.empty() && has_line_entries(document);
  Scan scan;
  const auto keep = [&](std::string_view line, uint32_t source) {
    if (!scan.kept.sources.empty()) scan.kept.text += '\n';
    scan.kept.text += line;
    scan.kept.sources.push_back(source);
  };
  const char* counted = text.data();
  uint32_t number = 0;  // of the document's line
  for (const std::string_view line : lines) {
    if (is_known) number += static_cast<uint32_t>(std::count(counted, line.data(), '\n'));
    counted = line.data();
    if (prose_ && is_known && kind_of_line(document.lines[number]) != LineKind::kProse) {
      keep(line, number);
      continue;
    }
    const LineVerdict verdict = judge_line(strip(line), stripped);
    if (verdict == LineVerdict::kDropLine) continue;
    if (verdict == LineVerdict::kKeep) {
      if (options_.sentences_min != -1) scan.sentences += count_sentences(stripped, word_rules(head_), unspaced_);
      keep(stripped, number);
      continue;
    }
    ++(verdict == LineVerdict::kLoremIpsum ? scan.lorem_ipsum_lines : scan.curly_bracket_lines);
    if (scan.first == LineVerdict::kKeep) scan.first = verdict;
    if (!whole) break;
  }
  return scan;
}

Verdict C4::process(Document& document, Report* report) const {
  Judge judge(report);
  if (options_.chars_max > 0 && judge.above("c4.too_long", static_cast<double>(char_count(document.text)),
                                            static_cast<double>(options_.chars_max))) {
    return judge.verdict();
  }
  Scan scanned = scan(document, report != nullptr);
  const auto lorem_ipsum = [&] {
    return judge.above("c4.lorem_ipsum", static_cast<double>(scanned.lorem_ipsum_lines), 0);
  };
  const auto curly_bracket = [&] {
    return judge.above("c4.curly_bracket", static_cast<double>(scanned.curly_bracket_lines), 0);
  };
  const bool bracket_first = scanned.first == LineVerdict::kCurlyBracket;
  if (bracket_first ? curly_bracket() || lorem_ipsum() : lorem_ipsum() || curly_bracket()) return judge.verdict();
  if (judge.below("c4.too_few_sentences", static_cast<double>(scanned.sentences),
                  static_cast<double>(options_.sentences_min))) {
    return judge.verdict();
  }
  if (!bad_words_->empty()) {
    const std::string_view found = bad_words_->find(scanned.kept.text);
    if (judge.rule(!found.empty(), "c4.bad_word", "", found.empty() ? 0 : 1, 0, found)) return judge.verdict();
  }
  if (options_.strip_citations && !document.markdown.empty()) strip_marked_citations(document);
  strip_ends(scanned.kept);
  rewrite_lines(document, std::move(scanned.kept));
  return judge.verdict();
}

void C4::describe(Provenance& provenance) const {
  describe_segments(unspaced_, provenance);
  bad_words_->describe(provenance);
}

StageKind c4_kind() {
  static constexpr ThresholdKey kThresholds[] = {
      {"chars_max", "too_long", 0},
      {"sentences_min", "too_few_sentences", -1},
  };
  StageKind kind = stage_kind<C4, C4Options>("c4", "drops lines and pages by C4's rules");
  kind.thresholds = kThresholds;
  return kind;
}

}  // namespace ftok
