// All cuts of a text at once, by the fastest way the processor has: AVX-512, AVX2, or the plain scanner. All give the
// same cuts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/vector_level.h"
#include "tokenizer/pattern.h"
#include "tokenizer/pretokens/own_pattern.h"

namespace ftok {

struct CharacterTable;

// The plain scanner of one pattern: `next(p, end)` is where the pretoken at `p` < `end` ends. Pattern::kOwn comes with
// its matcher.
struct CutScanner {
  explicit CutScanner(Pattern scanned, std::shared_ptr<const OwnPattern> matcher = nullptr);

  const unsigned char* next(const unsigned char* p, const unsigned char* end) const {
    return own != nullptr ? own->next(p, end) : scan(*table, p, end);
  }

  Pattern pattern;
  const CharacterTable* table;
  const unsigned char* (*scan)(const CharacterTable& table, const unsigned char* p, const unsigned char* end);
  std::shared_ptr<const OwnPattern> own;
};

// Where the pretoken that begins at `begin` < text.size() ends, as pretokenize.h has it.
size_t pretoken_end(const CutScanner& scanner, std::string_view text, size_t begin);

// Writes the ends of the pretokens from `begin` on, as distances from `begin`, until the text ends or fewer than 64
// places of the `cuts_max` >= 128 are left; returns how many. `begin` is a cut, `end` the end of the text; end - begin
// < 2^32. `cuts` is used as scratch up to cuts_max.
size_t find_cuts(VectorLevel level, const CutScanner& scanner, const unsigned char* begin, const unsigned char* end,
                 uint32_t* cuts, size_t cuts_max);

// The same for one instruction set; call them through find_cuts.
size_t find_cuts_avx2(const CutScanner& scanner, const unsigned char* begin, const unsigned char* end, uint32_t* cuts,
                      size_t cuts_max);
size_t find_cuts_avx512(const CutScanner& scanner, const unsigned char* begin, const unsigned char* end, uint32_t* cuts,
                        size_t cuts_max);

}  // namespace ftok
