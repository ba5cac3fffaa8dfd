// NgramRows::find by AVX-512: the n-grams of sixteen starts grow together, byte by byte.
#include <immintrin.h>

#include <array>

#include "filters/language_models/word_ngrams.h"

namespace ftok {
namespace {

constexpr size_t kStarts = 16;
constexpr __mmask16 kAll = 0xFFFF;  // the unmasked forms make g++ 12 warn of a value that is not there

__mmask16 first_lanes(size_t count) { return count >= kStarts ? kAll : static_cast<__mmask16>((1U << count) - 1); }

// Where the sixteen starts' n-grams end: hashes[n - 1] has the hashes of those of n characters, ended[n - 1] the lanes
// that have one.
struct Ngrams {
  __m512i hashes[kNgramLengthsMax];
  std::array<__mmask16, kNgramLengthsMax> ended{};
};

// Returns false where an n-gram is longer than sixteen bytes.
bool hash_ngrams(std::string_view bracketed, size_t start, __mmask16 starts, uint32_t most, Ngrams& found) {
  const char* const bytes = bracketed.data() + start;
  const size_t left = bracketed.size() - start;
  const __mmask32 there = left >= 32 ? ~0U : (1U << left) - 1;
  const __m256i window = _mm256_maskz_loadu_epi8(there, bytes);
  const __mmask32 continues = _mm256_cmpeq_epi8_mask(
      _mm256_and_si256(window, _mm256_set1_epi8(static_cast<char>(0xC0))), _mm256_set1_epi8(static_cast<char>(0x80)));
  const __mmask32 boundaries = ~continues;  // the bytes behind the end count as such
  __mmask16 growing = starts & static_cast<__mmask16>(boundaries);
  std::array<__mmask16, kNgramLengthsMax + 1> at{};  // lanes whose n-gram has so many whole characters
  at[0] = growing;
  for (__m512i& hashes : found.hashes) hashes = _mm512_setzero_si512();
  __m512i hash = _mm512_set1_epi32(static_cast<int>(kFnvBasis));
  const __m512i prime = _mm512_set1_epi32(static_cast<int>(kFnvPrime));
  for (size_t j = 0; growing != 0; ++j) {
    if (j == kStarts) return false;
    const __m128i next = _mm_maskz_loadu_epi8(first_lanes(left > j ? left - j : 0), bytes + j);
    const __m512i widened = _mm512_maskz_cvtepi8_epi32(kAll, next);
    hash = _mm512_mask_mullo_epi32(hash, growing, _mm512_xor_si512(hash, widened), prime);
    const auto whole = static_cast<__mmask16>(growing & (boundaries >> (j + 1)));
    for (uint32_t n = most; n > 0; --n) {
      const __mmask16 now = at[n - 1] & whole;
      found.hashes[n - 1] = _mm512_mask_mov_epi32(found.hashes[n - 1], now, hash);
      found.ended[n - 1] |= now;
      at[n] |= now;
      at[n - 1] &= static_cast<__mmask16>(~now);
    }
    growing &= static_cast<__mmask16>(~at[most]);
    growing &= first_lanes(left > j + 1 ? left - j - 1 : 0);
  }
  return true;
}

// hash mod buckets of the even or, shifted down, the odd lanes.
__m512i buckets_of_half(__m512i hash, const NgramRows& model) {
  const __m512i magic_low = _mm512_set1_epi64(static_cast<int64_t>(model.bucket_magic & 0xFFFFFFFFU));
  const __m512i magic_high = _mm512_set1_epi64(static_cast<int64_t>(model.bucket_magic >> 32));
  const __m512i buckets = _mm512_set1_epi64(model.buckets);
  const __m512i fraction =
      _mm512_add_epi64(_mm512_maskz_mul_epu32(0xFF, magic_low, hash),
                       _mm512_maskz_slli_epi64(0xFF, _mm512_maskz_mul_epu32(0xFF, magic_high, hash), 32));
  const __m512i low = _mm512_maskz_srli_epi64(0xFF, _mm512_maskz_mul_epu32(0xFF, fraction, buckets), 32);
  const __m512i high = _mm512_maskz_mul_epu32(0xFF, _mm512_maskz_srli_epi64(0xFF, fraction, 32), buckets);
  return _mm512_maskz_srli_epi64(0xFF, _mm512_add_epi64(low, high), 32);
}

__m512i buckets_of(__m512i hash, const NgramRows& model) {
  const __m512i even = buckets_of_half(hash, model);
  const __m512i odd = buckets_of_half(_mm512_maskz_srli_epi64(0xFF, hash, 32), model);
  return _mm512_or_si512(even, _mm512_maskz_slli_epi64(0xFF, odd, 32));
}

// Of `lanes`, those whose bucket has a row.
__mmask16 present_of(__m512i buckets, __mmask16 lanes, const NgramRows& model) {
  if (model.blocks.empty()) return lanes;
  static_assert(sizeof(NgramRows::Block) == 16);
  // A block is four words of 32 bits, the first two of which are its bits.
  const __m512i block = _mm512_maskz_slli_epi32(kAll, _mm512_maskz_srli_epi32(kAll, buckets, 6), 2);
  const __m512i half = _mm512_and_si512(_mm512_maskz_srli_epi32(kAll, buckets, 5), _mm512_set1_epi32(1));
  const __m512i words =
      _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes, _mm512_or_si512(block, half), model.blocks.data(), 4);
  const __m512i bit =
      _mm512_maskz_sllv_epi32(kAll, _mm512_set1_epi32(1), _mm512_and_si512(buckets, _mm512_set1_epi32(31)));
  return _mm512_mask_test_epi32_mask(lanes, words, bit);
}

uint32_t row_of(const NgramRows& model, uint32_t bucket) {
  if (model.blocks.empty()) return model.first_row + bucket;
  const NgramRows::Block& block = model.blocks[bucket / 64];
  return block.first_row + static_cast<uint32_t>(_mm_popcnt_u64(block.present & ((uint64_t{1} << (bucket % 64)) - 1)));
}

// Of the n-grams of one character, those that are a bracket, which do not count: at the word's start and at its end.
__mmask16 lone_brackets(size_t start, size_t size, __mmask16 ended, std::string_view bracketed) {
  __mmask16 lone = start == 0 ? 1 : 0;
  size_t last = size - 1;  // of the last character
  while (last > 0 && (static_cast<uint8_t>(bracketed[last]) & 0xC0) == 0x80) --last;
  if (last >= start && last < start + kStarts) lone |= static_cast<__mmask16>(1U << (last - start));
  return ended & lone;
}

}  // namespace

size_t find_ngrams_avx512(const NgramRows& model, std::string_view bracketed, size_t begin, size_t stop,
                          uint32_t*& rows) {
  const uint32_t least = model.least > 0 ? model.least : 1;
  for (; begin < stop; begin += kStarts) {
    Ngrams found;
    if (!hash_ngrams(bracketed, begin, first_lanes(stop - begin), model.most, found)) return begin;
    found.ended[0] &= static_cast<__mmask16>(~lone_brackets(begin, bracketed.size(), found.ended[0], bracketed));
    alignas(64) uint32_t buckets[kNgramLengthsMax][kStarts];
    uint64_t present = 0;  // bit 4 * lane + n - 1
    for (uint32_t n = least; n <= model.most; ++n) {
      const __m512i of_n = buckets_of(found.hashes[n - 1], model);
      _mm512_store_si512(buckets[n - 1], of_n);
      present |= _pdep_u64(present_of(of_n, found.ended[n - 1], model), 0x1111111111111111ULL << (n - 1));
    }
    for (; present != 0; present &= present - 1) {
      const auto at = static_cast<uint32_t>(_tzcnt_u64(present));
      *rows++ = row_of(model, buckets[at & 3][at >> 2]);
    }
  }
  return begin;
}

}  // namespace ftok
