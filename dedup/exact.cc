#include "dedup/exact.h"

#include <xxhash.h>

#include <algorithm>

#include "dedup/kernels/short_digest.h"

namespace ftok {

ContentHash content_hash(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

uint64_t content_key(std::string_view text) { return std::max<uint64_t>(content_hash(text).low, 1); }

uint64_t content_check(std::string_view text) {
  thread_local ShortDigest sha256("SHA256");
  return sha256.first_8_bytes(text);
}

}  // namespace ftok
