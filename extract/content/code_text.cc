#include "extract/content/code_text.h"

#include <algorithm>

#include "extract/content/code_boxes.h"
#include "extract/content/gutters.h"

namespace ftok::html {

void CodeText::open(NodeId id, bool is_code_box, Frame& frame) {
  if (dom_[id].is(Tag::kTable)) {
    frame.is_code_table = is_table_of_code(dom_, id, page_.steps);
    frame.keep_white_space = frame.folds_breaks = frame.is_code_table;
    if (frame.is_code_table) frame.code_language = language_of_code(dom_, id);
    return;
  }
  frame.keep_white_space = true;
  frame.folds_breaks = is_code_box && !dom_[id].is(Tag::kTextarea) && !is_styled_as_pre(dom_, id);
  frame.has_numbers = begins_lines_with_numbers(dom_, id, page_.steps);
  frame.code_language = language_of_code(dom_, id);
}

bool CodeText::is_no_code(const Frame& around, NodeId id, uint64_t& steps) const {
  const Tag tag = dom_[id].tag;
  switch (tag) {
    case Tag::kButton: return true;
    case Tag::kTd:
    case Tag::kTh: return around.folds_breaks && is_number_beside_line(dom_, id, steps);
    case Tag::kThead: return around.is_code_table;
    case Tag::kOl:
    case Tag::kUl: return !run_.empty() && counts_lines(dom_, id, steps);
    default:
      return around.has_numbers && !has_flag(tag, kBlock) && is_line_start() && holds_line_numbers(dom_, id, steps);
  }
}

bool CodeText::is_space_between_lines(const Frame& frame, std::string_view text) const {
  if (frame.is_code_line) return false;
  const Tag tag = dom_[frame.node].tag;
  const bool lays_out = frame.is_code_table ? tag == Tag::kTable || tag == Tag::kTbody || tag == Tag::kTr
                                            : line_ended_at_ != 0 && line_ended_at_ == page_.text.size();
  return lays_out && text.find_first_not_of(" \t\n\r\f") == std::string_view::npos;
}

bool CodeText::enter_line(const Frame& around, Frame& frame, Tag tag) {
  const bool in_line = around.is_code_line;
  const bool is_cell = tag == Tag::kTd || tag == Tag::kTh || tag == Tag::kTbody;
  bool is_line = tag == Tag::kDiv || tag == Tag::kP || tag == Tag::kLi || (frame.is_code_table && tag == Tag::kTr) ||
                 (frame.folds_breaks && tag == Tag::kPre);
  const bool is_passed = tag == Tag::kOl || tag == Tag::kUl || (frame.is_code_table && is_cell) ||
                         (frame.folds_breaks && in_line && (is_cell || tag == Tag::kTable || tag == Tag::kTr));
  if (!is_line && !is_passed) return false;
  if (in_line && line_begin_ == page_.text.size())
    is_line = false;  // a box at the very start of a line is part of that line
  if (is_line && !is_line_start()) run_.append("\n", true);
  if (is_line) line_begin_ = page_.text.size();
  frame.ends_code_line = is_line;
  frame.is_code_line = is_line || in_line;
  frame.closing_mark = frame.link = {};
  return true;
}

void CodeText::end_line(const Frame& frame) {
  if (frame.folds_breaks) {
    while (page_.text.size() > line_begin_ && page_.text.back() == ' ') page_.text.pop_back();
  }
  if (run_.empty()) return;
  if (page_.text.back() != '\n' || page_.text.size() == line_begin_) run_.append("\n", true);
  line_ended_at_ = page_.text.size();
}

void CodeText::line_break(const Frame& frame) {
  if (frame.folds_breaks) {
    while (!run_.empty() && page_.text.back() == ' ') page_.text.pop_back();
  }
  run_.append("\n", true);
}

void CodeText::append(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r\f";
  for (;;) {
    const size_t at = text.find('\n');
    if (at == std::string_view::npos) return run_.append(text, true);
    const std::string_view before = text.substr(0, at);
    run_.append(before.substr(0, before.find_last_not_of(kBlanks) + 1), true);
    if (!is_line_start()) run_.append(" ", true);
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks, at), text.size()));
  }
}

void CodeText::tidy(const Frame& frame) {
  std::string& text = page_.text;
  const size_t begin = run_.begin_offset();
  const bool has_marks = !page_.marks.empty() && page_.marks.back().at >= begin;
  if (run_.empty() || has_marks) return;
  bool has_space = frame.has_numbers || frame.folds_breaks;  // before each line, and before one of them no more
  bool is_only_space = false;
  size_t to = begin;
  for (size_t line = begin; line < text.size();) {
    const size_t end = std::min(text.find('\n', line), text.size());
    size_t first = line;
    while (first < end && (text[first] == ' ' || text[first] == '\t')) ++first;
    if (first == end) line = end;
    if (first < end) {
      has_space = has_space && text[line] == ' ';
      is_only_space = is_only_space || first == line + 1;
    }
    while (line < end) text[to++] = text[line++];
    if (end < text.size()) text[to++] = '\n';
    line = end + 1;
  }
  text.resize(to);
  if (!has_space || !is_only_space) return;
  to = begin;
  for (size_t at = begin; at < text.size(); ++at) {
    const bool is_space = text[at] == ' ' && (at == begin || text[at - 1] == '\n');
    if (!is_space) text[to++] = text[at];
  }
  text.resize(to);
}

}  // namespace ftok::html
