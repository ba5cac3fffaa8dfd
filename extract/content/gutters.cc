#include "extract/content/gutters.h"

#include <algorithm>
#include <string_view>

#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

constexpr int kNodesMax = 10000;  // of a gutter: three a line, and more lines than code has that is read

bool is_digit(char c) { return c >= '0' && c <= '9'; }
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

}  // namespace

bool is_named_gutter(std::string_view classes) {
  for (const std::string_view known : {"gutter",
                                       "linenos",
                                       "lineno",
                                       "linenodiv",
                                       "linenumber",
                                       "linenumbers",
                                       "line-number",
                                       "line-numbers",
                                       "line_number",
                                       "line_numbers",
                                       "lines-num",
                                       "line-num",
                                       "lnt",
                                       "lntd",
                                       "ln",
                                       "blob-num",
                                       "crayon-num",
                                       "crayon-nums",
                                       "code-line-number",
                                       "hljs-ln-numbers",
                                       "hljs-ln-n",
                                       "rouge-gutter",
                                       "code-gutter"}) {
    if (has_class(classes, known)) return true;
  }
  return false;
}

bool holds_line_numbers(const Dom& dom, NodeId element, uint64_t& steps) {
  Numbers numbers;
  return read_numbers(dom, element, numbers, steps);
}

bool stands_before_code(const Dom& dom, NodeId cell, uint64_t& steps) {
  NodeId next = dom[cell].next;
  while (next != kNoNode && !dom[next].is_element()) next = dom[next].next;
  if (next == kNoNode || !holds_preformatted(dom, next)) return false;
  Numbers numbers;
  return read_numbers(dom, cell, numbers, steps) && numbers.count_up() && numbers.count() >= 2;
}

}  // namespace ftok::html
