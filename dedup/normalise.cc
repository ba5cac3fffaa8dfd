// One pass over the text. Nearly all characters of nearly all pages are ASCII, so a table of 128 classes decides those;
// the rest are looked up in a table of code points (punctuation) and in ICU's data (case, decimal digits,
// decomposition).
#include "dedup/normalise.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "text/unicode.h"

namespace ftok {
namespace {

enum class Class : uint8_t { kLetter, kDigit, kPunctuation, kSpace };

// The punctuation above U+009F in datatrove's list (text.py, PUNCTUATION), sorted; a list, not a property: U+2018 is
// not in it. (U+FF11 is, but as a digit it has become "0" by then.) ASCII's is all of it.
constexpr char32_t kPunctuation[] = {0x00AB, 0x00B4, 0x00BB, 0x2013, 0x2014, 0x2019, 0x201C, 0x201D, 0x201E,
                                     0x2026, 0x2236, 0x2501, 0x25BA, 0x3001, 0x3002, 0x3008, 0x3009, 0x300A,
                                     0x300B, 0x300C, 0x300D, 0x3010, 0x3011, 0xFF01, 0xFF05, 0xFF08, 0xFF09,
                                     0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F, 0xFF5E};

constexpr std::array<Class, 128> make_classes() {
  std::array<Class, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    Class& of = classes[static_cast<size_t>(c)];
    of = Class::kPunctuation;  // with the control characters: 0..8, 0B..1F, 7F..9F
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) of = Class::kLetter;
    if (c >= '0' && c <= '9') of = Class::kDigit;
    if (c == '\t' || c == '\n' || c == ' ') of = Class::kSpace;
  }
  return classes;
}
constexpr std::array<Class, 128> kClasses = make_classes();

constexpr char32_t kCapitalSigma = 0x3A3, kSmallSigma = 0x3C3, kFinalSigma = 0x3C2;
constexpr char32_t kCapitalIWithDot = 0x130;

Class class_of(char32_t c) {
  if (c < 128) return kClasses[c];
  if (c < 0xA0 || std::binary_search(std::begin(kPunctuation), std::end(kPunctuation), c)) return Class::kPunctuation;
  if (is_white_space(c)) return Class::kSpace;
  return category_of(c) == Category::kNd ? Class::kDigit : Class::kLetter;
}

// The marks that may stand once between the digits of one number: . , Arabic comma and decimal separator, and
// U+2396..2398.
bool is_decimal_mark(char32_t c) {
  return c == '.' || c == ',' || c == 0x60C || c == 0x66B || (c >= 0x2396 && c <= 0x2398);
}

// Of ASCII: the lower-case letter for letters, else 0.
constexpr std::array<char, 256> make_letters() {
  std::array<char, 256> letters{};
  for (int c = 'a'; c <= 'z'; ++c) {
    letters[static_cast<size_t>(c)] = static_cast<char>(c);
    letters[static_cast<size_t>(c - 'a' + 'A')] = static_cast<char>(c);
  }
  return letters;
}
constexpr std::array<char, 256> kLetters = make_letters();

// Writes into a buffer that always has room for what is left of the text and kSpare bytes more: an ASCII character
// becomes at most one byte (a space is put only where the text had something in its place), so only other characters
// look at the room.
class Normaliser {
 public:
  Normaliser(std::string_view text, Punctuation punctuation, std::string& out)
      : text_(text), replace_(punctuation == Punctuation::kSpace), out_(out), begin_(out.size()), end_(out.size()) {
    UErrorCode code = U_ZERO_ERROR;
    nfd_ = unorm2_getNFDInstance(&code);
    out_.resize(begin_ + text.size() + kSpare);
  }

  void run() {
    while (at_ < text_.size()) {
      const unsigned char c = static_cast<unsigned char>(text_[at_]);
      if (kLetters[c] != 0) {
        letters();
      } else if (c < 128) {
        other_ascii(static_cast<char>(c));
      } else {
        const Utf8Char decoded = decode_utf8(text_, at_);
        other(decoded.code_point, decoded.size);
      }
    }
    while (end_ > begin_ && out_[end_ - 1] == ' ') --end_;  // left by a mark that was dropped at the end
    out_.resize(end_);
  }

 private:
  static constexpr size_t kSpare = 64;

  void letters() {
    before_character();
    char* out = out_.data() + end_;
    const char* in = text_.data() + at_;
    const char* const last = text_.data() + text_.size();
    for (char letter; in != last && (letter = kLetters[static_cast<unsigned char>(*in)]) != 0; ++in) *out++ = letter;
    end_ = static_cast<size_t>(out - out_.data());
    at_ = static_cast<size_t>(in - text_.data());
  }

  void other_ascii(char c) {
    switch (kClasses[static_cast<size_t>(c)]) {
      case Class::kDigit: number(); return;
      case Class::kPunctuation:
        if (replace_) space_ = true;
        break;
      default: space_ = true; break;
    }
    ++at_;
  }

  void other(char32_t c, size_t size) {
    switch (class_of(c)) {
      case Class::kDigit: number(); return;
      case Class::kPunctuation:
        if (replace_) space_ = true;
        break;
      case Class::kSpace: space_ = true; break;
      default: letter(c, size); break;
    }
    at_ += size;
  }

  // A number that starts here: digits, and one mark with digits after it.
  void number() {
    skip_digits();
    if (at_ < text_.size()) {
      const Utf8Char mark = decode_utf8(text_, at_);
      const size_t after = at_ + mark.size;
      if (is_decimal_mark(mark.code_point) && after < text_.size() &&
          class_of(decode_utf8(text_, after).code_point) == Class::kDigit) {
        at_ = after;
        skip_digits();
      }
    }
    put('0');
  }

  void skip_digits() {
    while (at_ < text_.size()) {
      const Utf8Char c = decode_utf8(text_, at_);
      if (class_of(c.code_point) != Class::kDigit) return;
      at_ += c.size;
    }
  }

  // Lower case, canonical decomposition, no non-spacing marks.
  void letter(char32_t c, size_t size) {
    if (c == kCapitalIWithDot) {
      put('i');  // and U+0307, a non-spacing mark
      return;
    }
    if (c == kCapitalSigma) {
      c = ends_word(at_, size) ? kFinalSigma : kSmallSigma;
    } else {
      c = static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
    }
    UChar units[32];  // the longest canonical decomposition has 4 code points (Unicode Standard Annex 15)
    UErrorCode code = U_ZERO_ERROR;
    const int32_t length = unorm2_getDecomposition(nfd_, static_cast<UChar32>(c), units, 32, &code);
    if (length < 0) {
      put_unless_mark(c);
      return;
    }
    for (int32_t i = 0; i < length;) {
      UChar32 part = 0;
      U16_NEXT(units, i, length, part);
      put_unless_mark(static_cast<char32_t>(part));
    }
  }

  // Final_Sigma of the Unicode Standard, section 3.13: a cased letter before, none after, case-ignorable ones skipped.
  bool ends_word(size_t sigma, size_t size) const {
    bool cased_before = false;
    for (size_t i = sigma; i > 0 && !cased_before;) {
      size_t start = i - 1;
      while (start > 0 && i - start < 4 && (static_cast<unsigned char>(text_[start]) & 0xC0) == 0x80) --start;
      const UChar32 c = static_cast<UChar32>(decode_utf8(text_, start).code_point);
      i = start;
      if (u_hasBinaryProperty(c, UCHAR_CASE_IGNORABLE)) continue;
      if (!u_hasBinaryProperty(c, UCHAR_CASED)) return false;
      cased_before = true;
    }
    if (!cased_before) return false;
    for (size_t i = sigma + size; i < text_.size();) {
      const Utf8Char decoded = decode_utf8(text_, i);
      i += decoded.size;
      if (u_hasBinaryProperty(static_cast<UChar32>(decoded.code_point), UCHAR_CASE_IGNORABLE)) continue;
      return !u_hasBinaryProperty(static_cast<UChar32>(decoded.code_point), UCHAR_CASED);
    }
    return true;
  }

  void put(char c) {
    before_character();
    out_[end_++] = c;
  }

  void put_unless_mark(char32_t c) {
    before_character();  // a mark that is dropped still parts the white space around it, as step 4 comes before step 5
    if (c < 128) {
      out_[end_++] = static_cast<char>(c);
      return;
    }
    if (category_of(c) == Category::kMn) return;
    scratch_.clear();
    append_utf8(scratch_, c);
    make_room();
    scratch_.copy(out_.data() + end_, scratch_.size());
    end_ += scratch_.size();
  }

  void make_room() {
    if (out_.size() - end_ < text_.size() - at_ + kSpare / 2)
      out_.resize(end_ + text_.size() - at_ + out_.size() / 4 + kSpare);
  }

  void before_character() {
    if (space_ && end_ > begin_) out_[end_++] = ' ';
    space_ = false;
  }

  std::string_view text_;
  bool replace_;
  std::string& out_;
  size_t begin_, end_;  // of what has been written; what follows is room
  const UNormalizer2* nfd_;
  size_t at_ = 0;
  bool space_ = false;  // white space was passed since the last character
  std::string scratch_;
};

}  // namespace

void append_normalised(std::string_view text, Punctuation punctuation, std::string& out) {
  Normaliser(text, punctuation, out).run();
}

}  // namespace ftok
