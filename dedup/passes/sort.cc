#include "dedup/passes/sort.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace ftok {
namespace {

constexpr size_t kInsertMax = 24;
constexpr size_t kInCache = size_t{1} << 16;  // records of 16 bytes that the second-level cache holds
constexpr unsigned kSplitBits = 8;            // of more than that: few enough targets for the write buffers
constexpr unsigned kGroupsBitsMax = 14;

void insert(KeyRecord* records, size_t size) {
  for (size_t i = 1; i < size; ++i) {
    const KeyRecord record = records[i];
    size_t at = i;
    for (; at > 0 && records[at - 1].key > record.key; --at) records[at] = records[at - 1];
    records[at] = record;
  }
}

}  // namespace

void sort_by_key(KeyRecord* records, KeyRecord* scratch, size_t size, unsigned bits) {
  if (size <= kInsertMax) return insert(records, size);
  if (bits == 0) return;  // all keys are the same
  // About four records a group: what is left to insert is then cheap.
  const unsigned wanted = size > kInCache ? kSplitBits : static_cast<unsigned>(std::bit_width(size)) - 3;
  const unsigned group_bits = std::min({std::max(wanted, 1u), kGroupsBitsMax, bits});
  const unsigned shift = bits - group_bits;
  const size_t mask = (size_t{1} << group_bits) - 1;
  std::vector<size_t> ends(mask + 2, 0);
  for (size_t i = 0; i < size; ++i) ++ends[((records[i].key >> shift) & mask) + 1];
  for (size_t group = 1; group < ends.size(); ++group) ends[group] += ends[group - 1];
  for (size_t i = 0; i < size; ++i) scratch[ends[(records[i].key >> shift) & mask]++] = records[i];
  std::memcpy(records, scratch, size * sizeof *records);
  size_t begin = 0;
  for (size_t group = 0; group <= mask; ++group) {
    if (ends[group] - begin > 1) sort_by_key(records + begin, scratch + begin, ends[group] - begin, shift);
    begin = ends[group];
  }
}

}  // namespace ftok
