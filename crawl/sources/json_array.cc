// A JSON array as JSON Lines: brackets and strings are followed, nothing else is judged; an element that is wrong is a
// wrong line, which whoever parses lines drops by name.
#include <fmt/format.h>

#include "crawl/sources/rows_input.h"

namespace ftok {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class JsonArrayInput : public RowsInput {
 public:
  using RowsInput::RowsInput;

 private:
  enum class State { kBefore, kBetween, kElement, kAfter };

  void translate(std::string_view bytes, std::string& out) override {
    for (size_t i = 0; i < bytes.size() && !done_; ++i) {
      if (state_ == State::kElement) {
        i = element(bytes, i, out);
      } else {
        between(bytes[i], out);
      }
    }
  }

  void between(char c, std::string& out) {
    if (is_space(c)) return;
    if (state_ == State::kBefore) {  // the table has seen the bracket
      state_ = State::kBetween;
      if (c == '[') return;
    }
    if (state_ == State::kAfter) {
      damage("json.garbage", "something follows the array");
      done_ = true;
      return;
    }
    if (c == ']') {
      state_ = State::kAfter;
    } else if (c == ',') {
      divided_ = true;
    } else {
      ++row_;
      if (row_ > 1 && !divided_) damage("json.no_comma", "no comma before it");
      divided_ = false;
      state_ = State::kElement;
      depth_ = 0;
      begin_byte(c, out);
    }
  }

  // The element's bytes from `i`; the last that was taken.
  size_t element(std::string_view bytes, size_t i, std::string& out) {
    for (; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (in_string_) {
        // A line end inside a string is an error of JSON: it stays one, as another character that may not stand there.
        out += c == '\n' || c == '\r' ? '\1' : c;
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (c == '"') {
          in_string_ = false;
        }
        if (!in_string_ && depth_ == 0) return finish(out), i;
        continue;
      }
      if (depth_ == 0 && (c == ',' || c == ']')) {  // behind a number or a word
        finish(out);
        divided_ = c == ',';
        if (c == ']') state_ = State::kAfter;
        return i;
      }
      if (begin_byte(c, out)) return i;
    }
    return i;
  }

  // A byte outside strings; true when it ends the element.
  bool begin_byte(char c, std::string& out) {
    out += c == '\n' || c == '\r' ? ' ' : c;
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if ((c == '}' || c == ']') && --depth_ == 0) {
      finish(out);
      return true;
    }
    return false;
  }

  void finish(std::string& out) {
    out += '\n';
    state_ = State::kBetween;
  }

  void end(std::string& out) override {
    if (state_ == State::kElement) out += '\n';
    if (state_ == State::kElement || state_ == State::kBetween)
      damage("json.unclosed_array", "the input ends inside the array");
  }

  bool end_in_damage(std::string& out) override {
    if (state_ == State::kElement) out += '\n';
    return state_ == State::kElement;
  }

  State state_ = State::kBefore;
  int64_t depth_ = 0;
  bool in_string_ = false, escaped_ = false, divided_ = false;
};

}  // namespace

std::unique_ptr<DecodedInput> open_json_array(std::unique_ptr<DecodedInput> input, const SourceOptions&) {
  return std::make_unique<JsonArrayInput>(std::move(input));
}

}  // namespace ftok
