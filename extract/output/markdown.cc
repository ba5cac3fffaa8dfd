#include "extract/output/markdown.h"

#include <algorithm>

#include "core/ascii.h"
#include "extract/html/resolve_url.h"
#include "text/unicode.h"

namespace ftok::html {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t'; }
bool is_ascii_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// What a delimiter of emphasis sees beside it (CommonMark, 6.2). The edges of a block count as white space.
enum class Beside : uint8_t { kSpace, kPunctuation, kOther };

Beside kind_of(char32_t c) {
  if (is_white_space(c)) return Beside::kSpace;
  const Category category = category_of(c);
  return is_punctuation(category) || is_symbol(category) ? Beside::kPunctuation : Beside::kOther;
}

Beside before(std::string_view text, size_t at) {
  if (at == 0) return Beside::kSpace;
  size_t begin = at - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return kind_of(decode_utf8(text, begin).code_point);
}

Beside after(std::string_view text, size_t at) {
  return at >= text.size() ? Beside::kSpace : kind_of(decode_utf8(text, at).code_point);
}

// A mark of the block, at an offset of its text, and its partner.
struct Span {
  size_t begin = 0, end = 0;
  std::string_view mark;  // "[", "[^" (a footnote), "**", "*", "`", or "$" for a formula, written as it stands
  std::string_view link;
  bool is(std::string_view other) const { return mark == other; }
  bool is_emphasis() const { return mark[0] == '*'; }
  bool is_raw() const { return mark == "`" || mark == "$"; }
  // Whether the delimiters of two emphases would stand side by side, or one be within its like.
  bool meets(const Span& later) const {
    if (!is_emphasis()) return false;
    if (is(later.mark) && later.end <= end) return true;
    if (begin == later.begin && end == later.end) return false;  // "***both***"
    return end == later.begin || begin == later.begin || end == later.end;
  }
};

// The marks of a block as spans, in order of their beginning, outer ones first. An emphasis or a code that began in the
// block before, or runs on into the next, is cut to this one; a link too.
std::vector<Span> spans_of(const PageBlocks& page, const Block& block) {
  const uint32_t begin = block.text_begin, end = block.text_begin + block.text_size;
  auto mark = std::lower_bound(page.marks.begin(), page.marks.end(), begin,
                               [](const Mark& m, uint32_t at) { return m.at < at; });
  std::vector<Span> spans;
  std::vector<size_t> open;
  for (; mark != page.marks.end() && mark->at <= end; ++mark) {
    const size_t at = mark->at - begin;
    if (mark->opens) {
      if (mark->at == end) break;  // of the next block
      open.push_back(spans.size());
      spans.push_back({at, block.text_size, mark->text, {}});
    } else if (at > 0 && !open.empty()) {
      Span& span = spans[open.back()];
      const std::string_view opened = mark->text == "](" ? "[" : mark->text == "]" ? "[^" : mark->text;
      if (span.mark != opened) continue;  // in an earlier block
      span.end = at;
      span.link = mark->link;
      open.pop_back();
    }
  }
  spans.erase(std::remove_if(spans.begin(), spans.end(),
                             [](const Span& s) { return s.begin >= s.end || (s.is("[") && s.link.empty()); }),
              spans.end());
  return spans;
}

// The end of the formula in TeX's delimiters that begins at text[at], behind them; 0 where none does. "$" is a
// delimiter where a formula stands between two: with a command, a script or a brace, no space within the signs, and no
// digit behind (Pandoc's rules for tex_math_dollars): "$5 to $10" is none.
size_t end_of_formula(std::string_view text, size_t at) {
  constexpr size_t kBytesMax = 4000;
  const std::string_view rest = text.substr(at, kBytesMax);
  const auto behind = [&](std::string_view end, size_t from) {
    const size_t found = rest.find(end, from);
    return found == std::string_view::npos || found == from ? 0 : at + found + end.size();
  };
  if (rest.starts_with("\\(")) return behind("\\)", 2);
  if (rest.starts_with("\\[")) return behind("\\]", 2);
  if (rest.starts_with("$$")) return behind("$$", 2);
  if (rest.starts_with("\\begin{")) {
    const size_t close = rest.find('}');
    return close == std::string_view::npos ? 0 : behind("\\end{" + std::string(rest.substr(7, close - 6)), close);
  }
  if (rest.size() < 3 || rest[0] != '$' || is_space(rest[1]) || (at > 0 && text[at - 1] == '\\')) return 0;
  const size_t end = rest.find('$', 1);
  if (end == std::string_view::npos || end < 2 || is_space(rest[end - 1]) || rest[end - 1] == '\\') return 0;
  const std::string_view inside = rest.substr(1, end - 1);
  if (inside.find_first_of("\\^_{") == std::string_view::npos || inside.find('\n') != std::string_view::npos) return 0;
  return end + 1 < rest.size() && is_digit(rest[end + 1]) ? 0 : at + end + 1;
}

// Formulas that stand in the text in TeX's own delimiters, for a script of the page to draw: they are written as they
// stand.
void add_formulas(std::string_view text, std::vector<Span>& spans) {
  constexpr size_t kSpansMax = 1000;
  constexpr int kFailedMax = 64;  // delimiters without an end: the text has other uses for these signs
  if (spans.size() > kSpansMax || text.find_first_of("$\\") == std::string_view::npos) return;
  std::vector<Span> found;
  int failed = 0;
  for (size_t at = text.find_first_of("$\\"); at != std::string_view::npos; at = text.find_first_of("$\\", at)) {
    const size_t end = end_of_formula(text, at);
    const auto crosses = [&](const Span& span) {
      return span.begin < end && at < span.end && !(span.begin >= at && span.end <= end) &&
             !(span.begin <= at && span.end >= end && !span.is_raw());
    };
    if (end == 0 || std::any_of(spans.begin(), spans.end(), crosses)) {
      const bool opens = text[at] == '$' || text.substr(at, 2) == "\\(" || text.substr(at, 2) == "\\[";
      failed += opens ? 1 : 0;
      if (failed > kFailedMax) break;
      at += 1 + (text[at] == '\\' ? 1 : 0);
      continue;
    }
    found.push_back({at, end, "$", {}});
    if (found.size() > kSpansMax) break;
    at = end;
  }
  if (found.empty()) return;
  spans.insert(spans.end(), found.begin(), found.end());
  std::stable_sort(spans.begin(), spans.end(),
                   [](const Span& a, const Span& b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
}

// The spans of a block by where they begin and end. Those at one offset lie one in the other, so they are few (the
// parser caps depth).
class SpanIndex {
 public:
  explicit SpanIndex(const std::vector<Span>& spans) : spans_(spans), by_end_(spans.size()) {
    for (size_t i = 0; i < spans.size(); ++i) by_end_[i] = i;
    std::stable_sort(by_end_.begin(), by_end_.end(), [&](size_t a, size_t b) { return spans_[a].end < spans_[b].end; });
  }

  // Calls visit(span, its place in the list) for those that begin, or end, at an offset.
  template <class Visit>
  void for_each_beginning(size_t at, Visit visit) const {
    auto span = std::lower_bound(spans_.begin(), spans_.end(), at,
                                 [](const Span& s, size_t offset) { return s.begin < offset; });
    for (; span != spans_.end() && span->begin == at; ++span) visit(*span, static_cast<size_t>(span - spans_.begin()));
  }
  template <class Visit>
  void for_each_ending(size_t at, Visit visit) const {
    auto i = std::lower_bound(by_end_.begin(), by_end_.end(), at,
                              [&](size_t span, size_t offset) { return spans_[span].end < offset; });
    for (; i != by_end_.end() && spans_[*i].end == at; ++i) visit(spans_[*i], *i);
  }

 private:
  const std::vector<Span>& spans_;
  std::vector<size_t> by_end_;
};

// Whether the delimiters of an emphasis can open and close where they stand: next to punctuation (brackets and
// backticks of other spans too) they need white space or punctuation on their outer side.
bool can_delimit(std::string_view text, const SpanIndex& index, const Span& span, size_t place) {
  Beside outer_left = before(text, span.begin), inner_left = after(text, span.begin);
  Beside inner_right = before(text, span.end), outer_right = after(text, span.end);
  const auto is_sign = [](const Span& other) { return !other.is_emphasis() && !other.is("$"); };
  index.for_each_beginning(span.begin, [&](const Span& other, size_t i) {
    if (is_sign(other)) (i > place ? inner_left : outer_left) = Beside::kPunctuation;  // an inner span comes later
  });
  index.for_each_ending(span.end, [&](const Span& other, size_t i) {
    if (is_sign(other)) (i > place ? inner_right : outer_right) = Beside::kPunctuation;
  });
  index.for_each_ending(span.begin, [&](const Span& other, size_t) {
    if (is_sign(other)) outer_left = Beside::kPunctuation;
  });
  index.for_each_beginning(span.end, [&](const Span& other, size_t) {
    if (is_sign(other)) outer_right = Beside::kPunctuation;
  });
  const bool opens =
      inner_left == Beside::kOther || (inner_left == Beside::kPunctuation && outer_left != Beside::kOther);
  const bool closes =
      inner_right == Beside::kOther || (inner_right == Beside::kPunctuation && outer_right != Beside::kOther);
  return opens && closes;
}

// Leaves out what would not be read as meant: marks within code and formulas, code beside code (their backticks would
// be one run), and emphasis whose delimiters cannot open or close where they stand ("**Note:**text") or stand beside
// another's.
void drop_unreadable(std::string_view text, std::vector<Span>& spans) {
  std::vector<Span> kept;
  size_t raw_end = 0;
  const Span* code = nullptr;
  for (const Span& span : spans) {
    if (span.begin < raw_end || (span.is("`") && code != nullptr && code->end == span.begin)) continue;
    if (span.is_raw()) raw_end = span.end;
    if (span.is("`")) code = &span;
    kept.push_back(span);
  }
  spans.clear();
  const SpanIndex index(kept);
  std::vector<Span> open;  // emphasis around the one looked at, or just ended
  for (size_t i = 0; i < kept.size(); ++i) {
    const Span& span = kept[i];
    while (!open.empty() && open.back().end < span.begin) open.pop_back();
    const auto meets = [&](const Span& earlier) { return earlier.meets(span); };
    if (span.is_emphasis()) {
      if (!can_delimit(text, index, span, i) || std::any_of(open.begin(), open.end(), meets)) continue;
      open.push_back(span);
    }
    spans.push_back(span);
  }
}

// Writes the text of one block.
class Writer {
 public:
  Writer(std::string_view text, const MarkdownPlace& place, const std::vector<Span>& spans, std::string& out)
      : text_(text), place_(place), spans_(spans), out_(out), closing_hashes_(text.size()) {
    for (const Span& span : spans) edges_.push_back(span.begin), edges_.push_back(span.end);
    std::sort(edges_.begin(), edges_.end());
    while (closing_hashes_ > 0 && text[closing_hashes_ - 1] == '#') --closing_hashes_;
  }

  void write() {
    std::vector<const Span*> open;
    size_t next = 0;
    for (size_t i = 0; i <= text_.size(); ++i) {
      for (; !open.empty() && open.back()->end == i; open.pop_back()) close(*open.back());
      for (; next < spans_.size() && spans_[next].begin == i; ++next) {
        open.push_back(&spans_[next]);
        links_ += spans_[next].is("[");
        if (spans_[next].is("`")) open_code(spans_[next]);
        else if (!spans_[next].is("$")) out_ += spans_[next].mark;
      }
      if (i == text_.size()) break;
      put(i, !open.empty() && open.back()->is_raw());
    }
  }

 private:
  void open_code(const Span& span) {
    const std::string_view code = text_.substr(span.begin, span.end - span.begin);
    size_t longest = 0, run = 0;
    for (const char c : code) {
      run = c == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    fence_.assign(longest + 1, '`');
    padded_ = code.front() == '`' || code.back() == '`';
    out_ += fence_;
    if (padded_) out_ += ' ';
  }

  void close(const Span& span) {
    if (span.is("`")) {
      if (padded_) out_ += ' ';
      out_ += fence_;
    } else if (span.is("[")) {
      --links_;
      out_ += "](";
      for (const char c : written_url(span.link)) put_address(c);
      out_ += ')';
    } else if (span.is("[^")) {
      out_ += ']';
    } else if (!span.is("$")) {
      out_ += span.mark;
    }
  }

  void put_address(char c) {
    if ((c == '|' && place_.cell) || c == '(' || c == ')' || c == '<' || c == '>' || c == '\\' || c == '&')
      out_ += '\\';
    out_ += c;
  }

  // A line break within a block is two spaces and a new line, and a quote's mark comes again.
  void put(size_t i, bool raw) {
    const char c = text_[i];
    if (c == '\n') {
      out_ += place_.heading || place_.cell || raw ? " " : place_.quote ? "  \n> " : "  \n";
      return;
    }
    if (place_.cell && c == '|') out_ += '\\';
    else if (!raw && is_ascii_punctuation(c) && is_markup(i)) out_ += '\\';
    out_ += c;
  }

  char at(size_t i) const { return i < text_.size() ? text_[i] : '\n'; }
  bool starts_line(size_t i) const { return i == 0 || text_[i - 1] == '\n'; }
  bool mark_at(size_t i) const { return std::binary_search(edges_.begin(), edges_.end(), i); }
  bool link_begins_at(size_t i) const {
    auto span = std::lower_bound(spans_.begin(), spans_.end(), i,
                                 [](const Span& s, size_t offset) { return s.begin < offset; });
    for (; span != spans_.end() && span->begin == i; ++span) {
      if (span->is("[")) return true;
    }
    return false;
  }
  // Whether the line from i on has nothing but c and spaces.
  bool fills_line(size_t i, char c) const {
    for (; i < text_.size() && text_[i] != '\n'; ++i) {
      if (text_[i] != c && text_[i] != ' ') return false;
    }
    return true;
  }

  bool is_underscore_markup(size_t i) {
    if (i < underscores_end_) return underscores_are_markup_;  // of the run looked at
    underscores_end_ = i;
    while (at(underscores_end_) == '_') ++underscores_end_;
    return underscores_are_markup_ = is_run_markup(i, underscores_end_);
  }

  bool is_run_markup(size_t first, size_t last) const {
    const char left = first == 0 ? '\n' : text_[first - 1], right = at(last);
    if (starts_line(first) || mark_at(first) || mark_at(last)) return true;
    const bool within_word = (is_alpha(left) || is_digit(left)) && (is_alpha(right) || is_digit(right));
    return !within_word && !(is_space(left) && is_space(right));
  }

  bool is_entity(size_t i) const {
    constexpr size_t kNameMax = 32;  // the longest name of the HTML Standard has 31 letters
    size_t end = i + 1 + (at(i + 1) == '#' ? 1 : 0);
    const size_t first = end;
    while (end - i < kNameMax + 2 && (is_alpha(at(end)) || is_digit(at(end)))) ++end;
    return end > first && at(end) == ';';
  }

  bool is_definition(size_t i) const {  // "[label]: address"
    constexpr size_t kLabelMax = 999;   // CommonMark, 4.7
    const size_t end = text_.substr(i, kLabelMax + 2).find(']');
    return end != std::string_view::npos && at(i + end + 1) == ':';
  }

  bool is_item_number(size_t i) const {  // the "." of "1. "
    constexpr size_t kDigitsMax = 9;     // CommonMark, 5.2
    size_t first = i;
    while (first > 0 && i - first <= kDigitsMax && is_digit(text_[first - 1])) --first;
    return !place_.heading && first < i && starts_line(first) && is_space(at(i + 1));
  }

  bool is_heading_mark(size_t i) const {
    if (starts_line(i)) {
      size_t end = i;
      while (at(end) == '#') ++end;
      if (end - i <= 6 && is_space(at(end))) return true;
    }
    return place_.heading && i == closing_hashes_ &&
           (i == 0 || is_space(text_[i - 1]));  // "# a #": the last ones close it
  }

  // Whether the character at i would be read as markup.
  bool is_markup(size_t i) {
    const char previous = i == 0 ? '\n' : text_[i - 1], next = at(i + 1);
    const bool line = starts_line(i) && !place_.heading;  // a heading's text begins behind its mark
    switch (text_[i]) {
      case '\\': return is_ascii_punctuation(next) || next == '\n' || mark_at(i + 1);
      case '`': return true;
      case '*': return line || mark_at(i) || mark_at(i + 1) || !is_space(previous) || !is_space(next);
      case '_': return is_underscore_markup(i);
      case '<': return is_alpha(next) || next == '/' || next == '!' || next == '?';
      case '&': return is_entity(i);
      case '[': return links_ > 0 || (line && is_definition(i));
      case ']': return links_ > 0 || next == '(';
      case '!': return link_begins_at(i + 1);
      case '#': return is_heading_mark(i);
      case '>': return line;
      case '-':
      case '+': return line && (is_space(next) || fills_line(i, text_[i]));
      case '=': return line && i > 0 && fills_line(i, '=');
      case '~': return line && text_.substr(i, 3) == "~~~";
      case '.':
      case ')': return is_item_number(i);
      default: return false;
    }
  }

  std::string_view text_;
  const MarkdownPlace& place_;
  const std::vector<Span>& spans_;
  std::string& out_;
  std::vector<size_t> edges_;  // where spans begin and end, in order
  size_t closing_hashes_;      // where the text's last run of "#" begins
  size_t underscores_end_ = 0;
  bool underscores_are_markup_ = false;
  std::string fence_;
  int links_ = 0;
  bool padded_ = false;
};

}  // namespace

void append_markdown(const PageBlocks& page, const Block& block, const MarkdownPlace& place, std::string& out) {
  std::vector<Span> spans = spans_of(page, block);
  const std::string_view text = page.text_of(block);
  add_formulas(text, spans);
  drop_unreadable(text, spans);
  Writer(text, place, spans, out).write();
}

void append_fenced(std::string_view code, std::string_view language, bool quote, std::string& out) {
  constexpr size_t kFenceMin = 3;
  size_t longest = 0, run = 0;
  for (const char c : code) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(std::max(kFenceMin, longest + 1), '`');
  const std::string_view end = quote ? "\n> " : "\n";
  out += fence;
  out += lower_ascii(language);
  out += end;
  for (const char c : code) {
    if (c == '\n') out += end;
    else out += c;
  }
  out += end;
  out += fence;
}

void append_code_of_cell(std::string_view code, bool markdown, std::string& out) {
  std::string line;
  size_t longest = 0, run = 0;
  for (const char c : code) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t';
    if (is_space && (line.empty() || line.back() == ' ')) continue;
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    if (markdown && c == '|') line += '\\';
    line += is_space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (line.empty()) return;
  const std::string fence(markdown ? longest + 1 : 0, '`');
  const bool padded = markdown && (line.front() == '`' || line.back() == '`');
  out.append(fence).append(padded ? " " : "").append(line).append(padded ? " " : "").append(fence);
}

}  // namespace ftok::html
