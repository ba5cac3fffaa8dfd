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

// Does not branch on what a look-up says.
uint32_t* find_plain(const NgramRows& model, std::string_view bracketed, size_t begin, size_t stop, uint32_t* out) {
  const size_t size = bracketed.size();
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
      out += model.may_have_row(bucket) ? 1 : 0;  // an absent one is overwritten by the next
    }
  }
  return out;
}

}  // namespace

void NgramRows::set_buckets(uint32_t number) {
  buckets = number;
  bucket_magic = number == 0 ? 0 : ~uint64_t{0} / number + 1;
}

void NgramRows::index_blocks() {
  constexpr size_t kBitsMax = size_t{1} << 18;  // 32 KiB
  few_shift = 0;
  while (blocks.size() * 64 >> few_shift > kBitsMax) ++few_shift;
  few.assign((blocks.size() * 64 >> few_shift) / 8 + 1, 0);
  for (size_t block = 0; block < blocks.size(); ++block) {
    for (uint64_t bits = blocks[block].present; bits != 0; bits &= bits - 1) {
      const size_t at = (block * 64 + static_cast<size_t>(__builtin_ctzll(bits))) >> few_shift;
      few[at / 8] |= static_cast<uint8_t>(1U << at % 8);
    }
  }
}

uint32_t NgramRows::row_of_present(uint32_t bucket) const {
  if (blocks.empty()) return first_row + bucket;
  const Block& block = blocks[bucket / 64];
  return block.first_row + count_ones(block.present & ((uint64_t{1} << (bucket % 64)) - 1));
}

void NgramRows::find(std::string_view bracketed, size_t begin, size_t stop, std::vector<uint32_t>& found,
                     VectorLevel level) const {
  const size_t before = found.size();
  found.resize(before + (stop - begin) * most + 1);
  uint32_t* out = found.data() + before;
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
  found.resize(static_cast<size_t>(out - found.data()));
  if (blocks.empty()) return;
  for (size_t i = before; i < found.size(); ++i) __builtin_prefetch(&blocks[found[i] / 64]);
}

// First the buckets that have a row, then, of those alone, the rows. Neither loop branches on what a look-up says.
uint32_t* NgramRows::rows_of(uint32_t* first, const uint32_t* last, VectorLevel level) const {
#if defined(__x86_64__)
  if (level == VectorLevel::kAvx512) return rows_of_avx512(*this, first, last);
#endif
  (void)level;
  uint32_t* out = first;
  for (const uint32_t* bucket = first; bucket < last; ++bucket) {
    const bool present = has_row(*bucket);
    *out = *bucket;
    out += present ? 1 : 0;  // an absent one is overwritten by the next
  }
  for (uint32_t* row = first; row < out; ++row) *row = row_of_present(*row);
  return out;
}

}  // namespace ftok
