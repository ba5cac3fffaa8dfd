// The syntax of the JSON value at the beginning of a text, which may be cut off: enough to tell what a file is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ftok {

// Brackets, commas, colons and the ends of strings are followed; what strings and numbers hold is not judged.
class JsonShape {
 public:
  // `text` begins with the value; what follows it is not looked at. Linear in the value.
  explicit JsonShape(std::string_view text);

  bool is_valid() const { return !wrong_; }  // so far as the text goes
  bool is_whole() const { return !wrong_ && end_ != std::string_view::npos; }
  bool has_line_end() const { return line_end_; }  // inside it, outside of strings
  bool has_divider() const { return divider_; }    // a comma of its outermost array or object
  bool has_string() const { return string_; }
  std::string_view rest() const { return is_whole() ? text_.substr(end_) : std::string_view(); }

 private:
  enum class Wants { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kCommaOrEnd };

  void step(char c, size_t& i);
  void close(char c);
  bool pass_string(size_t& i);
  bool pass_word(size_t& i);

  std::string_view text_;
  std::string open_;  // brackets
  Wants wants_ = Wants::kValue;
  size_t end_ = std::string_view::npos;
  bool wrong_ = false, line_end_ = false, divider_ = false, string_ = false;
};

}  // namespace ftok
