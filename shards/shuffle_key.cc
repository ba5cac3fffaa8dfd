#include "shards/shuffle_key.h"

#include <xxhash.h>

namespace ftok {

ShuffleKey shuffle_key(std::string_view text, uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), seed);
  return {hash.high64, hash.low64};
}

}  // namespace ftok
