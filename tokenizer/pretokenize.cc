// The scanners follow the patterns alternative by alternative; comments name the alternative. Where a pattern would
// backtrack, the scanner knows where the backtracking ends:
//  - \s*[\r\n]+ ends after the last newline of a run of white space; the rest of the run has no newline, so a run is
//    scanned at most twice;
//  - \s+(?!\S) gives back the last character of a run that something else follows;
//  - o200k's [upper]*[lower]+ gives back capitals until a character is in both sets.
#include "tokenizer/pretokenize.h"

#include <cassert>

#include "tokenizer/pretokens/character_class.h"
#include "tokenizer/pretokens/pretoken_cuts.h"

namespace ftok {
namespace {

using Byte = unsigned char;

struct Text {
  const CharacterTable& table;
  const Byte* end;

  Character at(const Byte* p) const { return character_at(table, p, end); }

  // The end of the run of characters from `p` on that have any of `flags`.
  const Byte* run(const Byte* p, uint8_t flags) const {
    while (p < end) {
      const Character c = at(p);
      if ((c.flags & flags) == 0) break;
      p += c.size;
    }
    return p;
  }
  // The end of the run of characters that have none of `flags`.
  const Byte* run_without(const Byte* p, uint8_t flags) const {
    while (p < end) {
      const Character c = at(p);
      if ((c.flags & flags) != 0) break;
      p += c.size;
    }
    return p;
  }
};

// '(?:[sdmt]|ll|ve|re) at an apostrophe; the end, or `p` when there is none. Without case also U+017F, which folds to
// s.
template <bool kAnyCase>
const Byte* contraction_end(const Byte* p, const Byte* end) {
  if (end - p < 2) return p;
  const auto folded = [](Byte c) -> Byte { return kAnyCase && c >= 'A' && c <= 'Z' ? c + 32 : c; };
  const Byte first = folded(p[1]);
  if (first == 's' || first == 'd' || first == 'm' || first == 't') return p + 2;
  if (end - p < 3) return p;
  if (kAnyCase && first == 0xC5 && p[2] == 0xBF) return p + 3;
  const Byte second = folded(p[2]);
  if ((first == 'l' && second == 'l') || ((first == 'v' || first == 'r') && second == 'e')) return p + 3;
  return p;
}

// The alternatives for white space, which come last in all patterns.
//   kNewlines: \s*[\r\n]+ is among them (all but gpt2).
//   kWholeEnd: \s++$ comes before it.
//   kEndsAtNumber: a number is to it what the end of the text is.
template <bool kNewlines, bool kWholeEnd, bool kEndsAtNumber = false>
const Byte* white_end(const Text& text, const Byte* begin) {
  const Byte* p = begin;
  const Byte* last = begin;             // where the last character of the run begins
  const Byte* after_newline = nullptr;  // after the last newline of the run
  while (p < text.end) {
    const Character c = text.at(p);
    if ((c.flags & kIsWhite) == 0) break;
    last = p;
    p += c.size;
    if (c.flags & kIsNewline) after_newline = p;
  }
  if (kWholeEnd && p == text.end) return p;
  if (kEndsAtNumber && p < text.end && (text.at(p).flags & kIsNumber) != 0) return p;
  if (kNewlines && after_newline != nullptr) return after_newline;
  if (p == text.end || last == begin) return p;
  return last;
}

//   kDigitsApart: every number is a pretoken, and what lies between two is cut as a text of its own.
template <bool kDigitsApart>
const Byte* gpt2_end(const Text& text, const Byte* p) {
  if (*p == '\'') {
    const Byte* end = contraction_end<false>(p, text.end);
    if (end != p) return end;
  }
  const Byte* start = p;
  Character c = text.at(p);
  if ((c.flags & kIsSpace) != 0 && p + 1 < text.end) {  // the optional space of ` ?`
    const Character next = text.at(p + 1);
    if ((next.flags & (kDigitsApart ? kIsWhite | kIsNumber : kIsWhite)) == 0) {
      ++start;
      c = next;
    }
  }
  if (c.flags & kIsLetter) return text.run(start + c.size, kIsLetter);
  if (c.flags & kIsNumber) return kDigitsApart ? p + c.size : text.run(start + c.size, kIsNumber);
  if ((c.flags & kIsWhite) == 0) return text.run_without(start + c.size, kIsLetter | kIsNumber | kIsWhite);
  return white_end<false, true, kDigitsApart>(text, p);
}

// \p{N}{1,max} from `p` on, where the first character, of `size` bytes, is a number.
const Byte* number_end(const Text& text, const Byte* p, uint8_t size, int max) {
  p += size;
  for (int count = 1; count < max && p < text.end; ++count) {
    const Character c = text.at(p);
    if ((c.flags & kIsNumber) == 0) break;
    p += c.size;
  }
  return p;
}

// ` ?[^\s\p{L}\p{N}]+` and then any of \r, \n and, for o200k, '/'. `p` is at the first character after the space.
template <bool kSlash>
const Byte* punctuation_end(const Text& text, const Byte* p) {
  p = text.run_without(p, kIsLetter | kIsNumber | kIsWhite);
  while (p < text.end && (*p == '\r' || *p == '\n' || (kSlash && *p == '/'))) ++p;
  return p;
}

template <bool kWholeEnd, int kDigits>
const Byte* cl100k_end(const Text& text, const Byte* p) {
  if (*p == '\'') {
    const Byte* end = contraction_end<true>(p, text.end);
    if (end != p) return end;
  }
  const Character c = text.at(p);
  const Byte* next = p + c.size;
  if (c.flags & kIsLetter) return text.run(next, kIsLetter);
  if (c.flags & kIsNumber) return number_end(text, p, c.size, kDigits);
  Character second{0, 0};
  if (next < text.end) second = text.at(next);
  if ((c.flags & kIsNewline) == 0 && (second.flags & kIsLetter) != 0) return text.run(next + second.size, kIsLetter);
  if ((c.flags & kIsWhite) == 0) return punctuation_end<false>(text, p);
  if ((c.flags & kIsSpace) != 0 && second.size != 0 && (second.flags & (kIsLetter | kIsNumber | kIsWhite)) == 0) {
    return punctuation_end<false>(text, next);
  }
  return white_end<true, kWholeEnd>(text, p);
}

template <bool kContractions>
const Byte* with_contraction(const Text& text, const Byte* p) {
  return kContractions && p < text.end && *p == '\'' ? contraction_end<true>(p, text.end) : p;
}

// [upper]*[lower]+ from `p` on, else (by the second alternative) [upper]+[lower]*; null when neither matches. When the
// first matches only after giving back, the match ends after the last character that is in both sets.
// `second_too` is false where the caller must first try the first alternative from elsewhere.
const Byte* o200k_word_end(const Text& text, const Byte* p, bool second_too) {
  const Byte* begin = p;
  const Byte* after_both = nullptr;
  while (p < text.end) {
    const Character c = text.at(p);
    if ((c.flags & kIsUpperish) == 0) {
      if (c.flags & kIsLowerish) return text.run(p + c.size, kIsLowerish);
      break;
    }
    p += c.size;
    if (c.flags & kIsLowerish) after_both = p;
  }
  if (after_both != nullptr) return after_both;
  return second_too && p != begin ? p : nullptr;
}

template <bool kContractions, int kDigits>
const Byte* o200k_end(const Text& text, const Byte* p) {
  const Character c = text.at(p);
  if (c.flags & kIsLetter) return with_contraction<kContractions>(text, o200k_word_end(text, p, true));
  const Byte* next = p + c.size;
  if ((c.flags & (kIsNewline | kIsNumber)) == 0 && next < text.end) {  // [^\r\n\p{L}\p{N}]? takes `c`
    const bool is_mark = (c.flags & kIsUpperish) != 0;
    const Byte* end = o200k_word_end(text, next, !is_mark);
    if (end != nullptr) return with_contraction<kContractions>(text, end);
  }
  if (c.flags & kIsUpperish)  // a mark, no prefix
    return with_contraction<kContractions>(text, o200k_word_end(text, p, true));
  if (c.flags & kIsNumber) return number_end(text, p, c.size, kDigits);
  if ((c.flags & kIsWhite) == 0) return punctuation_end<true>(text, p);
  if ((c.flags & kIsSpace) != 0 && next < text.end) {
    const Character second = text.at(next);
    if ((second.flags & (kIsLetter | kIsNumber | kIsWhite)) == 0) return punctuation_end<true>(text, next);
  }
  return white_end<true, false>(text, p);
}

template <const Byte* (*kEnd)(const Text&, const Byte*)>
const Byte* scan(const CharacterTable& table, const Byte* p, const Byte* end) {
  return kEnd(Text{table, end}, p);
}

auto scan_of(Pattern pattern) -> const Byte* (*)(const CharacterTable&, const Byte*, const Byte*) {
  switch (pattern) {
    case Pattern::kGpt2:
    case Pattern::kGpt2Original: return scan<gpt2_end<false>>;
    case Pattern::kSmollm: return scan<gpt2_end<true>>;
    case Pattern::kTekken: return scan<o200k_end<false, 1>>;
    case Pattern::kCl100k: return scan<cl100k_end<true, 3>>;
    case Pattern::kLlama3: return scan<cl100k_end<false, 3>>;
    case Pattern::kQwen2: return scan<cl100k_end<false, 1>>;
    case Pattern::kO200k:
    case Pattern::kOwn:  // has a matcher instead
      break;
  }
  return scan<o200k_end<true, 3>>;
}

}  // namespace

CutScanner::CutScanner(Pattern scanned, std::shared_ptr<const OwnPattern> matcher)
    : pattern(scanned), table(&CharacterTable::get()), scan(scan_of(scanned)), own(std::move(matcher)) {
  assert((pattern == Pattern::kOwn) == (own != nullptr));
}

size_t pretoken_end(const CutScanner& scanner, std::string_view text, size_t begin) {
  assert(begin < text.size());
  const Byte* data = reinterpret_cast<const Byte*>(text.data());
  return static_cast<size_t>(scanner.next(data + begin, data + text.size()) - data);
}

size_t pretoken_end(Pattern pattern, std::string_view text, size_t begin) {
  return pretoken_end(CutScanner(pattern), text, begin);
}

size_t last_sure_cut(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  for (size_t i = text.size(); i-- > 1;) {
    if (!is_word(text[i])) continue;
    if (text[i - 1] == '\n') return i;
    if (text[i - 1] == ' ' && i >= 2 && is_word(text[i - 2])) return i - 1;
  }
  return 0;
}

}  // namespace ftok
