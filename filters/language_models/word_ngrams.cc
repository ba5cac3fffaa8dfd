#include "filters/language_models/word_ngrams.h"

#include <algorithm>

namespace ftok {
namespace {

constexpr size_t kStartsOfKernel = 16;

inline bool continues_character(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// std::popcount is a library call where the processor may lack the instruction.
uint32_t count_ones(uint64_t bits) {
  bits -= (bits >> 1) & 0x5555555555555555U;
  bits = (bits & 0x3333333333333333U) + ((bits >> 2) & 0x3333333333333333U);
  return static_cast<uint32_t>((((bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0FU) * 0x0101010101010101U) >> 56);
}

// First the buckets that have a row, then, of those alone, the rows. Neither loop branches on what a look-up says.
uint32_t* find_plain(const NgramRows& model, std::string_view bracketed, size_t begin, size_t stop, uint32_t* rows) {
  const size_t size = bracketed.size();
  uint32_t* out = rows;
  for (size_t start = begin; start < stop; ++start) {
    if (continues_character(bracketed[start])) continue;
    uint32_t hash = kFnvBasis;
    size_t end = start;
    for (uint32_t n = 1; end < size && n <= model.most; ++n) {
      hash = fnv_step(hash, bracketed[end++]);
      while (end < size && continues_character(bracketed[end])) hash = fnv_step(hash, bracketed[end++]);
      if (n < model.least || (n == 1 && (start == 0 || end == size))) continue;
      const uint32_t bucket = model.bucket_of(hash);
      *out = bucket;
      out += model.has_row(bucket) ? 1 : 0;  // an absent one is overwritten by the next
    }
  }
  for (uint32_t* row = rows; row < out; ++row) *row = model.row_of_present(*row);
  return out;
}

}  // namespace

void NgramRows::set_buckets(uint32_t number) {
  buckets = number;
  bucket_magic = number == 0 ? 0 : ~uint64_t{0} / number + 1;
}

uint32_t NgramRows::row_of_present(uint32_t bucket) const {
  if (blocks.empty()) return first_row + bucket;
  const Block& block = blocks[bucket / 64];
  return block.first_row + count_ones(block.present & ((uint64_t{1} << (bucket % 64)) - 1));
}

void NgramRows::find(std::string_view bracketed, size_t begin, size_t stop, std::vector<uint32_t>& rows,
                     VectorLevel level) const {
  const size_t before = rows.size();
  rows.resize(before + (stop - begin) * most + 1);
  uint32_t* out = rows.data() + before;
  while (begin < stop) {
#if defined(__x86_64__)
    if (level == VectorLevel::kAvx512 && most <= kNgramLengthsMax) {
      begin = find_ngrams_avx512(*this, bracketed, begin, stop, out);
      if (begin >= stop) break;
    }
#endif
    const bool rest = level != VectorLevel::kAvx512 || most > kNgramLengthsMax;
    const size_t end = rest ? stop : std::min(begin + kStartsOfKernel, stop);
    out = find_plain(*this, bracketed, begin, end, out);
    begin = end;
  }
  rows.resize(static_cast<size_t>(out - rows.data()));
}

}  // namespace ftok
