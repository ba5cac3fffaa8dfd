#include "extract/html/mojibake.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "core/ascii.h"
#include "core/utf8.h"

namespace ftok::html {

namespace {

// What windows-1252 has at 0x80 to 0x9F (WHATWG Encoding Standard, index-windows-1252); a code point that is its own
// byte where it has nothing.
constexpr char32_t kHighControls[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                        0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                        0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

constexpr unsigned kNoByte = 256;

// The byte of a character in windows-1252, controls read as in Latin-1; kNoByte where it has none.
unsigned byte_of(char32_t c) {
  if (c < 0x100) return c;
  const char32_t* const found = std::find(std::begin(kHighControls), std::end(kHighControls), c);
  return found == std::end(kHighControls) ? kNoByte : 0x80 + static_cast<unsigned>(found - kHighControls);
}

struct Run {
  size_t bytes_read = 0;  // 0: there is none
  unsigned size = 0;      // bytes of the character it means
  char bytes[4] = {};
};

// The run at page[at] whose bytes are one character of UTF-8.
Run run_at(std::string_view page, size_t at) {
  Run run;
  const Utf8Char first = decode_utf8(page, at);
  const unsigned lead = byte_of(first.code_point);
  run.size = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
  if (run.size == 0 || lead == kNoByte) return {};
  size_t i = at + first.size;
  run.bytes[0] = static_cast<char>(lead);
  for (unsigned k = 1; k < run.size; ++k) {
    if (i >= page.size()) return {};
    const Utf8Char next = decode_utf8(page, i);
    const unsigned byte = byte_of(next.code_point);
    if (byte < 0x80 || byte > 0xBF) return {};
    run.bytes[k] = static_cast<char>(byte);
    i += next.size;
  }
  const std::string_view meant(run.bytes, run.size);
  const Utf8Char character = decode_utf8(meant, 0);
  if (!is_valid_utf8(meant) || character.code_point < 0xA0) return {};
  run.bytes_read = i - at;
  return run;
}

// Whether behind the two bytes at page[at] a character begins that windows-1252 has at 0x80 to 0xBF.
bool may_begin_run(std::string_view page, size_t at) {
  if (at + 2 >= page.size()) return false;
  const auto next = static_cast<unsigned char>(page[at + 2]);
  return next == 0xC2 || next == 0xC5 || next == 0xC6 || next == 0xCB || next == 0xE2;
}

bool is_accented_letter(char32_t c) {
  return (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7 && c != 0x192) || (c >= 0x1E00 && c <= 0x1EFF);
}

bool is_upper(char32_t c) { return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7); }
bool is_lower(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7); }

// The character before page[at], and the one that begins there; 0 at the page's ends.
char32_t char_before(std::string_view page, size_t& at) {
  if (at == 0) return 0;
  do --at;
  while (at > 0 && (static_cast<unsigned char>(page[at]) & 0xC0) == 0x80);
  return decode_utf8(page, at).code_point;
}
char32_t char_at(std::string_view page, size_t at) { return at < page.size() ? decode_utf8(page, at).code_point : 0; }

// Of the byte of a character in windows-1252: quotation marks, the ellipsis, the bullet, dashes and the trade mark, the
// no-break space and what else stands right behind a word.
bool may_follow_word(unsigned byte) {
  constexpr unsigned kSigns[] = {0x82, 0x84, 0x85, 0x8B, 0x91, 0x92, 0x93, 0x94, 0x95,
                                 0x96, 0x97, 0x99, 0x9B, 0xA0, 0xAB, 0xAD, 0xB7, 0xBB};
  return std::find(std::begin(kSigns), std::end(kSigns), byte) != std::end(kSigns);
}
bool is_quote_or_ellipsis(unsigned byte) {
  return (may_follow_word(byte) && byte < 0x95) || byte == 0x9B || byte == 0xAB || byte == 0xBB;
}

// Whether the run at page[at] may be a word's last letter and the signs behind it: "AMANHÃ”", "groß“", "café…”".
bool may_be_meant(std::string_view page, size_t at, const Run& run) {
  const auto byte = [&](unsigned k) { return static_cast<unsigned>(static_cast<unsigned char>(run.bytes[k])); };
  for (unsigned k = 1; k < run.size; ++k) {
    if (!may_follow_word(byte(k))) return false;
  }
  if (byte(0) >= 0xDF) return true;  // a small letter
  size_t start = at;
  const char32_t before = char_before(page, start), behind = char_at(page, at + run.bytes_read);
  if (is_lower(before)) return false;
  const bool is_common =
      byte(0) <= 0xC5 || (byte(0) >= 0xCE && byte(0) <= 0xD1);  // in mojibake of Latin, Greek, Cyrillic
  if (!is_common) return true;
  if (is_upper(before)) return is_upper(char_before(page, start)) || !is_lower(behind);
  return byte(0) != 0xC2 && is_quote_or_ellipsis(byte(1)) && !is_upper(behind) && !is_lower(behind);
}

// Whether the run at page[at] stands alone between tags or quotation marks, as one does that is shown for what it is.
bool is_shown(std::string_view page, size_t at, const Run& run) {
  const auto is_edge = [](char32_t c) {
    constexpr char32_t kEdges[] = {0,   '\n', '<',  '>',    '"',    '\'',   '`',    '(',
                                   ')', 0xAB, 0xBB, 0x2018, 0x2019, 0x201C, 0x201D, 0x201E};
    return std::find(std::begin(kEdges), std::end(kEdges), c) != std::end(kEdges);
  };
  size_t begin = at, end = at + run.bytes_read;
  while (begin > 0 && (page[begin - 1] == ' ' || page[begin - 1] == '\t')) --begin;
  while (end < page.size() && (page[end] == ' ' || page[end] == '\t')) ++end;
  return is_edge(char_before(page, begin)) && is_edge(char_at(page, end));
}

// A run that lost its last byte, and what it means.
struct Remnant {
  size_t bytes_read = 0;  // 0: there is none
  std::string_view meant;
};

// White space at page[at], as it stands or as an entity, in bytes; 0 where there is none.
size_t space_at(std::string_view page, size_t at) {
  if (at >= page.size()) return 0;
  if (page[at] == ' ' || page[at] == '\t' || page[at] == '\r' || page[at] == '\n') return 1;
  for (const std::string_view entity : {"&nbsp;", "&#160;", "&#xa0;", "&#xA0;"}) {
    if (page.substr(at).starts_with(entity)) return entity.size();
  }
  return 0;
}

// The remnant at page[at]. "à" is "Ã" and a no-break space: where that has become a space, or an entity, "Ã" stands
// before white space, and not behind a capital letter as in "MANHÃ". "”" ends in a byte that windows-1252 has no
// character for: where it was left out, "â€" is left.
Remnant remnant_at(std::string_view page, size_t at) {
  constexpr std::string_view kLetter = "\u00C3", kQuote = "\u00E2\u20AC";
  const std::string_view rest = page.substr(at);
  if (rest.starts_with(kQuote)) {
    const size_t behind = at + kQuote.size();
    const bool is_left = behind >= page.size() || static_cast<unsigned char>(page[behind]) < 0x80;
    return is_left ? Remnant{kQuote.size(), "\u201D"} : Remnant();
  }
  if (!rest.starts_with(kLetter) || (at > 0 && page[at - 1] >= 'A' && page[at - 1] <= 'Z')) return {};
  size_t end = at + kLetter.size();
  const size_t space = space_at(page, end);
  if (space == 0) return {};
  // The space was part of the letter where another follows it, or what stands right behind a word. Line breaks stay.
  const char next = end + space < page.size() ? page[end + space] : '<';
  const bool was_letter = space_at(page, end + space) != 0 || next == ',' || next == '.' || next == ')' || next == '-';
  if (was_letter && page[end] != '\n' && page[end] != '\r') return {kLetter.size() + space, "\u00E0"};
  return space == 1 ? Remnant{kLetter.size(), "\u00E0"} : Remnant{kLetter.size() + space, "\u00E0 "};
}

// What one stretch of text holds.
struct Stretch {
  uint64_t runs = 0;      // that can mean nothing else
  uint64_t doubtful = 0;  // runs that may be what they look like, where no run is beside them
  uint64_t remnants = 0;  // which mean something beside runs
  uint64_t right = 0;     // other characters outside ASCII
  uint64_t accented = 0;  // accented letters among them

  bool is_certain() const { return runs > 0 && accented == 0; }
};

bool ends_stretch(char c) { return c == '<' || c == '>' || c == '\n'; }

class Repair {
 public:
  explicit Repair(std::string_view page) : page_(page) {}

  // Whether the page as a whole is certain. One that has many accented letters that are right may show a few runs as
  // what they are. Code is looked at where nearly nothing outside ASCII is right: then all of the page was misread.
  bool is_certain() {
    constexpr uint64_t kAccentedMax = 10, kRunsMin = 10;  // accented letters to a run, runs to what is right
    Stretch page = read_all();
    if (!long_run_ && !two_kinds_) return false;
    if (page.right * kRunsMin > page.runs) {
      passes_code_ = true;
      first_run_ = {};
      long_run_ = two_kinds_ = false;
      page = read_all();
    }
    return (long_run_ || two_kinds_) && page.accented <= kAccentedMax * page.runs;
  }

  uint64_t write(std::string& out) {
    uint64_t repaired = 0;
    out.reserve(page_.size());
    for (size_t at = 0; at < page_.size();) {
      const size_t code = at;
      at = end_of_code(at);
      out += page_.substr(code, at - code);
      const size_t begin = at;
      const Stretch stretch = read(at, nullptr);
      if (!stretch.is_certain()) {
        out += page_.substr(begin, at - begin);
        continue;
      }
      repaired += stretch.runs + stretch.doubtful + stretch.remnants;
      at = begin;
      read(at, &out);
    }
    return repaired;
  }

 private:
  // The runs of stretches that are certain, and what is right elsewhere.
  Stretch read_all() {
    Stretch page;
    for (size_t at = 0; at < page_.size();) {
      at = passes_code_ ? end_of_code(at) : next_stretch(at);
      const Stretch stretch = read(at, nullptr);
      page.runs += stretch.is_certain() ? stretch.runs + stretch.doubtful : 0;
      page.right += stretch.right + (stretch.runs == 0 ? stretch.doubtful : 0);
      page.accented += stretch.accented + (stretch.runs == 0 ? stretch.doubtful : 0);
    }
    return page;
  }

  // The end of the ASCII at `at` that is in one stretch: eight bytes at a time, then one.
  size_t end_of_ascii(size_t at) const {
    constexpr uint64_t kOnes = 0x0101010101010101ULL, kHigh = 0x8080808080808080ULL;
    const auto has = [](uint64_t bytes, char c) {  // at least where it does, in the high bits
      const uint64_t differs = bytes ^ (kOnes * static_cast<unsigned char>(c));
      return (differs - kOnes) & ~differs;
    };
    for (uint64_t bytes = 0; at + sizeof bytes <= page_.size(); at += sizeof bytes) {
      std::memcpy(&bytes, page_.data() + at, sizeof bytes);
      if (((bytes | has(bytes, '<') | has(bytes, '>') | has(bytes, '\n')) & kHigh) != 0) break;
    }
    while (at < page_.size() && static_cast<unsigned char>(page_[at]) < 0x80 && !ends_stretch(page_[at])) ++at;
    return at;
  }

  // Where the next stretch from `at` on begins that is not ASCII; the page's end where there is none.
  size_t next_stretch(size_t at) const {
    size_t begin = at;
    while (at < page_.size() && static_cast<unsigned char>(page_[at]) < 0x80) {
      if (ends_stretch(page_[at])) begin = at++;
      at = end_of_ascii(at);
    }
    return at < page_.size() ? begin : at;
  }

  // Reads the stretch at `at`, which moves behind it; writes it as it is meant where there is somewhere to.
  Stretch read(size_t& at, std::string* out) {
    Stretch stretch;
    const size_t begin = at;
    std::string_view first_run = first_run_;
    bool long_run = false, two_kinds = false;
    while (at < page_.size() && (at == begin || !ends_stretch(page_[at]))) {
      if (static_cast<unsigned char>(page_[at]) < 0x80) {
        const size_t end = std::max(end_of_ascii(at), at + 1);  // the stretch's first character may be what ends others
        if (out != nullptr) *out += page_.substr(at, end - at);
        at = end;
        continue;
      }
      const bool may_be_wrong = page_[at] == '\xC3';  // so begin runs, and remnants
      const Run run = may_be_wrong && may_begin_run(page_, at) ? run_at(page_, at) : Run();
      if (run.bytes_read != 0) {
        const bool is_doubtful = may_be_meant(page_, at, run);
        ++(is_doubtful ? stretch.doubtful : stretch.runs);
        if (!is_doubtful && !is_shown(page_, at, run)) {
          const std::string_view seen = page_.substr(at, run.bytes_read);
          if (first_run.empty()) first_run = seen;
          two_kinds = two_kinds || seen != first_run;
          long_run = long_run || run.size > 2;
        }
        if (out != nullptr) out->append(run.bytes, run.size);
        at += run.bytes_read;
        continue;
      }
      const Remnant remnant = may_be_wrong ? remnant_at(page_, at) : Remnant();
      if (remnant.bytes_read != 0) {
        ++stretch.remnants;
        if (out != nullptr) *out += remnant.meant;
        at += remnant.bytes_read;
        continue;
      }
      const Utf8Char c = decode_utf8(page_, at);
      stretch.accented += is_accented_letter(c.code_point) ? 1 : 0;
      ++stretch.right;
      if (out != nullptr) *out += page_.substr(at, c.size);
      at += c.size;
    }
    if (stretch.is_certain()) {
      first_run_ = first_run;
      long_run_ = long_run_ || long_run, two_kinds_ = two_kinds_ || two_kinds;
    }
    return stretch;
  }

  // Behind the code that begins at `at`: an element of code as far as its end tag. `at` where there is none.
  size_t end_of_code(size_t at) {
    const auto is_tag = [&](std::string_view rest, std::string_view name) {
      return starts_with_ignoring_case(rest, name) &&
             (rest.size() == name.size() || is_html_space(rest[name.size()]) || rest[name.size()] == '>');
    };
    if (!passes_code_ || page_[at] != '<') return at;
    const std::string_view begin = page_.substr(at + 1, kTagMax), tag = begin.substr(0, begin.find('>'));
    for (size_t k = 0; k < kCodeTags.size(); ++k) {
      const std::string_view name = kCodeTags[k];
      if (!is_tag(tag, name) || at >= unended_[k]) continue;
      if (name == "script" && tag.find("json") != std::string_view::npos) return at;  // metadata
      for (size_t end = page_.find("</", at); end != std::string_view::npos; end = page_.find("</", end + 2)) {
        if (is_tag(page_.substr(end + 2, name.size() + 1), name)) return end;
      }
      unended_[k] = at;
    }
    return at;
  }

  std::string_view page_;
  bool passes_code_ = false;
  std::string_view first_run_;
  bool long_run_ = false, two_kinds_ = false;  // of certain stretches

  static constexpr size_t kTagMax = 256;
  static constexpr std::array<std::string_view, 6> kCodeTags = {"code", "pre", "kbd", "samp", "script", "style"};
  std::array<size_t, kCodeTags.size()> unended_ = {page_.size(), page_.size(), page_.size(),
                                                   page_.size(), page_.size(), page_.size()};  // no end tag from there
};

// Whether a page has such a run at all. Most pages end here.
bool has_run(std::string_view page) {
  for (size_t at = page.find('\xC3'); at != std::string_view::npos; at = page.find('\xC3', at + 1)) {
    if (may_begin_run(page, at) && run_at(page, at).bytes_read != 0) return true;
  }
  return false;
}

}  // namespace

uint64_t repair_mojibake(std::string_view page, std::string& out) {
  out.clear();
  if (!has_run(page)) return 0;
  Repair repair(page);
  if (!repair.is_certain()) return 0;
  return repair.write(out);
}

}  // namespace ftok::html
