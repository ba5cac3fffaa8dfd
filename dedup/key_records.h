// Key records: what deduplication in sorted passes is made of (passes.h). A record says that a document has a key in a
// slot: 0 is its content key, 1 and up are its buckets, the one after them is its URL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dedup/deduplicator.h"
#include "dedup/keys.h"

namespace ftok {

// Documents are numbered from 0 in commit order, below kDocumentsMax; slots from 0, below kSlotsMax.
inline constexpr unsigned kSlotBits = 10;
inline constexpr uint64_t kSlotsMax = uint64_t{1} << kSlotBits;
inline constexpr uint64_t kDocumentsMax = uint64_t{1} << (64 - kSlotBits);

// A document and one of its slots in one word; places are ordered as their documents are.
constexpr uint64_t place_of(uint64_t document, uint64_t slot) { return document << kSlotBits | slot; }
constexpr uint64_t document_of(uint64_t place) { return place >> kSlotBits; }
constexpr uint64_t slot_of(uint64_t place) { return place & (kSlotsMax - 1); }

struct KeyRecord {
  uint64_t key = 0;
  uint64_t place = 0;

  bool operator==(const KeyRecord&) const = default;
};

// Appends the records of a document: one for each of its keys that `options` compare and that is not 0. `keys` are what
// Deduplicator::keys gives. Returns whether the document has a bucket that is compared.
bool append_records(const DeduplicatorOptions& options, const KeyLayout& layout, std::span<const uint64_t> keys,
                    uint64_t document, std::vector<KeyRecord>& records);

// Sorts by key; records of one key keep their order. In place, with as much memory again while it works.
void sort_records(std::vector<KeyRecord>& records);

// Keys are divided evenly into `ranges` ranges. The range of a key, and the smallest key of a range (0 <= range <=
// ranges; of the last one's end, which is 2^64, the largest key).
size_t key_range(uint64_t key, size_t ranges);
uint64_t key_range_begin(size_t range, size_t ranges);

// The end of each range in `sorted` records: ranges values, the last one sorted.size().
std::vector<uint64_t> key_range_ends(std::span<const KeyRecord> sorted, size_t ranges);

}  // namespace ftok
