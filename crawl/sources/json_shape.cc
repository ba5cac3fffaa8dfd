#include "crawl/sources/json_shape.h"

#include <algorithm>
#include <iterator>

namespace ftok {

JsonShape::JsonShape(std::string_view text) : text_(text) {
  for (size_t i = 0; i < text_.size() && !wrong_; ++i) {
    const char c = text_[i];
    line_end_ = line_end_ || (c == '\n' && !open_.empty());
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    step(c, i);
    if (!open_.empty() || wrong_) continue;
    end_ = std::min(i + 1, text_.size());
    return;
  }
}

void JsonShape::step(char c, size_t& i) {
  const bool value = wants_ == Wants::kValue || wants_ == Wants::kValueOrEnd;
  if (c == '{' || c == '[') {
    wrong_ = !value;
    open_ += c;
    wants_ = c == '{' ? Wants::kKeyOrEnd : Wants::kValueOrEnd;
  } else if (c == '}' || c == ']') {
    close(c);
  } else if (c == ',') {
    wrong_ = wants_ != Wants::kCommaOrEnd || open_.empty();
    divider_ = divider_ || open_.size() == 1;
    wants_ = !open_.empty() && open_.back() == '{' ? Wants::kKey : Wants::kValue;
  } else if (c == ':') {
    wrong_ = wants_ != Wants::kColon;
    wants_ = Wants::kValue;
  } else if (c == '"') {
    const bool key = wants_ == Wants::kKey || wants_ == Wants::kKeyOrEnd;
    string_ = true;
    wrong_ = !(key || value) || !pass_string(i);
    wants_ = key ? Wants::kColon : Wants::kCommaOrEnd;
  } else {
    wrong_ = !value || !pass_word(i);
    wants_ = Wants::kCommaOrEnd;
  }
}

void JsonShape::close(char c) {
  const bool object = c == '}';
  const bool empty = wants_ == (object ? Wants::kKeyOrEnd : Wants::kValueOrEnd);
  wrong_ = open_.empty() || open_.back() != (object ? '{' : '[') || !(empty || wants_ == Wants::kCommaOrEnd);
  if (!wrong_) open_.pop_back();
  wants_ = Wants::kCommaOrEnd;
}

// To the closing quote, or to the end of the text. A line end may not stand in a string.
bool JsonShape::pass_string(size_t& i) {
  for (++i; i < text_.size() && text_[i] != '"'; ++i) {
    if (text_[i] == '\n') return false;
    if (text_[i] == '\\') ++i;
  }
  return true;
}

// A number, true, false, null; NaN and Infinity as Python writes them. The end of the text may cut it.
bool JsonShape::pass_word(size_t& i) {
  const size_t end = std::min(text_.find_first_of(" \t\r\n,:]}[{\"", i), text_.size());
  const std::string_view word = text_.substr(i, end - i);
  if (word.empty()) return false;
  i = end - 1;
  if (word.find_first_not_of("0123456789+-.eE") == std::string_view::npos) return true;
  static constexpr std::string_view kWords[] = {"true", "false", "null", "NaN", "Infinity", "-Infinity"};
  return std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view known) {
    return word == known || (end == text_.size() && known.starts_with(word));
  });
}

}  // namespace ftok
