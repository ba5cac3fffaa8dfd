// The facts of text/spacy/spacy_tables.cc, which tools/make/make_spacy_tables.py makes. Only core/spacy_*.cc and
// text/sentences.cc include it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ftok::spacy {

// What the tokenizer's patterns know of one code point. A code point may be of several classes.
enum Class : uint16_t {
  kPrefix = 1 << 0,          // is split off the front of a word ("+" and runs of "." have rules of their own)
  kSuffix = 1 << 1,          // is split off the end of a word
  kInfix = 1 << 2,           // splits a word wherever it stands: icons and the ellipsis
  kAlpha = 1 << 3,           // a letter, as infix rules mean it
  kUpper = 1 << 4,           // upper case, or of a script without case
  kLower = 1 << 5,           // lower case, or of a script without case
  kBeforeFinalDot = 1 << 6,  // a final "." after it is split off
  kBeforeInnerDot = 1 << 7,  // a "." between it...
  kAfterInnerDot = 1 << 8,   // ... and one of these splits a word
};

struct ClassRange {
  char32_t first, last;  // both inclusive
  uint16_t classes;
};
extern const ClassRange kClassRanges[];
extern const size_t kClassRangeCount;

extern const char* const kExceptions[];  // an exception's pieces, joined by a space
extern const size_t kExceptionCount;

extern const char* const kAfterDigit[];  // units and currencies that are split off when a digit stands before them
extern const size_t kAfterDigitCount;

extern const char32_t kSentenceEnds[];  // ascending
extern const size_t kSentenceEndCount;

}  // namespace ftok::spacy
