#include "dedup/key_records.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>

#include "dedup/passes/sort.h"

namespace ftok {

__extension__ using Wide = unsigned __int128;

namespace {

// What stands for the text. Where documents are joined nobody looks at the content check later: it is in the key.
uint64_t content_of(const DeduplicatorOptions& options, const KeyParts<const uint64_t>& parts) {
  if (!options.joins()) return parts.content;
  const uint64_t both[] = {parts.content, parts.check};
  return std::max<uint64_t>(XXH3_64bits(both, sizeof both), 1);
}

}  // namespace

bool append_records(const DeduplicatorOptions& options, const KeyLayout& layout, std::span<const uint64_t> keys,
                    uint64_t document, std::vector<KeyRecord>& records) {
  assert(layout.compared_keys() < kSlotsMax && document < kDocumentsMax);
  const KeyParts parts = layout.parts_of(keys);
  if (options.exact && parts.content != 0) records.push_back({content_of(options, parts), place_of(document, 0)});
  if (layout.urls && keys[layout.url_slot()] != 0) {
    records.push_back({keys[layout.url_slot()], place_of(document, layout.url_slot())});
  }
  if (!options.minhash) return false;
  bool has_buckets = false;
  for (size_t bucket = 0; bucket < parts.buckets.size(); ++bucket) {
    if (parts.buckets[bucket] == 0) continue;
    has_buckets = true;
    records.push_back({parts.buckets[bucket], place_of(document, bucket + 1)});
  }
  return has_buckets;
}

void sort_records(std::vector<KeyRecord>& records) {
  std::vector<KeyRecord> scratch(records.size());
  sort_by_key(records.data(), scratch.data(), records.size(), 64);
}

size_t key_range(uint64_t key, size_t ranges) { return static_cast<size_t>((static_cast<Wide>(key) * ranges) >> 64); }

uint64_t key_range_begin(size_t range, size_t ranges) {
  assert(ranges > 0 && range <= ranges);
  if (range == ranges) return UINT64_MAX;
  const Wide whole = static_cast<Wide>(range) << 64;
  return static_cast<uint64_t>((whole + ranges - 1) / ranges);
}

std::vector<uint64_t> key_range_ends(std::span<const KeyRecord> sorted, size_t ranges) {
  std::vector<uint64_t> ends(ranges, sorted.size());
  auto at = sorted.begin();
  for (size_t range = 0; range + 1 < ranges; ++range) {
    const uint64_t next = key_range_begin(range + 1, ranges);
    at = std::lower_bound(at, sorted.end(), next,
                          [](const KeyRecord& record, uint64_t key) { return record.key < key; });
    ends[range] = static_cast<uint64_t>(at - sorted.begin());
  }
  return ends;
}

}  // namespace ftok
