#include "tokenizer/jinja/marked_text.h"

#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include <algorithm>

#include "text/words.h"

namespace ftok::jinja {
namespace {

// Whether the capital sigma at `at` ends a word, by Unicode's Final_Sigma (The Unicode Standard, section 3.13): letters
// with a case stand before it and none behind, what case ignores left out.
bool is_final_sigma(const std::vector<CharPlace>& chars, size_t at) {
  const auto is = [&](size_t i, UProperty property) {
    return u_hasBinaryProperty(static_cast<UChar32>(chars[i].code_point), property) != 0;
  };
  size_t before = at, behind = at + 1;
  while (before > 0 && is(before - 1, UCHAR_CASE_IGNORABLE)) --before;
  while (behind < chars.size() && is(behind, UCHAR_CASE_IGNORABLE)) ++behind;
  return before > 0 && is(before - 1, UCHAR_CASED) && (behind == chars.size() || !is(behind, UCHAR_CASED));
}

// One character in another case; it may become up to three.
void append_in_case(MarkedText& out, std::string_view bytes, const CharPlace& place, Writer writer, LetterCase to) {
  UChar from[2], mapped[8];
  int32_t n = 0;
  UErrorCode code = U_ZERO_ERROR;
  u_strFromUTF32(from, 2, &n, reinterpret_cast<const UChar32*>(&place.code_point), 1, &code);
  int32_t size = 0;
  if (to == LetterCase::kLower) {
    size = u_strToLower(mapped, 8, from, n, "", &code);
  } else if (to == LetterCase::kTitle) {
    size = u_strToTitle(mapped, 8, from, n, nullptr, "", &code);
  } else {
    size = u_strToUpper(mapped, 8, from, n, "", &code);
  }
  char utf8[32];
  int32_t utf8_size = 0;
  if (U_SUCCESS(code)) u_strToUTF8(utf8, sizeof utf8, &utf8_size, mapped, size, &code);
  if (U_FAILURE(code)) return out.append(bytes, writer);
  out.append(std::string_view(utf8, static_cast<size_t>(utf8_size)), writer);
}

}  // namespace

MarkedText MarkedText::part(size_t begin, size_t end) const {
  MarkedText text;
  text.bytes = bytes.substr(begin, end - begin);
  text.writers = writers.substr(begin, end - begin);
  return text;
}

void MarkedText::append(const MarkedText& other) {
  bytes += other.bytes;
  writers += other.writers;
}

void MarkedText::append(std::string_view text, Writer writer) {
  bytes += text;
  writers.append(text.size(), writer);
}

std::vector<CharPlace> chars_of(std::string_view text) {
  std::vector<CharPlace> chars;
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    chars.push_back({i, c.size, c.code_point, c.valid});
    i += c.size;
  }
  return chars;
}

ByteRange stripped_range(std::string_view text, bool left, bool right) {
  size_t begin = text.size(), end = 0;
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    if (!c.valid || !is_python_space(c.code_point)) {
      begin = std::min(begin, i);
      end = i + c.size;
    }
    i += c.size;
  }
  if (begin >= end) return {0, 0};
  return {left ? begin : 0, right ? end : text.size()};
}

ByteRange stripped_range(std::string_view text, std::string_view chars, bool left, bool right) {
  std::vector<std::string_view> among;
  for (const CharPlace& c : chars_of(chars)) among.push_back(chars.substr(c.begin, c.size));
  const std::vector<CharPlace> places = chars_of(text);
  const auto is_among = [&](const CharPlace& c) {
    return std::find(among.begin(), among.end(), text.substr(c.begin, c.size)) != among.end();
  };
  size_t first = 0, last = places.size();
  while (left && first < last && is_among(places[first])) ++first;
  while (right && last > first && is_among(places[last - 1])) --last;
  if (first == last) return {0, 0};
  return {places[first].begin, places[last - 1].begin + places[last - 1].size};
}

MarkedText in_case(const MarkedText& text, LetterCase letter_case) {
  MarkedText out;
  bool begins_word = true;
  const std::vector<CharPlace> chars = chars_of(text.bytes);
  for (size_t i = 0; i < chars.size(); ++i) {
    const CharPlace& c = chars[i];
    const std::string_view bytes = std::string_view(text.bytes).substr(c.begin, c.size);
    LetterCase to = letter_case;
    if (to == LetterCase::kTitle || to == LetterCase::kCapitalized) {
      to = begins_word ? LetterCase::kTitle : LetterCase::kLower;
      begins_word = letter_case == LetterCase::kTitle && !u_isalpha(static_cast<UChar32>(c.code_point));
    }
    constexpr char32_t kCapitalSigma = 0x3A3;
    if (!c.valid) {
      out.append(bytes, text.writers[c.begin]);
    } else if (c.code_point == kCapitalSigma && to == LetterCase::kLower && is_final_sigma(chars, i)) {
      out.append("\u03C2", text.writers[c.begin]);
    } else {
      append_in_case(out, bytes, c, text.writers[c.begin], to);
    }
  }
  return out;
}

}  // namespace ftok::jinja
