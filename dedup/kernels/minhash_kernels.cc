// Each kernel keeps the running minima, multipliers and addends of a block of hash functions in registers and streams
// the shingles past them; a block is as many functions as the registers hold.
#include "dedup/kernels/minhash_kernels.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ftok {
namespace {

template <bool kMersenne>
uint64_t value_of(uint64_t y) {
  if constexpr (!kMersenne) return y;
  const uint64_t folded = (y & kMersennePrime) + (y >> 61);  // < 2^61 + 7
  return folded >= kMersennePrime ? folded - kMersennePrime : folded;
}

template <bool kMersenne>
void plain(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b, uint64_t* signature,
           size_t hashes) {
  constexpr size_t kBlock = kMinHashLanes;
  for (size_t block = 0; block < hashes; block += kBlock) {
    uint64_t least[kBlock];
    std::copy_n(signature + block, kBlock, least);
    for (size_t s = 0; s < count; ++s) {
      for (size_t i = 0; i < kBlock; ++i) {
        least[i] = std::min(least[i], value_of<kMersenne>(a[block + i] * shingles[s] + b[block + i]));
      }
    }
    std::copy_n(least, kBlock, signature + block);
  }
}

#if defined(__x86_64__)

// AVX2 has neither a 64-bit product nor an unsigned comparison: the product is put together from three of 32 bits, and
// values are compared with their top bit flipped.
template <bool kMersenne>
__attribute__((target("avx2"))) void avx2(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b,
                                          uint64_t* signature, size_t hashes) {
  constexpr size_t kVectors = 2;
  const __m256i flip = _mm256_set1_epi64x(static_cast<long long>(kMersenne ? 0 : uint64_t{1} << 63));
  const __m256i prime = _mm256_set1_epi64x(static_cast<long long>(kMersennePrime));
  const __m256i below_prime = _mm256_set1_epi64x(static_cast<long long>(kMersennePrime - 1));
  for (size_t block = 0; block < hashes; block += 4 * kVectors) {
    __m256i low[kVectors], high[kVectors], add[kVectors], least[kVectors];
    for (size_t v = 0; v < kVectors; ++v) {
      low[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + block + 4 * v));
      high[v] = _mm256_srli_epi64(low[v], 32);
      // Flipping the top bit of the sum is the same as flipping it in the addend.
      add[v] = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + block + 4 * v)), flip);
      least[v] = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(signature + block + 4 * v)),
                                  _mm256_set1_epi64x(static_cast<long long>(uint64_t{1} << 63)));
    }
    for (size_t s = 0; s < count; ++s) {
      const __m256i x = _mm256_set1_epi64x(static_cast<long long>(shingles[s]));
      const __m256i x_high = _mm256_srli_epi64(x, 32);
      for (size_t v = 0; v < kVectors; ++v) {
        const __m256i cross = _mm256_add_epi64(_mm256_mul_epu32(x, high[v]), _mm256_mul_epu32(x_high, low[v]));
        __m256i y = _mm256_add_epi64(_mm256_mul_epu32(x, low[v]), _mm256_slli_epi64(cross, 32));
        y = _mm256_add_epi64(y, add[v]);
        if constexpr (kMersenne) {
          y = _mm256_add_epi64(_mm256_and_si256(y, prime), _mm256_srli_epi64(y, 61));
          y = _mm256_sub_epi64(y, _mm256_and_si256(_mm256_cmpgt_epi64(y, below_prime), prime));
          y = _mm256_xor_si256(y, _mm256_set1_epi64x(static_cast<long long>(uint64_t{1} << 63)));
        }
        least[v] = _mm256_blendv_epi8(least[v], y, _mm256_cmpgt_epi64(least[v], y));
      }
    }
    for (size_t v = 0; v < kVectors; ++v) {
      least[v] = _mm256_xor_si256(least[v], _mm256_set1_epi64x(static_cast<long long>(uint64_t{1} << 63)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(signature + block + 4 * v), least[v]);
    }
  }
}

template <bool kMersenne, size_t kVectors>
__attribute__((target("avx512f,avx512dq"))) void avx512_block(const uint64_t* shingles, size_t count, const uint64_t* a,
                                                              const uint64_t* b, uint64_t* signature) {
  const __m512i prime = _mm512_set1_epi64(static_cast<long long>(kMersennePrime));
  __m512i multiply[kVectors], add[kVectors], least[kVectors];
  for (size_t v = 0; v < kVectors; ++v) {
    multiply[v] = _mm512_loadu_si512(a + 8 * v);
    add[v] = _mm512_loadu_si512(b + 8 * v);
    least[v] = _mm512_loadu_si512(signature + 8 * v);
  }
  for (size_t s = 0; s < count; ++s) {
    const __m512i x = _mm512_set1_epi64(static_cast<long long>(shingles[s]));
    for (size_t v = 0; v < kVectors; ++v) {
      __m512i y = _mm512_add_epi64(_mm512_mullo_epi64(x, multiply[v]), add[v]);
      if constexpr (kMersenne) {
        y = _mm512_add_epi64(_mm512_and_si512(y, prime), _mm512_srli_epi64(y, 61));
        y = _mm512_min_epu64(y, _mm512_sub_epi64(y, prime));  // below the prime the difference wraps and is large
      }
      least[v] = _mm512_min_epu64(least[v], y);
    }
  }
  for (size_t v = 0; v < kVectors; ++v) _mm512_storeu_si512(signature + 8 * v, least[v]);
}

template <bool kMersenne>
void avx512(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b, uint64_t* signature,
            size_t hashes) {
  constexpr size_t kVectors = 7;  // 112 hashes are two blocks
  size_t block = 0;
  for (; block + 8 * kVectors <= hashes; block += 8 * kVectors) {
    avx512_block<kMersenne, kVectors>(shingles, count, a + block, b + block, signature + block);
  }
  for (; block < hashes; block += 8)
    avx512_block<kMersenne, 1>(shingles, count, a + block, b + block, signature + block);
}

#endif

}  // namespace

void minhash_plain(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b, uint64_t* signature,
                   size_t hashes, bool mersenne) {
  (mersenne ? plain<true> : plain<false>)(shingles, count, a, b, signature, hashes);
}

#if defined(__x86_64__)
void minhash_avx2(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b, uint64_t* signature,
                  size_t hashes, bool mersenne) {
  (mersenne ? avx2<true> : avx2<false>)(shingles, count, a, b, signature, hashes);
}

void minhash_avx512(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b, uint64_t* signature,
                    size_t hashes, bool mersenne) {
  (mersenne ? avx512<true> : avx512<false>)(shingles, count, a, b, signature, hashes);
}
#endif

}  // namespace ftok
