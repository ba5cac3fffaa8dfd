// Tokenizer: a page's bytes to tags, text, comments and doctypes (HTML Standard, section 13.2.5). Text, names and
// values are views into the page where nothing has to be decoded, else into the Dom's arena; a tag's attributes are
// written straight into the Dom's attribute list. Nothing is allocated for a token.
//
// The states of the standard are folded into straight-line readers, one for each kind of token: a run of text is one
// scan for '<', a tag is read from its name to its '>' in one pass.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

#include "extract/html/dom.h"
#include "extract/html/parser.h"
#include "extract/html/scan.h"

namespace ftok::html {

enum class TokenKind : uint8_t { kDoctype, kStart, kEnd, kComment, kText, kEof };

struct Token {
  TokenKind kind = TokenKind::kEof;
  Tag tag = Tag::kUnknown;
  bool self_closing = false;
  bool has_nul = false;       // text with NUL bytes in it
  bool force_quirks = false;  // of a doctype
  bool has_public = false, has_system = false;
  uint32_t attribute_begin = 0, attribute_count = 0;  // in the Dom's attribute list
  std::string_view name;                              // of a tag or doctype, in lower case
  std::string_view text;                              // of text or a comment
  std::string_view public_id, system_id;
};

// What the text after a start tag is read as.
enum class TextState : uint8_t { kData, kRcdata, kRawText, kScript, kPlaintext };

class Tokenizer {
 public:
  // `html` without CR (normalize_newlines); it and `dom` must outlive the tokenizer.
  Tokenizer(std::string_view html, const ParseLimits& limits, Dom& dom);

  // The next token; kEof at the end, and also when a cap was met (status()).
  void next(Token& token);

  // The builder saw a start tag whose text is not markup: reads as `state` until the end tag `name`.
  void set_state(TextState state, std::string_view name) {
    state_ = state;
    raw_name_ = name;
  }
  void set_cdata_allowed(bool allowed) { cdata_allowed_ = allowed; }

  ParseStatus status() const { return status_; }
  uint64_t bytes_read() const { return static_cast<uint64_t>(at_ - begin_); }

 private:
  void read_text(Token& token);
  bool read_raw_text(Token& token);
  bool read_tag(Token& token, bool is_end);
  bool read_attributes(Token& token);
  void read_attribute(Token& token);
  void read_value(Attribute& attribute);
  void finish_attribute(Token& token, const char* name, const char* name_end, bool plain);
  void read_markup_declaration(Token& token);
  void read_comment(Token& token);
  void read_bogus_comment(Token& token, const char* content);
  void read_doctype(Token& token);
  bool is_repeated(const Token& token, std::string_view name, AttributeName id);
  bool may_be_repeated(const Token& token, std::string_view name);
  bool read_quoted_id(std::string_view& id, const char* end);
  const char* find_raw_end(const char* p, Seen& seen) const;
  const char* find_script_end(const char* p, Seen& seen) const;
  bool is_end_tag_at(const char* p, std::string_view name) const;
  std::string_view decoded(std::string_view text, bool references, bool in_attribute, bool replace_nul);
  std::string_view lower_case(const char* begin, const char* end);

  const char* begin_;
  const char* at_;
  const char* end_;
  Dom& dom_;
  const ScanKernels& scans_;
  uint32_t attributes_max_;
  TextState state_ = TextState::kData;
  std::string_view raw_name_;
  static constexpr uint32_t kNameBits = 8192;
  uint64_t known_names_ = 0;           // of the current tag: a bit for each AttributeName
  std::bitset<kNameBits> names_seen_;  // of the current tag, when it has many attributes
  uint32_t names_tag_ = 0;             // whose names they are: its attribute_begin + 1
  bool cdata_allowed_ = false;
  ParseStatus status_ = ParseStatus::kDone;
};

// The page with CR LF and CR as LF (section 13.2.3.5): `html` itself when it has none, else a copy in `arena`.
std::string_view normalize_newlines(std::string_view html, Arena& arena);

}  // namespace ftok::html
