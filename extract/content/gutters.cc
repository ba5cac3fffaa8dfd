#include "extract/content/gutters.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "core/ascii.h"
#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

constexpr int kNodesMax = 10000;  // of a gutter: three a line, and more lines than code has that is read

bool is_filler(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '.' || c == ':' || c == '|'; }

// Reads the numbers of an element's text one after the other.
class Numbers {
 public:
  // False where something else than a number comes.
  bool read(std::string_view text) {
    for (const char c : text) {
      if (is_digit(c)) {
        number_ = std::min(number_ * 10 + static_cast<uint32_t>(c - '0'), 100000000U);
        in_number_ = true;
      } else if (is_filler(c)) {
        end_number();
      } else {
        return false;
      }
    }
    return true;
  }
  void end_number() {
    if (in_number_) {
      counts_up_ = counts_up_ && (count_ == 0 || number_ == last_ + 1);
      last_ = number_;
      ++count_;
    }
    number_ = 0;
    in_number_ = false;
  }
  uint32_t count() const { return count_; }
  uint32_t last() const { return last_; }
  bool count_up() const { return counts_up_; }

 private:
  uint32_t number_ = 0, last_ = 0, count_ = 0;
  bool in_number_ = false, counts_up_ = true;
};

bool read_numbers(const Dom& dom, NodeId top, Numbers& numbers, uint64_t& steps) {
  int seen = 0;
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode; id = dom.next_in_order(id, top)) {
    ++steps;
    if (++seen > kNodesMax) return false;
    if (dom[id].is_text() && !numbers.read(dom[id].view())) return false;
    if (dom[id].is_element()) numbers.end_number();
  }
  numbers.end_number();
  return true;
}

bool holds_preformatted(const Dom& dom, NodeId top) {
  constexpr int kDepthMax = 6;
  NodeId id = dom[top].first_child;
  for (int depth = 0; id != kNoNode && depth < kDepthMax;) {
    if (dom[id].is(Tag::kPre) || dom[id].is(Tag::kCode)) return true;
    if (dom[id].is_element()) id = dom[id].first_child, ++depth;
    else id = dom[id].next;
  }
  return false;
}

// "lineno", "line-numbers", "CodeMirror-linenumber", "ace_gutter-cell": what highlighters call them, whatever stands
// before; and the short names of some.
bool is_gutter_name(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "linenodiv", "lines-num",       "lnt",  "lntd", "ln",          "blob-num", "crayon-num", "crayon-nums",
      "hljs-ln-n", "hljs-ln-numbers", "lnum", "lno",  "sourcelineno"};
  if (std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)) return true;
  std::string lower;
  uint64_t begins = 1;  // one bit a letter of `lower`: a word of the name begins there
  char previous = '-';
  for (const char c : name.substr(0, 63)) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (c != '-' && c != '_') {
      if (previous == '-' || previous == '_' || (upper && previous >= 'a' && previous <= 'z'))
        begins |= uint64_t{1} << lower.size();
      lower += static_cast<char>(upper ? c + 32 : c);
    }
    previous = c;
  }
  if (lower.ends_with('s')) lower.pop_back();
  static constexpr std::string_view kEnds[] = {"gutter", "guttercell", "linenumber", "lineno", "linenum", "linenr"};
  return std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view end) {
    return lower.ends_with(end) && (begins >> (lower.size() - end.size()) & 1) != 0;
  });
}

}  // namespace

bool is_named_gutter(std::string_view classes) {
  constexpr std::string_view kSpaces = " \t\n\r\f";
  for (size_t begin = classes.find_first_not_of(kSpaces); begin != std::string_view::npos;) {
    const size_t end = std::min(classes.find_first_of(kSpaces, begin), classes.size());
    if (is_gutter_name(classes.substr(begin, end - begin))) return true;
    begin = classes.find_first_not_of(kSpaces, end);
  }
  return false;
}

bool holds_line_numbers(const Dom& dom, NodeId element, uint64_t& steps) {
  Numbers numbers;
  return read_numbers(dom, element, numbers, steps);
}

bool stands_before_code(const Dom& dom, NodeId cell, uint64_t& steps) {
  const NodeId next = dom.next_element(cell);
  if (next == kNoNode || !holds_preformatted(dom, next)) return false;
  Numbers numbers;
  return read_numbers(dom, cell, numbers, steps) && numbers.count_up() && numbers.count() >= 2;
}

bool is_one_number(const Dom& dom, NodeId element, uint32_t& number, uint64_t& steps) {
  const NodeId first = dom[element].first_child;  // most cells hold words
  if (first == kNoNode) return false;
  Numbers numbers;
  if (!read_numbers(dom, element, numbers, steps) || numbers.count() != 1) return false;
  number = numbers.last();
  return true;
}

bool is_number_beside_line(const Dom& dom, NodeId cell, uint64_t& steps) {
  return dom.next_element(cell) != kNoNode && holds_line_numbers(dom, cell, steps);
}

bool counts_lines(const Dom& dom, NodeId list, uint64_t& steps) {
  Numbers numbers;
  return read_numbers(dom, list, numbers, steps) && numbers.count_up() && numbers.count() >= 2;
}

uint32_t numbers_counting_up(std::string_view text) {
  Numbers numbers;
  if (!numbers.read(text)) return 0;
  numbers.end_number();
  return numbers.count_up() && numbers.last() >= numbers.count() ? numbers.count() : 0;  // the first is not 0
}

bool begins_lines_with_numbers(const Dom& dom, NodeId box, uint64_t& steps) {
  constexpr uint32_t kLinesMin = 3;
  Numbers numbers;
  bool at_start = true, has_code = false;
  for (NodeId id = dom.next_in_order(box, box); id != kNoNode; id = dom.next_in_order(id, box)) {
    ++steps;
    const Node& node = dom[id];
    if (node.is_element() && (has_flag(node.tag, kBlock) || node.tag == Tag::kBr)) at_start = true;
    if (!node.is_text()) continue;
    std::string_view text = node.view();
    const size_t first = text.find_first_not_of(" \t\n\r\f");
    if (first == std::string_view::npos) {
      at_start = at_start || text.find('\n') != std::string_view::npos;
      continue;
    }
    const size_t line = text.substr(0, first).rfind('\n');
    if (at_start || line != std::string_view::npos) {
      const bool is_alone = node.parent != box && node.previous == kNoNode && node.next == kNoNode;
      const uint32_t before = numbers.count();
      if (!is_alone || !numbers.read(text)) return false;
      numbers.end_number();
      if (numbers.count() != before + 1 || !numbers.count_up()) return false;
      at_start = false;
      continue;
    }
    has_code = true;
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) continue;
    at_start = true;
    if (text.find_first_not_of(" \t\n\r\f", end) != std::string_view::npos) return false;  // of no number
  }
  return has_code && numbers.count() >= kLinesMin;
}

}  // namespace ftok::html
