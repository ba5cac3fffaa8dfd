// Which encoding a page is in: byte-order mark, the bytes, header, <meta>, XML declaration, detection.
#include <simdjson.h>
#include <uchardet/uchardet.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "core/ascii.h"
#include "crawl/charset.h"
#include "text/unicode.h"

namespace ftok {
namespace {

constexpr size_t kLateMetaBytes = size_t{64} << 10;
constexpr size_t kPrescanBytes = 1024;

// Without the character that the end of a cut page left incomplete.
std::string_view without_cut_character(std::string_view page) {
  constexpr size_t kTailMax = 3;  // of the four bytes a character has at most
  for (size_t tail = 1; tail <= kTailMax && tail <= page.size(); ++tail) {
    const auto byte = static_cast<unsigned char>(page[page.size() - tail]);
    if (byte < 0x80) break;
    if (byte < 0xC0) continue;  // of a character that began before
    const size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return tail < size ? page.substr(0, page.size() - tail) : page;
  }
  return page;
}

bool is_ascii(std::string_view bytes) {
  constexpr size_t kBlock = 256;  // no branch inside, so that the compiler takes vectors
  size_t at = 0;
  for (; at + kBlock <= bytes.size(); at += kBlock) {
    uint64_t bits = 0;
    for (size_t i = 0; i < kBlock; i += sizeof bits) {
      uint64_t eight;
      std::memcpy(&eight, bytes.data() + at + i, sizeof eight);
      bits |= eight;
    }
    if ((bits & 0x8080808080808080) != 0) return false;
  }
  return std::none_of(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.end(), [](char c) { return (c & 0x80) != 0; });
}

// How many characters outside ASCII are UTF-8, and how many places are not.
struct Utf8Share {
  size_t good = 0, bad = 0;

  explicit Utf8Share(std::string_view page) {
    for (size_t at = 0; at < page.size();) {
      if (static_cast<signed char>(page[at]) >= 0) {
        ++at;
        continue;
      }
      const Utf8Char character = decode_utf8(page, at);
      ++(character.valid ? good : bad);
      at += character.size;
    }
  }

  // A page of another encoding has hardly any that are; one that is UTF-8 may hold a few bytes that were cut or pasted
  // in.
  bool is_mostly_utf8() const { return good > bad; }
  // Enough to hold it against another encoding, in which as many pairs of bytes would be UTF-8 by chance.
  bool is_surely_utf8() const { return good >= 20 * bad; }
};

// What holds a declared encoding against the bytes.
class Plausible {
 public:
  explicit Plausible(std::string_view page) : page_(page) {
    const std::string_view whole = without_cut_character(page);
    const bool ascii = is_ascii(whole);
    shows_utf8_ = !ascii && simdjson::validate_utf8(whole.data(), whole.size());
    is_utf8_ = shows_utf8_ || (ascii && whole.size() == page.size());
    is_valid_utf8_ = is_utf8_ && whole.size() == page.size();
    if (is_utf8_) return;
    const Utf8Share share(page);
    is_mostly_utf8_ = share.is_mostly_utf8();
    is_surely_utf8_ = share.is_surely_utf8();
  }

  bool is_utf8() const { return is_utf8_; }  // ASCII too
  bool shows_utf8() const { return shows_utf8_; }
  bool is_valid_utf8() const { return is_valid_utf8_; }  // to the last byte

  // Whether the bytes can be what was declared: not UTF-8 where they are not, nor UTF-16 where no markup is, nor
  // another encoding where nearly all is UTF-8. (windows-1252 is let be: its mojibake is repaired, and the bytes that
  // are no UTF-8 are characters in it.)
  bool allows(std::string_view encoding) const {
    if (encoding == "UTF-8") return is_utf8_ || is_mostly_utf8_;
    if (encoding == "UTF-16LE" || encoding == "UTF-16BE")
      return page_.substr(0, kPrescanBytes).find('\0') != std::string_view::npos;
    return !encoding.empty() && (!is_surely_utf8_ || encoding == "windows-1252");
  }

 private:
  std::string_view page_;
  bool shows_utf8_ = false, is_utf8_ = false, is_valid_utf8_ = false, is_mostly_utf8_ = false, is_surely_utf8_ = false;
};

// UTF-16 that neither a mark nor a header names, by the zero bytes of its markup: half of the first pairs and more have
// one, nearly all on one side (characters such as U+3000 and U+4E00 have theirs on the other). Empty for others.
std::string_view utf16_by_zeros(std::string_view page) {
  constexpr size_t kPerOther = 8;
  constexpr size_t kPairsMin = 8;
  const std::string_view head = page.substr(0, kPrescanBytes & ~size_t{1});
  const size_t pairs = head.size() / 2;
  if (pairs < kPairsMin || head.find('\0') == std::string_view::npos) return {};
  size_t zeros[2] = {0, 0};
  for (size_t i = 0; i < 2 * pairs; ++i) zeros[i % 2] += head[i] == '\0';
  if (kPerOther * zeros[0] <= zeros[1] && 2 * zeros[1] >= pairs) return "UTF-16LE";
  if (kPerOther * zeros[1] <= zeros[0] && 2 * zeros[0] >= pairs) return "UTF-16BE";
  return {};
}

// Whether a page of ASCII is ISO-2022-JP: more of its switches to two-byte characters (ESC $ B, ESC $ @) than not are
// followed by pairs up to the switch back (ESC ( B, ESC ( J).
bool shows_iso_2022_jp(std::string_view page) {
  size_t good = 0, bad = 0;
  for (size_t at = page.find("\x1B$"); at != std::string_view::npos; at = page.find("\x1B$", at)) {
    at += 2;
    const bool switches = at < page.size() && (page[at] == 'B' || page[at] == '@');
    const size_t begin = ++at;
    while (at < page.size() && page[at] > ' ' && page[at] < '\x7F') ++at;
    const std::string_view rest = page.substr(std::min(at, page.size()));
    const bool ends = rest.starts_with("\x1B(B") || rest.starts_with("\x1B(J");
    ++(switches && ends && at > begin && (at - begin) % 2 == 0 ? good : bad);
  }
  return good > bad;
}

// The encoding of bytes that are valid UTF-8.
std::string_view detect_of_utf8(std::string_view bytes) {
  return shows_iso_2022_jp(bytes) && is_ascii(bytes) ? "ISO-2022-JP" : "UTF-8";
}

// The encoding that one of uchardet's names means, or empty. Names that the standard does not have are those of
// encodings that it has none for (IBM852, IBM855, MAC-CENTRALEUROPE, VISCII, EUC-TW ...): nearly always a guess at
// something else.
std::string_view encoding_for_guess(std::string_view name) {
  if (name == "UHC") return "EUC-KR";  // what the standard calls so is windows-949
  if (name == "MAC-CYRILLIC") return "x-mac-cyrillic";
  const std::string_view encoding = encoding_for_label(name);
  return encoding == "replacement" ? std::string_view() : encoding;
}

// What of a page tells its encoding: what is not ASCII and some ASCII around it, of which a page's style and scripts
// may have any amount before the first word. At most `bytes_max` bytes.
std::string telling_bytes(std::string_view page, size_t bytes_max) {
  constexpr size_t kAround = 512;
  std::string out;
  for (size_t at = 0; at < page.size() && out.size() < bytes_max;) {
    size_t end = at;
    while (end < page.size() && (page[end] & 0x80) == 0) ++end;
    const std::string_view ascii = page.substr(at, end - at);
    if (ascii.size() > 2 * kAround) {
      out.append(ascii.substr(0, kAround)).append(ascii.substr(ascii.size() - kAround));
    } else {
      out.append(ascii);
    }
    at = end;
    while (end < page.size() && (page[end] & 0x80) != 0) ++end;
    out.append(page.substr(at, end - at));
    at = end;
  }
  out.resize(std::min(out.size(), bytes_max));
  return out;
}

// The scanner of the HTML Standard's prescan, over a prefix of the page.
class MetaScan {
 public:
  MetaScan(std::string_view page, size_t bytes_max) : page_(page.substr(0, bytes_max)) {}

  std::string_view run() {
    while (at_ < page_.size()) {
      const std::string_view rest = page_.substr(at_);
      if (rest.starts_with("<!--")) {
        // "<!-->" is a whole comment: its end may share the two dashes.
        const size_t end = page_.find("-->", at_ + 2);
        if (end == std::string_view::npos) return {};
        at_ = end + 3;
      } else if (starts_with_ignoring_case(rest, "<meta") && rest.size() > 5 && ends_name(rest[5])) {
        at_ += 5;
        if (const std::string_view encoding = meta(); !encoding.empty()) return encoding;
      } else if (rest.size() > 1 && rest[0] == '<' &&
                 (is_alpha(rest[1]) || (rest[1] == '/' && rest.size() > 2 && is_alpha(rest[2])))) {
        while (at_ < page_.size() && !is_ascii_space(page_[at_]) && page_[at_] != '>') ++at_;
        std::string name, value;
        while (attribute(name, value)) {
        }
      } else if (rest.size() > 1 && rest[0] == '<' && (rest[1] == '!' || rest[1] == '/' || rest[1] == '?')) {
        const size_t end = page_.find('>', at_);
        if (end == std::string_view::npos) return {};
        at_ = end + 1;
      } else {
        ++at_;
      }
    }
    return {};
  }

 private:
  static bool ends_name(char c) { return is_ascii_space(c) || c == '/'; }

  std::string_view meta() {
    bool got_pragma = false, seen_http_equiv = false, seen_content = false, seen_charset = false;
    int need_pragma = -1;
    std::string_view encoding;
    std::string name, value;
    while (attribute(name, value)) {
      if (name == "http-equiv" && !seen_http_equiv) {
        seen_http_equiv = true;
        got_pragma = value == "content-type";
      } else if (name == "content" && !seen_content) {
        seen_content = true;
        if (const std::string_view found = from_content(value); !found.empty() && encoding.empty()) {
          encoding = found;
          need_pragma = 1;
        }
      } else if (name == "charset" && !seen_charset) {
        seen_charset = true;
        encoding = encoding_for_label(value);
        need_pragma = 0;
      }
    }
    if (need_pragma < 0 || (need_pragma == 1 && !got_pragma) || encoding.empty()) return {};
    // A page whose <meta> could be read byte by byte is not in UTF-16.
    if (encoding == "UTF-16LE" || encoding == "UTF-16BE") return "UTF-8";
    return encoding == "x-user-defined" ? "windows-1252" : encoding;
  }

  // "Extracting a character encoding from a meta element" of the HTML Standard.
  static std::string_view from_content(std::string_view content) {
    for (size_t at = content.find("charset"); at != std::string_view::npos; at = content.find("charset", at + 1)) {
      std::string_view rest = trim_left(content.substr(at + 7));
      if (!rest.starts_with('=')) continue;
      rest = trim_left(rest.substr(1));
      if (rest.empty()) return {};
      if (rest[0] == '"' || rest[0] == '\'') {
        const size_t end = rest.find(rest[0], 1);
        return end == std::string_view::npos ? std::string_view() : encoding_for_label(rest.substr(1, end - 1));
      }
      const auto end = std::find_if(rest.begin(), rest.end(), [](char c) { return is_ascii_space(c) || c == ';'; });
      return encoding_for_label(rest.substr(0, static_cast<size_t>(end - rest.begin())));
    }
    return {};
  }
  static std::string_view trim_left(std::string_view text) {
    while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
    return text;
  }

  // "Get an attribute" of the prescan; names and values in lower case. False at the end of the tag.
  bool attribute(std::string& name, std::string& value) {
    name.clear();
    value.clear();
    while (at_ < page_.size() && (is_ascii_space(page_[at_]) || page_[at_] == '/')) ++at_;
    if (at_ >= page_.size()) return false;
    if (page_[at_] == '>') {
      ++at_;
      return false;
    }
    while (at_ < page_.size() && !(page_[at_] == '=' && !name.empty()) && !is_ascii_space(page_[at_]) &&
           page_[at_] != '/' && page_[at_] != '>') {
      name += ascii_lower(page_[at_++]);
    }
    while (at_ < page_.size() && is_ascii_space(page_[at_])) ++at_;
    if (at_ >= page_.size()) return false;
    if (page_[at_] != '=') return true;
    ++at_;
    while (at_ < page_.size() && is_ascii_space(page_[at_])) ++at_;
    if (at_ >= page_.size()) return false;
    const char quote = page_[at_];
    if (quote == '"' || quote == '\'') {
      for (++at_; at_ < page_.size() && page_[at_] != quote; ++at_) value += ascii_lower(page_[at_]);
      if (at_ >= page_.size()) return false;
      ++at_;
      return true;
    }
    while (at_ < page_.size() && !is_ascii_space(page_[at_]) && page_[at_] != '>') value += ascii_lower(page_[at_++]);
    return at_ < page_.size();
  }

  std::string_view page_;
  size_t at_ = 0;
};

}  // namespace

std::string_view encoding_of_bom(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xEF\xBB\xBF")) return "UTF-8";
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) return "UTF-32LE";
  if (bytes.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32BE";
  if (bytes.starts_with("\xFF\xFE")) return "UTF-16LE";
  if (bytes.starts_with("\xFE\xFF")) return "UTF-16BE";
  return {};
}

std::string_view encoding_of_meta(std::string_view page, size_t bytes_max) { return MetaScan(page, bytes_max).run(); }

std::string_view detect_encoding(std::string_view bytes, size_t bytes_max) {
  if (simdjson::validate_utf8(bytes.data(), bytes.size())) return detect_of_utf8(bytes);
  if (Utf8Share(bytes).is_surely_utf8()) return "UTF-8";
  const std::unique_ptr<uchardet, void (*)(uchardet*)> detector(uchardet_new(), uchardet_delete);
  const std::string told = telling_bytes(bytes, bytes_max);
  if (uchardet_handle_data(detector.get(), told.data(), told.size()) == 0) {
    uchardet_data_end(detector.get());
    const std::string_view encoding = encoding_for_guess(uchardet_get_charset(detector.get()));
    if (!encoding.empty()) return encoding;
  }
  return "windows-1252";
}

std::string_view charset_parameter(std::string_view content_type) {
  content_type = trim(content_type);  // once: each part below ends where the whole does
  for (size_t at = content_type.find(';'); at != std::string_view::npos; at = content_type.find(';', at + 1)) {
    std::string_view rest = trim(content_type.substr(at + 1));
    if (!starts_with_ignoring_case(rest, "charset")) continue;
    rest = trim(rest.substr(7));
    if (!rest.starts_with('=')) continue;
    rest = trim(rest.substr(1));
    if (!rest.empty() && (rest[0] == '"' || rest[0] == '\'')) {
      const size_t end = rest.find(rest[0], 1);
      return rest.substr(1, end == std::string_view::npos ? end : end - 1);
    }
    return trim(rest.substr(0, rest.find_first_of(";,")));
  }
  return {};
}

// "Get an XML encoding" of the HTML Standard; white space before the declaration and letters in any case are let pass.
std::string_view encoding_of_xml_declaration(std::string_view page) {
  using namespace std::string_view_literals;
  if (page.starts_with("<\0?\0x\0"sv)) return "UTF-16LE";
  if (page.starts_with("\0<\0?\0x"sv)) return "UTF-16BE";
  page = page.substr(0, kPrescanBytes);
  while (!page.empty() && is_ascii_space(page[0])) page.remove_prefix(1);
  if (!starts_with_ignoring_case(page, "<?xml")) return {};
  const std::string declaration = lower_ascii(page.substr(0, page.find('>')));
  const size_t word = declaration.find("encoding");
  if (word == std::string::npos) return {};
  std::string_view rest = trim(std::string_view(declaration).substr(word + 8));
  if (!rest.starts_with('=')) return {};
  rest = trim(rest.substr(1));
  if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) return {};
  const size_t end = rest.find(rest[0], 1);
  if (end == std::string_view::npos) return {};
  const std::string_view encoding = encoding_for_label(rest.substr(1, end - 1));
  // A declaration that could be read byte by byte is not in UTF-16.
  return encoding == "UTF-16LE" || encoding == "UTF-16BE" ? "UTF-8" : encoding;
}

CharsetChoice choose_charset(std::string_view page, std::string_view content_type) {
  if (const std::string_view encoding = encoding_of_bom(page); !encoding.empty()) return {encoding, "bom"};
  if (const std::string_view encoding = utf16_by_zeros(page); !encoding.empty()) return {encoding, "bytes"};
  const Plausible plausible(page);
  const bool is_valid = plausible.is_valid_utf8();
  if (plausible.shows_utf8()) return {"UTF-8", "bytes", is_valid};
  const std::string_view header = encoding_for_label(charset_parameter(content_type));
  if (plausible.allows(header)) return {header, "http", is_valid};
  const std::string_view meta = encoding_of_meta(page, plausible.is_utf8() ? kPrescanBytes : kLateMetaBytes);
  if (plausible.allows(meta)) return {meta, "meta", is_valid};
  const std::string_view declared = encoding_of_xml_declaration(page);
  if (plausible.allows(declared)) return {declared, "xml", is_valid};
  return {is_valid ? detect_of_utf8(page) : detect_encoding(page), "detected", is_valid};
}

}  // namespace ftok
