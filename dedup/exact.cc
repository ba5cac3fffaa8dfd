#include "dedup/exact.h"

#include <xxhash.h>

#include <algorithm>

namespace ftok {

ContentHash content_hash(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

uint64_t content_key(std::string_view text) { return std::max<uint64_t>(content_hash(text).low, 1); }

}  // namespace ftok
