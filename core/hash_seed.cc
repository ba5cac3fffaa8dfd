#include "core/hash_seed.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace ftok {
namespace {

HashSeed random_seed() {
  HashSeed seed{};
  auto* at = reinterpret_cast<unsigned char*>(&seed);
  for (size_t left = sizeof seed; left > 0;) {
    const ssize_t got = ::getrandom(at, left, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw_errno("cannot get random numbers", errno);
    at += got;
    left -= static_cast<size_t>(got);
  }
  return seed;
}

HashSeed& seed_of_process() {
  static HashSeed seed = random_seed();
  return seed;
}

}  // namespace

const HashSeed& hash_seed() { return seed_of_process(); }

// SplitMix64 (Steele, Lea and Flood 2014).
void set_hash_seed(uint64_t number) {
  for (uint64_t& word : seed_of_process().words) {
    number += 0x9E3779B97F4A7C15ULL;
    word = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9ULL;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBULL;
    word ^= word >> 31;
  }
}

// Sixteen bytes at a time, the last padded with zeros; the size is mixed in, so that padding cannot make two texts
// alike. All factors hold secret words, so that none can be made zero.
uint64_t seeded_hash(std::string_view bytes) {
  const HashSeed& seed = hash_seed();
  uint64_t hash = seed[0];
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t words[2];
  for (; left > sizeof words; left -= sizeof words, at += sizeof words) {
    std::memcpy(words, at, sizeof words);
    hash = seeded_mix(hash ^ words[0], words[1], seed[1], seed[2]);
  }
  words[0] = words[1] = 0;
  if (left > 0) std::memcpy(words, at, left);
  return seeded_mix(seeded_mix(hash ^ words[0], words[1], seed[3], seed[4]), bytes.size(), seed[5], seed[6]);
}

}  // namespace ftok
