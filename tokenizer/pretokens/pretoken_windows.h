// Pretoken boundaries by bit masks: of ASCII text, and of as much else as the classifier knows; 64 bytes at a time, one
// bit a byte. Included by the files that compile it for one instruction set each, which define a Classifier; everything
// here has internal linkage, so that no code made for one instruction set is linked into another.
//
// A window begins at a cut. As where a pretoken ends depends only on what follows its beginning, no state is carried
// from window to window: the window's cuts are computed from its class masks, and the next window begins at the last
// cut that is sure. What the masks cannot decide (unknown characters, white space that runs out of the window, the end
// of the text) goes to the plain scanner, a pretoken at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tokenizer/pretokens/pretoken_cuts.h"

namespace ftok {
namespace {

// Bit i of each mask is about byte i of the window; all bytes of a character have its class.
struct WindowMasks {
  uint64_t upper, lower;  // A-Z, a-z
  uint64_t number;        // 0-9
  uint64_t space;         // U+0020
  uint64_t blank;         // \t \v \f: white space that is neither a space nor a newline
  uint64_t newline;       // \r \n
  uint64_t high;          // unknown: not ASCII, and not among those that the classifier knows
  // The first bytes of characters of two and of three bytes that are neither letters, numbers nor white space.
  uint64_t wide_2 = 0, wide_3 = 0;
  // For o200k: letters without case and marks, which are also in `lower`; marks alone.
  uint64_t caseless = 0, marks = 0;
  uint64_t apostrophe, slash;
  uint64_t sdmt, l, vr, e;                  // letters of the contractions, lower case
  uint64_t sdmt_any, l_any, vr_any, e_any;  // in either case
};

enum class WindowKind { kGpt2, kCl100k, kQwen2, kO200k };

inline uint64_t run_from(uint64_t run, uint64_t starts) {  // the bits of those runs that begin at `starts`
  return run & ~(run + starts);
}

// Where contractions end (the bit after), and their apostrophes and last letters.
struct Contractions {
  uint64_t apostrophes, ends, inner;
};

inline Contractions contractions_of(uint64_t apostrophes, uint64_t sdmt, uint64_t l, uint64_t vr, uint64_t e) {
  const uint64_t after = apostrophes << 1;
  const uint64_t one = after & sdmt;
  const uint64_t two = (((after & l) << 1) & l) | (((after & vr) << 1) & e);
  return {one >> 1 | two >> 2, one << 1 | two << 1, one | two | two >> 1};
}

// What the masks cannot decide for o200k becomes unknown: where a capital follows a letter without case the pattern may
// give back characters, and a mark may belong to the punctuation before it.
inline void forget_undecided(WindowMasks& m) {
  if (m.caseless == 0) return;
  const uint64_t other = ~(m.upper | m.lower | m.number | m.space | m.blank | m.newline);
  m.high |= (m.caseless << 1 & m.upper) | (other << 1 & m.marks);
}

// The cuts of the window, bit 0 aside, as far as they are sure; `trouble` is set where the plain scanner must go on.
template <WindowKind kKind>
inline uint64_t window_cuts(const WindowMasks& m, bool& trouble) {
  const uint64_t letter = m.upper | m.lower;
  const uint64_t white = m.space | m.blank | m.newline;
  const uint64_t other = ~(letter | m.number | white);
  const uint64_t last_white = white & ~(white >> 1);
  uint64_t cuts = 0;

  if constexpr (kKind == WindowKind::kGpt2) {
    const uint64_t joins = ~(m.space << 1);  // a space before joins what follows
    cuts = ((letter & ~(letter << 1)) | (m.number & ~(m.number << 1)) | (other & ~(other << 1))) & joins;
    cuts |= (white & ~(white << 1)) | last_white;
    const Contractions c = contractions_of(m.apostrophe & ~(other << 1) & ~(m.space << 1), m.sdmt, m.l, m.vr, m.e);
    return (cuts & ~c.inner) | c.ends;
  } else {
    // Newlines after punctuation belong to it; for o200k also slashes after those, which the plain scanner sorts out.
    const uint64_t eaten = run_from(m.newline, m.newline & (other << 1));
    if constexpr (kKind == WindowKind::kO200k) {
      if (m.newline << 1 & m.slash) trouble = true;
    }
    const uint64_t blank = m.space | m.blank;
    const uint64_t other_start = other & ~(other << 1) & ~(m.space << 1);
    // White space: a run is cut at its start, after its last newline, and before its last character unless a newline.
    cuts = white & ~(white << 1) & ~eaten;
    cuts |= eaten << 1 & ~eaten;
    cuts |= last_white & blank;
    const uint64_t after_newline = blank & m.newline << 1 & ~(eaten << 1);
    const uint64_t segment_ends = (blank + after_newline) & ~blank;
    if ((segment_ends & m.newline) == 0) {
      cuts |= after_newline;
    } else if (after_newline != 0) {
      trouble = true;
    }
    cuts |= other_start;
    // A letter run is cut before its first letter unless white space or a single punctuation character is its prefix.
    const uint64_t prefix_ends =
        (other_start & ~(m.wide_2 | m.wide_3)) | (other_start & m.wide_2) << 1 | (other_start & m.wide_3) << 2;
    cuts |= letter & ~(letter << 1) & ~((blank | prefix_ends) << 1);
    if constexpr (kKind == WindowKind::kQwen2) {
      cuts |= m.number;
    } else {
      const uint64_t four = m.number & m.number << 1 & m.number << 2 & m.number << 3;
      uint64_t groups = m.number & ~(m.number << 1);
      while (groups != 0) {
        cuts |= groups;
        groups = groups << 3 & four;
      }
    }
    if constexpr (kKind == WindowKind::kO200k) {
      cuts |= m.upper & m.lower << 1;
      const Contractions c = contractions_of(m.apostrophe & letter << 1, m.sdmt_any, m.l_any, m.vr_any, m.e_any);
      if (c.apostrophes & c.ends) trouble = true;
      cuts = (cuts & ~(c.inner | c.apostrophes)) | c.ends;
    } else {
      const Contractions c = contractions_of(m.apostrophe & other_start, m.sdmt_any, m.l_any, m.vr_any, m.e_any);
      cuts |= c.ends;
    }
    return cuts;
  }
}

// The cuts up to the last sure one. Sure are those with `after` known bytes behind them before the first byte that is
// not ASCII (or the end of the window), and not inside white space that touches it.
template <unsigned after>
inline uint64_t sure_cuts(uint64_t cuts, const WindowMasks& m) {
  const uint64_t white = m.space | m.blank | m.newline;
  const unsigned width = m.high == 0 ? 64u : static_cast<unsigned>(__builtin_ctzll(m.high));
  if (width <= after) return 0;
  uint64_t sure = ~uint64_t{0} >> (64 + after - width);          // bits 0 .. width - after - 1
  const uint64_t black = ~white & ~uint64_t{0} >> (64 - width);  // the trailing run begins after its last bit
  if (black == 0) return 0;
  const unsigned last = 63u - static_cast<unsigned>(__builtin_clzll(black));
  if (last + 2 < width) sure &= (uint64_t{4} << last) - 1;  // bits 0 .. last + 1
  return cuts & sure & ~uint64_t{1};
}

// Writes base + the place of each bit, in order, and up to 15 places too many, which the next window overwrites.
inline void write_places_one_by_one(uint64_t bits, uint32_t base, uint32_t* out) {
  const auto n = static_cast<unsigned>(__builtin_popcountll(bits));
  for (unsigned done = 0; done < n; done += 8) {
    for (unsigned k = 0; k < 8; ++k) {
      out[done + k] = base + static_cast<uint32_t>(__builtin_ctzll(bits | uint64_t{1} << 63));
      bits &= bits - 1;
    }
  }
}

template <WindowKind kKind, typename Classifier>
size_t find_cuts_by_windows(const CutScanner& scanner, const unsigned char* begin, const unsigned char* end,
                            uint32_t* cuts, size_t cuts_max) {
  const Classifier classifier(*scanner.table);
  const unsigned char* p = begin;
  size_t count = 0;
  unsigned plain = 0;  // pretokens left to the plain scanner before the next window
  unsigned patience = 1;
  while (p < end && count + 64 <= cuts_max) {
    if (plain == 0 && end - p >= 64) {
      WindowMasks masks = classifier.template classify<kKind>(p);
      if constexpr (kKind == WindowKind::kO200k) forget_undecided(masks);
      bool trouble = false;
      // Whether white space continues, and for o200k whether an apostrophe begins a contraction.
      constexpr unsigned kAfter = kKind == WindowKind::kO200k ? 2 : 1;
      uint64_t found = sure_cuts<kAfter>(window_cuts<kKind>(masks, trouble), masks);
      if (found != 0 && !trouble) {
        const auto base = static_cast<uint32_t>(p - begin);
        const unsigned n = static_cast<unsigned>(__builtin_popcountll(found));
        const unsigned last = 63u - static_cast<unsigned>(__builtin_clzll(found));
        classifier.write_places(found, base, cuts + count);
        count += n;
        p += last;
        patience = 1;
        continue;
      }
      plain = patience;
      if (patience < 8) patience *= 2;
    }
    p = scanner.next(p, end);
    cuts[count++] = static_cast<uint32_t>(p - begin);
    if (plain > 0) --plain;
  }
  return count;
}

template <typename Classifier>
size_t find_cuts_of(const CutScanner& scanner, const unsigned char* begin, const unsigned char* end, uint32_t* cuts,
                    size_t cuts_max) {
  switch (scanner.pattern) {
    case Pattern::kGpt2:
    case Pattern::kGpt2Original:
      return find_cuts_by_windows<WindowKind::kGpt2, Classifier>(scanner, begin, end, cuts, cuts_max);
    case Pattern::kCl100k:
    case Pattern::kLlama3:
      return find_cuts_by_windows<WindowKind::kCl100k, Classifier>(scanner, begin, end, cuts, cuts_max);
    case Pattern::kQwen2:
      return find_cuts_by_windows<WindowKind::kQwen2, Classifier>(scanner, begin, end, cuts, cuts_max);
    case Pattern::kO200k:
      return find_cuts_by_windows<WindowKind::kO200k, Classifier>(scanner, begin, end, cuts, cuts_max);
    case Pattern::kSmollm:
    case Pattern::kTekken:
    case Pattern::kOwn: break;
  }
  return 0;
}

}  // namespace
}  // namespace ftok
