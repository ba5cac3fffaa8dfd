// The inner loop of MinHash: the least value of each of many hash functions over a list of shingles. Internal to
// dedup/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ftok {

inline constexpr uint64_t kMersennePrime = (uint64_t{1} << 61) - 1;
inline constexpr size_t kMinHashLanes = 8;  // kernels take a multiple of this many hash functions

// signature[i] = min(signature[i], min over x in shingles of value(a[i] * x + b[i])), i < hashes, unsigned; value(y) =
// y, or y mod kMersennePrime with `mersenne`.
using MinHashKernel = void (*)(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b,
                               uint64_t* signature, size_t hashes, bool mersenne);

void minhash_plain(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b, uint64_t* signature,
                   size_t hashes, bool mersenne);
#if defined(__x86_64__)
void minhash_avx2(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b, uint64_t* signature,
                  size_t hashes, bool mersenne);
void minhash_avx512(const uint64_t* shingles, size_t count, const uint64_t* a, const uint64_t* b, uint64_t* signature,
                    size_t hashes, bool mersenne);
#endif

}  // namespace ftok
