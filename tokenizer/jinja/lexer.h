// The tokens of a template's text: what stands between its tags, and names, numbers, strings and signs in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ftok::jinja {

struct Token {
  enum class Kind : uint8_t {
    kText,
    kBlockBegin,
    kBlockEnd,
    kOutputBegin,
    kOutputEnd,
    kName,
    kInteger,
    kFloat,
    kString,
    kSign,
    kEnd
  };
  Kind kind = Kind::kEnd;
  std::string text;  // of a string, what it stands for
  int line = 1;

  bool is(Kind of, std::string_view value) const { return kind == of && text == value; }
  bool is_sign(std::string_view sign) const { return is(Kind::kSign, sign); }
  bool is_name(std::string_view name) const { return is(Kind::kName, name); }
};

// White space as transformers sets Jinja: one line end behind a block tag goes (trim_blocks), and so does white space
// in front of one that begins its line (lstrip_blocks). The last token is kEnd. Throws Failure.
std::vector<Token> tokens_of(std::string_view source);

}  // namespace ftok::jinja
