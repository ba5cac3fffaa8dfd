#include "tokenizer/jinja/lexer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/ascii.h"
#include "core/utf8.h"
#include "text/words.h"
#include "tokenizer/jinja/failure.h"
#include "tokenizer/jinja/marked_text.h"

namespace ftok::jinja {
namespace {

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Line ends as \n; the last one goes.
std::string with_plain_lines(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

class TemplateLexer {
 public:
  explicit TemplateLexer(std::string_view source) : source_(with_plain_lines(source)) {}

  std::vector<Token> take() {
    while (at_ < source_.size()) read_text();
    add(Token::Kind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  void add(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  [[noreturn]] void fail(std::string what) const { throw Failure{line_, std::move(what)}; }

  // Goes on to `end`, counting lines.
  void pass(size_t end) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    if (end > at_) starts_line_ = source_[end - 1] == '\n';
    at_ = end;
  }

  size_t behind_space(size_t place) const {
    while (place < source_.size()) {
      const Utf8Char c = decode_utf8(source_, place);
      if (!c.valid || !is_python_space(c.code_point)) break;
      place += c.size;
    }
    return place;
  }

  bool stands(size_t place, std::string_view what) const { return source_.compare(place, what.size(), what) == 0; }

  // The text in front of a tag, as the sign behind the tag's beginning says: - + or none.
  std::string_view before_tag(std::string_view text, char sign, bool is_output) const {
    if (sign == '-') {
      const ByteRange range = stripped_range(text, false, true);
      return text.substr(0, range.end);
    }
    if (sign == '+' || is_output) return text;
    const size_t last = text.rfind('\n');
    const size_t line = last == std::string_view::npos ? 0 : last + 1;
    if (line == 0 && !starts_line_) return text;
    const ByteRange range = stripped_range(text.substr(line), true, true);
    return range.end == 0 ? text.substr(0, line) : text;
  }

  char sign_at(size_t place) const {
    const char c = place < source_.size() ? source_[place] : ' ';
    return c == '-' || c == '+' ? c : ' ';
  }

  // Behind the end of a tag at `place`, whose own sign is `sign`.
  size_t behind_tag(size_t place, char sign, bool trims_line) const {
    if (sign == '-') return behind_space(place);
    const bool trims = trims_line && sign != '+' && place < source_.size() && source_[place] == '\n';
    return place + (trims ? 1 : 0);
  }

  // Text up to the next tag, and that tag.
  void read_text() {
    size_t tag = at_;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        add(Token::Kind::kText, source_.substr(at_));
        return pass(source_.size());
      }
      const char next = source_[tag + 1];
      if (next == '{' || next == '%' || next == '#') break;
      ++tag;
    }
    const char kind = source_[tag + 1], sign = sign_at(tag + 2);
    const std::string_view text = std::string_view(source_).substr(at_, tag - at_);
    if (const std::string_view kept = before_tag(text, sign, kind == '{'); !kept.empty())
      add(Token::Kind::kText, std::string(kept));
    pass(tag);
    const size_t inside = tag + 2 + (sign == ' ' ? 0 : 1);
    if (kind == '#') return read_comment(inside);
    if (kind == '%' && read_raw(inside)) return;
    add(kind == '{' ? Token::Kind::kOutputBegin : Token::Kind::kBlockBegin, "");
    pass(inside);
    read_tag(kind == '{');
  }

  void read_comment(size_t inside) {
    const size_t end = source_.find("#}", inside);
    if (end == std::string::npos) fail("a comment without its end, #}");
    const char sign = end > inside ? sign_at(end - 1) : ' ';
    pass(behind_tag(end + 2, sign, true));
  }

  // {% raw %}: false where it is another tag.
  bool read_raw(size_t inside) {
    size_t place = behind_space(inside);
    if (!stands(place, "raw")) return false;
    place = behind_space(place + 3);
    const bool strips = stands(place, "-%}");
    if (!strips && !stands(place, "%}")) return false;
    pass(behind_tag(place + (strips ? 3 : 2), strips ? '-' : ' ', false));
    for (size_t end = source_.find("{%", at_); end != std::string::npos; end = source_.find("{%", end + 1)) {
      const char sign = sign_at(end + 2);
      size_t name = behind_space(end + 2 + (sign == ' ' ? 0 : 1));
      if (!stands(name, "endraw")) continue;
      name = behind_space(name + 6);
      const char end_sign = sign_at(name);
      if (!stands(name + (end_sign == ' ' ? 0 : 1), "%}")) continue;
      add(Token::Kind::kText, std::string(before_tag(std::string_view(source_).substr(at_, end - at_), sign, false)));
      pass(behind_tag(name + (end_sign == ' ' ? 2 : 3), end_sign, true));
      return true;
    }
    fail("{% raw %} without {% endraw %}");
  }

  // What stands in a tag, and its end.
  void read_tag(bool is_output) {
    const std::string_view end = is_output ? "}}" : "%}";
    const Token::Kind end_kind = is_output ? Token::Kind::kOutputEnd : Token::Kind::kBlockEnd;
    open_.clear();
    while (at_ < source_.size()) {
      const char sign = sign_at(at_);
      const bool has_sign = sign == '-' || (sign == '+' && !is_output);
      if (open_.empty() && stands(at_ + (has_sign ? 1 : 0), end)) {
        add(end_kind, "");
        return pass(behind_tag(at_ + (has_sign ? 3 : 2), has_sign ? sign : ' ', !is_output));
      }
      read_token();
    }
    fail(fmt::format("a tag without its end, {}", end));
  }

  void read_token() {
    const char c = source_[at_];
    size_t end = at_;
    if (is_ascii_space(c)) {
      while (end < source_.size() && is_ascii_space(source_[end])) ++end;
      return pass(end);
    }
    if (begins_name(c)) {
      while (end < source_.size() && (begins_name(source_[end]) || is_digit(source_[end]))) ++end;
      add(Token::Kind::kName, source_.substr(at_, end - at_));
      return pass(end);
    }
    if (is_digit(c)) return read_number();
    if (c == '"' || c == '\'') return read_string(c);
    read_sign();
  }

  void read_number() {
    size_t end = at_;
    const auto pass_digits = [&] {
      while (end < source_.size() && (is_digit(source_[end]) || source_[end] == '_')) ++end;
    };
    pass_digits();
    Token::Kind kind = Token::Kind::kInteger;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
      ++end;
      pass_digits();
      kind = Token::Kind::kFloat;
    }
    if (end + 1 < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      const size_t digits = end + (source_[end + 1] == '-' || source_[end + 1] == '+' ? 2 : 1);
      if (digits < source_.size() && is_digit(source_[digits])) {
        end = digits;
        pass_digits();
        kind = Token::Kind::kFloat;
      }
    }
    if (end < source_.size() && begins_name(source_[end])) fail("a number that goes on as a name");
    std::string digits = source_.substr(at_, end - at_);
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    add(kind, std::move(digits));
    pass(end);
  }

  void read_string(char quote) {
    std::string text;
    size_t i = at_ + 1;
    while (i < source_.size() && source_[i] != quote) {
      if (source_[i] != '\\' || i + 1 >= source_.size()) {
        text += source_[i++];
      } else {
        i = read_escape(i + 1, text);
      }
    }
    if (i >= source_.size()) fail("a string without its end");
    add(Token::Kind::kString, std::move(text));
    pass(i + 1);
  }

  // What \ at `place` - 1 stands for; returns what comes behind it.
  size_t read_escape(size_t place, std::string& text) {
    const char c = source_[place];
    constexpr std::string_view kNamed = "\\'\"abfnrtv", kMeant = "\\'\"\a\b\f\n\r\t\v";
    if (c == '\n') return place + 1;
    if (const size_t named = kNamed.find(c); named != std::string_view::npos) {
      text += kMeant[named];
      return place + 1;
    }
    const size_t digits_max = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : c >= '0' && c <= '7' ? 3 : 0;
    if (c == 'N') fail("\\N in a string is not supported");
    if (digits_max == 0) {
      text += '\\';
      return place;
    }
    const int base = digits_max == 3 ? 8 : 16;
    size_t from = place + (base == 16 ? 1 : 0), end = from;
    char32_t code = 0;
    for (; end < source_.size() && end - from < digits_max; ++end) {
      const char d = source_[end];
      const int value = is_digit(d)            ? d - '0'
                        : d >= 'a' && d <= 'f' ? d - 'a' + 10
                        : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                               : 16;
      if (value >= base) break;
      code = code * static_cast<char32_t>(base) + static_cast<char32_t>(value);
    }
    if ((base == 16 && end - from < digits_max) || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      fail(fmt::format("a string with \\{} that is no character", c));
    append_utf8(text, code);
    return end;
  }

  void read_sign() {
    static const char* const kSigns[] = {"**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                         "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    for (const std::string_view sign : kSigns) {
      if (!stands(at_, sign)) continue;
      if (sign == "(" || sign == "[" || sign == "{") open_ += sign == "(" ? ')' : sign == "[" ? ']' : '}';
      if (sign == ")" || sign == "]" || sign == "}") {
        if (open_.empty() || open_.back() != sign[0]) fail(fmt::format("a {} that closes nothing", sign));
        open_.pop_back();
      }
      add(Token::Kind::kSign, std::string(sign));
      return pass(at_ + sign.size());
    }
    fail(fmt::format("a character in a tag that cannot stand there: byte {:#04x}",
                     static_cast<unsigned char>(source_[at_])));
  }

  const std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  bool starts_line_ = true;
  std::string open_;  // brackets that wait for their end
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view source) { return TemplateLexer(source).take(); }

}  // namespace ftok::jinja
