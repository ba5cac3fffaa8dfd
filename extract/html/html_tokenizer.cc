#include "extract/html/html_tokenizer.h"

#include <algorithm>
#include <cstring>

#include "extract/html/entities.h"
#include "extract/html/scan.h"

namespace ftok::html {

namespace {

enum CharClass : uint8_t {
  kSpaceChar = 1,  // tab, LF, FF, space
  kUpperChar = 2,
  kNameEnd = 4,       // ends a tag name: space / >
  kAttributeEnd = 8,  // ends an attribute name: space / > =
  kNulChar = 16,
  kUnquotedEnd = 32,  // ends an unquoted value: space >
  kLetterChar = 64,
};

struct CharTable {
  uint8_t classes[256] = {};
  constexpr CharTable() {
    for (const char c : {'\t', '\n', '\f', ' '}) {
      classes[static_cast<unsigned char>(c)] = kSpaceChar | kNameEnd | kAttributeEnd | kUnquotedEnd;
    }
    classes[static_cast<unsigned char>('/')] = kNameEnd | kAttributeEnd;
    classes[static_cast<unsigned char>('>')] = kNameEnd | kAttributeEnd | kUnquotedEnd;
    classes[static_cast<unsigned char>('=')] = kAttributeEnd;
    classes[0] = kNulChar;
    for (int c = 'A'; c <= 'Z'; ++c) classes[c] = kUpperChar | kLetterChar, classes[c + 32] = kLetterChar;
  }
};
constexpr CharTable kChars;

uint8_t char_class(char c) { return kChars.classes[static_cast<unsigned char>(c)]; }

const char* skip_space(const char* p, const char* end) {
  while (p < end && (char_class(*p) & kSpaceChar) != 0) ++p;
  return p;
}

bool equals_ignoring_case(const char* p, std::string_view lower) {
  for (size_t i = 0; i < lower.size(); ++i) {
    const char c = p[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower[i]) return false;
  }
  return true;
}

}  // namespace

Tokenizer::Tokenizer(std::string_view html, const ParseLimits& limits, Dom& dom)
    : begin_(html.data()),
      at_(html.data()),
      end_(html.data() + html.size()),
      dom_(dom),
      scans_(scan_kernels()),
      attributes_max_(limits.attributes_max) {}

std::string_view Tokenizer::decoded(std::string_view text, bool references, bool in_attribute, bool replace_nul) {
  size_t nuls = 0;
  for (const char c : text) nuls += c == '\0';
  char* out = dom_.arena().allocate(text.size() + text.size() / 4 + 2 * nuls + 16);
  size_t size = 0;
  if (references) {
    size = decode_text(text, in_attribute, replace_nul, out);
  } else {
    for (const char c : text) {
      if (c == '\0' && replace_nul) {
        std::memcpy(out + size, "\xEF\xBF\xBD", 3);
        size += 3;
      } else {
        out[size++] = c;
      }
    }
  }
  dom_.arena().give_back(out + size);
  return {out, size};
}

// A copy in ASCII lower case, NUL replaced.
std::string_view Tokenizer::lower_case(const char* begin, const char* end) {
  std::string_view copy = decoded({begin, static_cast<size_t>(end - begin)}, false, false, true);
  char* bytes = const_cast<char*>(copy.data());
  for (size_t i = 0; i < copy.size(); ++i) {
    if (bytes[i] >= 'A' && bytes[i] <= 'Z') bytes[i] = static_cast<char>(bytes[i] + 32);
  }
  return copy;
}

void Tokenizer::next(Token& token) {
  if (state_ != TextState::kData && read_raw_text(token)) return;
  while (at_ < end_ && status_ == ParseStatus::kDone) {
    if (*at_ != '<' || end_ - at_ < 2) return read_text(token);
    const char c = at_[1];
    if ((char_class(c) & kLetterChar) != 0) {
      if (read_tag(token, false)) return;
    } else if (c == '/') {
      if (end_ - at_ < 3) return read_text(token);
      if ((char_class(at_[2]) & kLetterChar) != 0) {
        if (read_tag(token, true)) return;
      } else if (at_[2] == '>') {
        at_ += 3;
      } else {
        return read_bogus_comment(token, at_ + 2);
      }
    } else if (c == '!') {
      return read_markup_declaration(token);
    } else if (c == '?') {
      return read_bogus_comment(token, at_ + 1);
    } else {
      return read_text(token);
    }
  }
  token.kind = TokenKind::kEof;
}

void Tokenizer::read_text(Token& token) {
  const char* p = at_;
  Seen seen;
  if (*p == '<') ++p;  // a '<' that starts nothing
  for (;;) {
    p = scan_to(scans_, p, end_, '<', seen);
    if (end_ - p < 2) {
      p = end_;
      break;
    }
    if ((char_class(p[1]) & kLetterChar) != 0 || p[1] == '!' || p[1] == '?') break;
    if (p[1] == '/' && end_ - p > 2) break;
    ++p;
  }
  token.kind = TokenKind::kText;
  token.text = {at_, static_cast<size_t>(p - at_)};
  token.has_nul = seen.nul;
  at_ = p;
  if (seen.ampersand) token.text = decoded(token.text, true, false, false);
}

bool Tokenizer::is_end_tag_at(const char* p, std::string_view name) const {
  const size_t size = name.size() + 2;
  return !name.empty() && static_cast<size_t>(end_ - p) > size && p[1] == '/' && equals_ignoring_case(p + 2, name) &&
         (char_class(p[size]) & kNameEnd) != 0;
}

const char* Tokenizer::find_raw_end(const char* p, Seen& seen) const {
  while (true) {
    p = scans_.to_pair(p, end_, '<', '/', seen);
    if (p == end_ || is_end_tag_at(p, raw_name_)) return p;
    ++p;
  }
}

// The script data states: "<!--" opens an escape that "-->" ends; "<script" within it opens a double escape, in which
// an end tag is text; "</script" ends that.
const char* Tokenizer::find_script_end(const char* p, Seen& seen) const {
  bool escaped = false, doubly = false, any_escape = false;
  const char* const begin = p;
  while (p < end_) {
    p = escaped ? scans_.to_either(p, end_, '<', '-') : scan_to(scans_, p, end_, '<', seen);
    if (p == end_) break;
    if (*p == '-') {
      if (end_ - p >= 3 && p[1] == '-' && p[2] == '>') escaped = doubly = false;
      ++p;
      continue;
    }
    if (!doubly && is_end_tag_at(p, raw_name_)) break;
    if (doubly && is_end_tag_at(p, "script")) {
      doubly = false;
      p += 8;
    } else if (!escaped && end_ - p >= 4 && std::memcmp(p, "<!--", 4) == 0) {
      escaped = any_escape = true;
      p += 2;  // the dashes may be the first two of "-->"
    } else if (escaped && !doubly && end_ - p >= 8 && equals_ignoring_case(p + 1, "script") &&
               (char_class(p[7]) & kNameEnd) != 0) {
      doubly = true;
      p += 7;
    } else {
      ++p;
    }
  }
  if (any_escape) seen.nul = std::memchr(begin, '\0', static_cast<size_t>(p - begin)) != nullptr;
  return p;
}

// Text up to the end tag that the state waits for; false when there is none.
bool Tokenizer::read_raw_text(Token& token) {
  const TextState state = state_;
  Seen seen;
  const char* stop = end_;
  if (state == TextState::kScript) {
    stop = find_script_end(at_, seen);
  } else if (state != TextState::kPlaintext) {
    stop = find_raw_end(at_, seen);
  } else {
    seen.nul = std::memchr(at_, '\0', static_cast<size_t>(end_ - at_)) != nullptr;
  }
  state_ = TextState::kData;
  if (stop == at_) return false;
  token.kind = TokenKind::kText;
  token.text = {at_, static_cast<size_t>(stop - at_)};
  token.has_nul = false;
  at_ = stop;
  const bool references = state == TextState::kRcdata && seen.ampersand;
  if (seen.nul || references) token.text = decoded(token.text, references, false, true);
  return true;
}

bool Tokenizer::read_tag(Token& token, bool is_end) {
  const char* p = at_ + (is_end ? 2 : 1);
  const char* const name = p;
  uint8_t seen = 0;
  while (p < end_) {
    const uint8_t c = char_class(*p);
    if ((c & kNameEnd) != 0) break;
    seen |= c;
    ++p;
  }
  const bool plain = (seen & (kUpperChar | kNulChar)) == 0;
  token.name = plain ? std::string_view(name, static_cast<size_t>(p - name)) : lower_case(name, p);
  token.tag = find_tag(token.name);
  if (token.tag != Tag::kUnknown) token.name = name_of(token.tag);
  token.kind = is_end ? TokenKind::kEnd : TokenKind::kStart;
  token.self_closing = false;
  token.attribute_begin = dom_.attribute_count();
  names_tag_ = 0;
  token.attribute_count = 0;
  at_ = p;
  if (p < end_ && *p == '>') {
    ++at_;
    return true;
  }
  return read_attributes(token);
}

// False when the page ends within the tag: the tag is dropped.
bool Tokenizer::read_attributes(Token& token) {
  for (;;) {
    const char* p = skip_space(at_, end_);
    if (p < end_ && *p == '/') {
      if (p + 1 < end_ && p[1] == '>') {
        token.self_closing = true;
        at_ = p + 2;
        break;
      }
      at_ = p + 1;
      continue;
    }
    at_ = p;
    if (p == end_) {
      dom_.truncate_attributes(token.attribute_begin);
      return false;
    }
    if (*p == '>') {
      ++at_;
      break;
    }
    read_attribute(token);
    if (token.attribute_count > attributes_max_) {
      status_ = ParseStatus::kTooManyAttributes;
      return false;
    }
  }
  if (token.attribute_count > 0) dom_.attribute(token.attribute_begin + token.attribute_count - 1).last = true;
  return true;
}

void Tokenizer::read_attribute(Token& token) {
  const char* p = at_;
  const char* const name = p;
  uint8_t seen = char_class(*p);
  if (*p == '=') seen = 0;  // a name may begin with '='
  ++p;
  while (p < end_) {
    const uint8_t c = char_class(*p);
    if ((c & kAttributeEnd) != 0) break;
    seen |= c;
    ++p;
  }
  at_ = p;
  finish_attribute(token, name, p, (seen & (kUpperChar | kNulChar)) == 0);
}

// Whether the tag has an attribute of that name already. A known name is a bit; others are compared, and a tag of many
// would be quadratic: past the first few attributes, a name is looked for only when its hash was seen.
bool Tokenizer::is_repeated(const Token& token, std::string_view name, AttributeName id) {
  if (token.attribute_count == 0) known_names_ = 0;
  if (id != AttributeName::kUnknown) {
    static_assert(static_cast<size_t>(AttributeName::kCount) <= 64);
    const uint64_t bit = uint64_t{1} << static_cast<size_t>(id);
    const bool repeated = (known_names_ & bit) != 0;
    known_names_ |= bit;
    return repeated;
  }
  if (!may_be_repeated(token, name)) return false;
  for (uint32_t i = 0; i < token.attribute_count; ++i) {
    const Attribute& other = dom_.attribute(token.attribute_begin + i);
    if (other.id == AttributeName::kUnknown && other.name_size == name.size() && other.name() == name) return true;
  }
  return false;
}

bool Tokenizer::may_be_repeated(const Token& token, std::string_view name) {
  constexpr uint32_t kFew = 8;
  if (token.attribute_count < kFew) return true;
  const auto bit_of = [](std::string_view text) {
    uint32_t hash = 2166136261U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return (hash ^ hash >> 15) % kNameBits;
  };
  if (names_tag_ != token.attribute_begin + 1) {
    names_tag_ = token.attribute_begin + 1;
    names_seen_.reset();
    for (uint32_t i = 0; i < token.attribute_count; ++i) {
      names_seen_.set(bit_of(dom_.attribute(token.attribute_begin + i).name()));
    }
  }
  const uint32_t bit = bit_of(name);
  const bool seen = names_seen_.test(bit);
  names_seen_.set(bit);
  return seen;
}

// Reads the value, and keeps the attribute unless the tag has one of its name already.
void Tokenizer::finish_attribute(Token& token, const char* name, const char* name_end, bool plain) {
  const std::string_view whole =
      plain ? std::string_view(name, static_cast<size_t>(name_end - name)) : lower_case(name, name_end);
  const std::string_view lower = whole.substr(0, 0xFFFF);
  Attribute attribute;
  attribute.id = find_attribute(lower);
  attribute.name_data = lower.data();
  attribute.name_size = static_cast<uint16_t>(lower.size());
  attribute.value_data = lower.data();
  read_value(attribute);
  if (is_repeated(token, lower, attribute.id)) return;
  dom_.push_attribute() = attribute;
  ++token.attribute_count;
}

void Tokenizer::read_value(Attribute& attribute) {
  const char* p = skip_space(at_, end_);
  if (p == end_ || *p != '=') return;
  p = skip_space(p + 1, end_);
  if (p == end_ || *p == '>') {
    at_ = p;
    return;
  }
  bool special = false;
  std::string_view value;
  if (*p == '"' || *p == '\'') {
    Seen seen;
    const char* stop = scan_to(scans_, p + 1, end_, *p, seen);
    special = seen.ampersand || seen.nul;
    value = {p + 1, static_cast<size_t>(stop - p - 1)};
    at_ = stop < end_ ? stop + 1 : end_;
  } else {
    const char* stop = p;
    for (; stop < end_ && (char_class(*stop) & kUnquotedEnd) == 0; ++stop) special |= *stop == '&' || *stop == '\0';
    value = {p, static_cast<size_t>(stop - p)};
    at_ = stop;
  }
  if (special) value = decoded(value, true, true, true);
  attribute.value_data = value.data();
  attribute.value_size = static_cast<uint32_t>(value.size());
}

void Tokenizer::read_markup_declaration(Token& token) {
  const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
  if (rest.substr(0, 4) == "<!--") return read_comment(token);
  if (rest.size() >= 9 && equals_ignoring_case(at_ + 2, "doctype")) return read_doctype(token);
  if (cdata_allowed_ && rest.substr(0, 9) == "<![CDATA[") {
    const char* const content = at_ + 9;
    const char* stop = content;
    Seen seen;
    while ((stop = scans_.to_pair(stop, end_, ']', ']', seen)) != end_ && (end_ - stop < 3 || stop[2] != '>')) ++stop;
    token.kind = TokenKind::kText;
    token.text = {content, static_cast<size_t>(stop - content)};
    token.has_nul = seen.nul;
    at_ = stop == end_ ? end_ : stop + 3;
    if (token.text.empty()) return next(token);
    return;
  }
  read_bogus_comment(token, at_ + 2);
}

void Tokenizer::read_comment(Token& token) {
  const char* const content = at_ + 4;
  const std::string_view rest(content, static_cast<size_t>(end_ - content));
  token.kind = TokenKind::kComment;
  token.text = {};
  if (rest.substr(0, 1) == ">" || rest.substr(0, 2) == "->") {
    at_ = content + (rest[0] == '>' ? 1 : 2);
    return;
  }
  Seen seen;
  const char* stop = content;
  for (;;) {
    stop = scans_.to_pair(stop, end_, '-', '-', seen);
    if (stop == end_) {  // the page ends in the comment: what could have been its end is not content
      at_ = end_;
      if (stop > content && stop[-1] == '-') --stop;
      break;
    }
    const std::string_view after(stop + 2, std::min<size_t>(2, static_cast<size_t>(end_ - stop - 2)));
    if (after.substr(0, 1) == ">" || after == "!>") {
      at_ = stop + (after[0] == '>' ? 3 : 4);
      break;
    }
    if (after.empty() || after == "!") {
      at_ = end_;
      break;
    }
    ++stop;
  }
  token.text = {content, static_cast<size_t>(stop - content)};
  if (seen.nul) token.text = decoded(token.text, false, false, true);
}

void Tokenizer::read_bogus_comment(Token& token, const char* content) {
  const void* found = std::memchr(content, '>', static_cast<size_t>(end_ - content));
  const char* stop = found == nullptr ? end_ : static_cast<const char*>(found);
  token.kind = TokenKind::kComment;
  token.text = {content, static_cast<size_t>(stop - content)};
  if (token.text.find('\0') != std::string_view::npos) token.text = decoded(token.text, false, false, true);
  at_ = stop < end_ ? stop + 1 : end_;
}

// Reads a quoted identifier up to `end`, the doctype's own end where the quote is never closed. False then.
bool Tokenizer::read_quoted_id(std::string_view& id, const char* end) {
  const char quote = *at_++;
  const char* stop = at_;
  while (stop < end && *stop != quote && *stop != '>') ++stop;
  id = {at_, static_cast<size_t>(stop - at_)};
  if (id.find('\0') != std::string_view::npos) id = decoded(id, false, false, true);
  const bool closed = stop < end && *stop == quote;
  at_ = closed ? stop + 1 : stop;
  return closed;
}

void Tokenizer::read_doctype(Token& token) {
  token = Token();
  token.kind = TokenKind::kDoctype;
  const auto to_end = [&] {  // bogus doctype state
    while (at_ < end_ && *at_ != '>') ++at_;
    if (at_ < end_) ++at_;
  };
  at_ = skip_space(at_ + 9, end_);
  const char* const name = at_;
  while (at_ < end_ && *at_ != '>' && (char_class(*at_) & kSpaceChar) == 0) ++at_;
  token.name = at_ == name ? std::string_view() : lower_case(name, at_);
  token.force_quirks = at_ == name;
  at_ = skip_space(at_, end_);
  if (at_ == end_) token.force_quirks = true;
  if (at_ == end_ || *at_ == '>') return to_end();
  const bool is_public = end_ - at_ >= 6 && equals_ignoring_case(at_, "public");
  if (!is_public && !(end_ - at_ >= 6 && equals_ignoring_case(at_, "system"))) {
    token.force_quirks = true;
    return to_end();
  }
  at_ = skip_space(at_ + 6, end_);
  for (int part = is_public ? 0 : 1; part < 2; ++part) {
    if (at_ == end_ || (*at_ != '"' && *at_ != '\'')) {
      const bool may_end = part == 1 && is_public && at_ < end_ && *at_ == '>';
      if (!may_end) token.force_quirks = true;
      return to_end();
    }
    (part == 0 ? token.has_public : token.has_system) = true;
    if (!read_quoted_id(part == 0 ? token.public_id : token.system_id, end_)) {
      token.force_quirks = true;
      return to_end();
    }
    at_ = skip_space(at_, end_);
  }
  if (at_ == end_) token.force_quirks = true;
  to_end();
}

std::string_view normalize_newlines(std::string_view html, Arena& arena) {
  if (html.empty() || std::memchr(html.data(), '\r', html.size()) == nullptr) return html;
  char* const out = arena.allocate(html.size());
  char* to = out;
  const char* p = html.data();
  const char* const end = p + html.size();
  while (p < end) {
    const void* found = std::memchr(p, '\r', static_cast<size_t>(end - p));
    const char* stop = found == nullptr ? end : static_cast<const char*>(found);
    std::memcpy(to, p, static_cast<size_t>(stop - p));
    to += stop - p;
    p = stop;
    if (p == end) break;
    *to++ = '\n';
    p += p + 1 < end && p[1] == '\n' ? 2 : 1;
  }
  arena.give_back(to);
  return {out, static_cast<size_t>(to - out)};
}

}  // namespace ftok::html
