#include "extract/content/text_run.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/utf8.h"

namespace ftok::html {

namespace {

enum class Class : uint8_t { kPlain, kSpace, kControl, kLead };

constexpr Class class_for(unsigned char c) {
  if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') return Class::kSpace;
  if (c < 0x20 || c == 0x7F) return Class::kControl;
  if (c == 0xC2 || c == 0xE2 || c == 0xEF) return Class::kLead;  // lead bytes of the characters handled one by one
  return Class::kPlain;
}

struct ClassTable {
  Class classes[256] = {};
  constexpr ClassTable() {
    for (int c = 0; c < 256; ++c) classes[c] = class_for(static_cast<unsigned char>(c));
  }
};
constexpr ClassTable kClasses;

Class class_of(char c) { return kClasses.classes[static_cast<unsigned char>(c)]; }

// The end of the words that begin at text[i], a byte of class kPlain: they lie one space apart, so that nothing in them
// changes. 16 bytes at a time, then one.
size_t end_of_words(std::string_view text, size_t i) {
#if defined(__SSE2__)
  const auto equal = [](__m128i bytes, int c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(static_cast<char>(c))); };
  const auto stops_in = [&](__m128i bytes) {  // all but plain bytes and spaces
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    const __m128i lead = _mm_or_si128(_mm_or_si128(equal(bytes, 0xC2), equal(bytes, 0xE2)), equal(bytes, 0xEF));
    return _mm_or_si128(_mm_or_si128(control, lead), equal(bytes, 0x7F));
  };
  while (i + 17 <= text.size()) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i + 1));
    const __m128i space_end = _mm_and_si128(equal(bytes, ' '), _mm_or_si128(stops_in(next), equal(next, ' ')));
    const uint32_t stops = static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(stops_in(bytes), space_end)));
    if (stops != 0) return i + static_cast<size_t>(__builtin_ctz(stops));
    i += 16;
  }
#endif
  while (i < text.size()) {
    const Class c = class_of(text[i]);
    const bool within =
        c == Class::kPlain || (text[i] == ' ' && i + 1 < text.size() && class_of(text[i + 1]) == Class::kPlain);
    if (!within) break;
    ++i;
  }
  return i;
}

enum class Special : uint8_t { kNone, kSpace, kDrop };

// What stands at text[i], a lead byte of class kLead; `size` gets its length in bytes.
Special special_at(std::string_view text, size_t i, size_t& size) {
  const auto byte = [&](size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0; };
  const unsigned char lead = byte(0), second = byte(1), third = byte(2);
  size = 1;
  if (lead == 0xC2) {
    size = 2;
    if (second == 0xA0 || second == 0x85) return Special::kSpace;  // no-break space, next line
    if (second == 0xAD) return Special::kDrop;                     // soft hyphen
  } else if (lead == 0xE2) {
    size = 3;
    if (second == 0x80 && ((third >= 0x80 && third <= 0x8A) || third == 0xA8 || third == 0xA9 || third == 0xAF)) {
      return Special::kSpace;
    }
    if (second == 0x80 && third == 0x8B) return Special::kDrop;  // zero width space
    if (second == 0x81 && third == 0x9F) return Special::kSpace;
    if (second == 0x81 && third == 0xA0) return Special::kDrop;  // word joiner
  } else if (second == 0xBB && third == 0xBF) {
    size = 3;
    return Special::kDrop;  // zero width no-break space
  }
  size = 1;
  return Special::kNone;
}

// Characters of Chinese and Japanese, their punctuation and full-width forms: those between which a line break of the
// source vanishes (CSS Text 3, section 4.1.3: wide, full-width or half-width, no Hangul).
bool is_ideographic(char32_t c) {
  return (c >= 0x2E80 && c <= 0x312F) || (c >= 0x31A0 && c <= 0xA4CF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF01 && c <= 0xFF9F) || (c >= 0xFFE0 && c <= 0xFFE6) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}

}  // namespace

bool TextRun::joins_ideographs(std::string_view next) const {
  constexpr unsigned char kLeadMin = 0xE2;  // the first byte of U+2000 and above
  if (next.empty() || static_cast<unsigned char>(next[0]) < kLeadMin || empty()) return false;
  size_t last = out_.size() - 1;
  while (last > begin_ && out_.size() - last < 4 && (static_cast<unsigned char>(out_[last]) & 0xC0) == 0x80) --last;
  return is_ideographic(decode_utf8(out_, last).code_point) && is_ideographic(decode_utf8(next, 0).code_point);
}

void TextRun::begin() {
  begin_ = out_.size();
  pending_ = Space::kNothing;
  breaks_ = 0;
}

void TextRun::append(std::string_view text, bool keep_white_space) {
  size_t i = 0;
  while (i < text.size()) {
    switch (class_of(text[i])) {
      case Class::kPlain: {
        const size_t end = end_of_words(text, i);
        flush_space(text.substr(i));
        out_.append(text.data() + i, end - i);
        i = end;
        break;
      }
      case Class::kSpace:
        if (keep_white_space && text[i] != '\r' && text[i] != '\f') {
          flush_space({});
          out_.push_back(text[i]);
        } else {
          bool breaks = text[i] == '\n';
          while (!keep_white_space && i + 1 < text.size() && class_of(text[i + 1]) == Class::kSpace)
            breaks = text[++i] == '\n' || breaks;
          put_space(breaks ? Space::kBreak : Space::kBlank);
        }
        ++i;
        break;
      case Class::kControl: ++i; break;
      default: {
        size_t size = 1;
        const Special special = special_at(text, i, size);
        if (special == Special::kNone) {
          flush_space(text.substr(i));
          out_.append(text, i, size);
        } else if (special == Special::kSpace) {
          if (keep_white_space) {
            out_.push_back(' ');
          } else {
            put_space(Space::kFixed);
          }
        }
        i += size;
      }
    }
  }
}

void TextRun::line_break() {
  pending_ = Space::kNothing;
  ++breaks_;
  if (!empty() && breaks_ == 1) out_.push_back('\n');
}

void TextRun::trim(bool keep_white_space) {
  pending_ = Space::kNothing;
  if (keep_white_space) {  // of code only empty first lines go, its indentation stays
    size_t first = begin_;
    for (size_t i = begin_; i < out_.size() && (out_[i] == ' ' || out_[i] == '\t' || out_[i] == '\n'); ++i) {
      if (out_[i] == '\n') first = i + 1;
    }
    out_.erase(begin_, first - begin_);
  }
  while (out_.size() > begin_ && (out_.back() == ' ' || out_.back() == '\n' || out_.back() == '\t')) out_.pop_back();
}

}  // namespace ftok::html
