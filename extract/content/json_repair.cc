#include "extract/content/json_repair.h"

#include <algorithm>

#include "core/ascii.h"
#include "core/lenient_json.h"

namespace ftok::html {

namespace {

// One pass over a script that is not strict JSON.
class JsonRepair {
 public:
  explicit JsonRepair(std::string_view in) : in_(in) { out_.reserve(in.size() + 16); }

  std::string run() {
    out_ = "[";
    while (at_ < in_.size()) step();
    for (; !open_.empty(); open_.pop_back()) {  // what never ended
      drop_comma();
      out_ += open_.back() == '{' ? '}' : ']';
    }
    drop_comma();
    out_ += ']';
    return std::move(out_);
  }

 private:
  bool starts(std::string_view with) const { return in_.substr(at_, with.size()) == with; }

  void step() {
    const char c = in_[at_];
    if (c == '"' || (c == '\'' && std::string_view("{[,:").find(out_.back()) != std::string_view::npos))
      return string();
    if (starts("/*")) return skip_behind("*/");
    if (starts("<!--") || starts("<![CDATA[")) {
      at_ += starts("<!--") ? 4 : 9;
      return;
    }
    if (starts("-->") || starts("]]>")) {
      at_ += 3;
      return;
    }
    if (const size_t size = size_of_wide_space(at_); size > 0) {
      at_ += size;
      return;
    }
    if (starts("//")) {
      const size_t wrapper = in_.substr(at_, 16).find("<![CDATA[");
      if (wrapper != std::string_view::npos) at_ += wrapper;
      else skip_behind("\n");
      return;
    }
    if (is_word(c)) return word();
    ++at_;
    if (is_ascii_space(c) || c == ';') return;
    if (c == '}' || c == ']') {
      if (open_.empty() || open_.back() != (c == '}' ? '{' : '[')) return;  // of nothing
      drop_comma();
      open_.pop_back();
    } else if (c == ',') {
      if (ends_in_comma() || out_.back() == '[' || out_.back() == '{') return;
    } else if (c == '{' || c == '[') {
      if (out_.size() > 1) add_missing_comma();  // another value behind the first
      open_ += c;
    }
    out_ += c;
  }

  // Of white space that JSON does not know: the no-break space, those of Unicode, the byte-order mark.
  size_t size_of_wide_space(size_t at) const {
    const std::string_view next = in_.substr(at, 3);
    for (const std::string_view space : {"\u00A0", "\u2028", "\u2029", "\u202F", "\u3000", "\uFEFF"}) {
      if (next.starts_with(space)) return space.size();
    }
    const bool is_of_width = next.size() == 3 && next.starts_with("\xE2\x80") &&
                             static_cast<unsigned char>(next[2]) <= 0x8B;  // U+2000 to U+200B
    return is_of_width ? 3 : 0;
  }

  void add_missing_comma() {
    if (std::string_view("\"}]").find(out_.back()) != std::string_view::npos) out_ += ',';
  }

  static bool is_word(char c) {
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == '_' || c == '$' ||
           c == '@';
  }

  // Words without quotes: a name before a colon gets quotes; a value that JSON does not have (NaN, undefined, 0x10, a
  // number beyond 64 bits) becomes null.
  void word() {
    const size_t begin = at_;
    while (at_ < in_.size() && is_word(in_[at_])) ++at_;
    const std::string_view word = in_.substr(begin, at_ - begin);
    const size_t next = in_.find_first_not_of(" \t\r\n", at_);
    const bool is_before_colon = next != std::string_view::npos && in_[next] == ':';
    const bool is_name = is_before_colon && std::string_view("{,").find(out_.back()) != std::string_view::npos;
    add_missing_comma();
    if (is_name) out_.append("\"").append(word).append("\"");
    else if (word == "true" || word == "false" || word == "null" || is_held_json_number(word)) out_ += word;
    else out_ += "null";
  }

  void string() {
    const char quote = in_[at_];
    add_missing_comma();
    const bool is_name = open_.empty() || (open_.back() == '{' && (out_.back() == '{' || out_.back() == ','));
    out_ += '"';
    for (++at_; at_ < in_.size() && (in_[at_] != quote || !ends_string(is_name)); ++at_) {
      const char c = in_[at_];
      if (c == '\\' && at_ + 1 < in_.size()) {
        escape();
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_ += c == '\n' ? "\\n" : " ";
      } else if (c == '"') {  // within single quotes, or not escaped
        out_ += "\\\"";
      } else {
        out_ += c;
      }
    }
    out_ += '"';
    ++at_;
  }

  // The escape at at_, of which the last character is left to pass.
  void escape() {
    const char next = in_[++at_];
    if (next == 'u' && is_hex4(at_ + 1)) {
      out_.append("\\u").append(in_.substr(at_ + 1, 4));
      at_ += 4;
    } else if (std::string_view("\"\\/bfnrt").find(next) != std::string_view::npos) {
      out_ += '\\';
      out_ += next;
    } else if (static_cast<unsigned char>(next) >= 0x20) {
      out_ += next;
    }
  }

  // What comes behind white space; the end where there is more of that than anyone writes within a value.
  size_t behind_space(size_t at) const {
    constexpr size_t kReach = 200;
    const size_t end = at + kReach;
    while (at < in_.size()) {
      const size_t size = is_ascii_space(in_[at]) ? 1 : size_of_wide_space(at);
      if (size == 0) return at;
      at += size;
      if (at > end) break;
    }
    return in_.size();
  }

  // Whether the quote at at_ ends its string, by what comes behind it: not where words do, as in "the "old" mill".
  bool ends_string(bool is_name) const {
    const size_t next = behind_space(at_ + 1);
    if (next >= in_.size()) return true;
    switch (in_[next]) {
      case ':': return is_name;
      case ',': return begins_value(behind_space(next + 1));
      case '"':
      case '\'': return is_name || open_.back() == '[' || begins_value(next);
      case '}':
      case ']':
      case ';':
      case '/': return true;
      case '-':
      case '<': return open_.empty();
      default: return false;
    }
  }

  // Whether a name or a value may stand at `at`, behind a comma: a string there, in an object, has its colon.
  bool begins_value(size_t at) const {
    constexpr size_t kNameMax = 200;
    if (at >= in_.size() || open_.empty()) return true;
    const char c = in_[at];
    if (std::string_view("{[]},/").find(c) != std::string_view::npos) return true;
    if (c == '"' || c == '\'') {
      if (open_.back() == '[') return true;
      const size_t end = in_.substr(0, std::min(in_.size(), at + kNameMax)).find(c, at + 1);
      if (end == std::string_view::npos) return false;
      const size_t next = behind_space(end + 1);
      return next >= in_.size() || in_[next] == ':';
    }
    if (!is_word(c)) return static_cast<unsigned char>(c) >= 0x80;
    size_t end = at;
    while (end < in_.size() && end - at < kNameMax && is_word(in_[end])) ++end;
    const size_t next = behind_space(end);
    if (open_.back() == '{') return next < in_.size() && in_[next] == ':';
    const std::string_view word = in_.substr(at, end - at);
    return word == "true" || word == "false" || word == "null" || is_held_json_number(word);
  }

  bool is_hex4(size_t at) const {
    if (at + 4 > in_.size()) return false;
    return std::all_of(in_.begin() + static_cast<std::ptrdiff_t>(at), in_.begin() + static_cast<std::ptrdiff_t>(at + 4),
                       [](char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); });
  }

  void skip_behind(std::string_view mark) {
    const size_t end = in_.find(mark, at_);
    at_ = end == std::string_view::npos ? in_.size() : end + mark.size();
  }
  bool ends_in_comma() const { return out_.back() == ','; }
  void drop_comma() {
    if (ends_in_comma()) out_.pop_back();
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string open_;  // brackets
  std::string out_;
};

}  // namespace

std::string repaired_json(std::string_view script) { return JsonRepair(script).run(); }

}  // namespace ftok::html
