#include "extract/html/mojibake.h"

#include <algorithm>
#include <iterator>

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
  uint64_t runs = 0;
  uint64_t remnants = 0;   // which mean something beside runs
  bool is_certain = true;  // no accented letter beside the runs
};

bool ends_stretch(char c) { return c == '<' || c == '>' || c == '\n'; }

class Repair {
 public:
  explicit Repair(std::string_view page) : page_(page) {}

  // Whether the page as a whole is certain.
  bool is_certain() {
    for (size_t at = page_.find('\xC3'); at != std::string_view::npos; at = page_.find('\xC3', at)) {
      while (at > 0 && !ends_stretch(page_[at - 1])) --at;
      const Stretch stretch = read(at, nullptr);
      if (stretch.runs > 0 && stretch.is_certain) any_ = true;
      if (any_ && (long_run_ || two_kinds_)) return true;
    }
    return false;
  }

  uint64_t write(std::string& out) {
    uint64_t repaired = 0;
    out.reserve(page_.size());
    for (size_t at = 0; at < page_.size();) {
      const size_t begin = at;
      const Stretch stretch = read(at, nullptr);
      if (stretch.runs == 0 || !stretch.is_certain) {
        out += page_.substr(begin, at - begin);
        continue;
      }
      repaired += stretch.runs + stretch.remnants;
      at = begin;
      read(at, &out);
    }
    return repaired;
  }

 private:
  // Reads the stretch at `at`, which moves behind it; writes it as it is meant where there is somewhere to.
  Stretch read(size_t& at, std::string* out) {
    Stretch stretch;
    const size_t begin = at;
    bool long_run = false, two_kinds = false;
    while (at < page_.size() && (at == begin || !ends_stretch(page_[at]))) {
      if (static_cast<unsigned char>(page_[at]) < 0x80) {
        if (out != nullptr) *out += page_[at];
        ++at;
        continue;
      }
      const Run run = run_at(page_, at);
      if (run.bytes_read != 0) {
        const std::string_view seen = page_.substr(at, run.bytes_read);
        if (first_run_.empty()) first_run_ = seen;
        two_kinds = two_kinds || seen != first_run_;
        long_run = long_run || run.size > 2;
        ++stretch.runs;
        if (out != nullptr) out->append(run.bytes, run.size);
        at += run.bytes_read;
        continue;
      }
      const Remnant remnant = remnant_at(page_, at);
      if (remnant.bytes_read != 0) {
        ++stretch.remnants;
        if (out != nullptr) *out += remnant.meant;
        at += remnant.bytes_read;
        continue;
      }
      const Utf8Char c = decode_utf8(page_, at);
      stretch.is_certain = stretch.is_certain && !is_accented_letter(c.code_point);
      if (out != nullptr) *out += page_.substr(at, c.size);
      at += c.size;
    }
    if (stretch.is_certain) long_run_ = long_run_ || long_run, two_kinds_ = two_kinds_ || two_kinds;
    return stretch;
  }

  std::string_view page_;
  std::string_view first_run_;
  bool any_ = false, long_run_ = false, two_kinds_ = false;  // of certain stretches
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
