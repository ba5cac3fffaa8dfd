#include "filters/url_lists/hashed_set.h"

#include <algorithm>

#include <xxhash.h>

#include "core/error.h"

namespace ftok {

HashedSet::Entry HashedSet::hash(std::string_view text) const {
  const XXH128_hash_t h = XXH3_128bits_withSeed(text.data(), text.size(), seed_);
  return {h.high64, h.low64};
}

void HashedSet::add(std::string_view text) { entries_.push_back(hash(text)); }

// Entries are spread over ranges by their high bits, about two a range, then each range is sorted: one pass over memory
// rather than the log n of a sort.
void HashedSet::seal() {
  if (entries_.size() >= uint64_t{1} << 32) throw Error("a list of more than 2^32 entries");
  unsigned bits = 0;
  while (bits < 31 && (size_t{2} << bits) < entries_.size()) ++bits;
  shift_ = 64 - bits;
  const size_t ranges = size_t{1} << bits;
  std::vector<uint32_t> at(ranges + 1, 0);
  for (const Entry& entry : entries_) ++at[range_of(entry.high) + 1];
  for (size_t i = 0; i < ranges; ++i) at[i + 1] += at[i];
  starts_ = at;
  std::vector<Entry> spread(entries_.size());
  for (const Entry& entry : entries_) spread[at[range_of(entry.high)]++] = entry;
  size_t kept = 0;
  for (size_t range = 0; range < ranges; ++range) {
    const auto begin = spread.begin() + starts_[range], end = spread.begin() + starts_[range + 1];
    std::sort(begin, end);
    starts_[range] = static_cast<uint32_t>(kept);
    for (auto it = begin; it != end; ++it) {
      if (it == begin || *it != *(it - 1)) entries_[kept++] = *it;
    }
  }
  starts_[ranges] = static_cast<uint32_t>(kept);
  entries_.resize(kept);
  entries_.shrink_to_fit();
}

size_t HashedSet::fullest_range() const {
  size_t most = 0;
  for (size_t i = 0; i + 1 < starts_.size(); ++i) most = std::max<size_t>(most, starts_[i + 1] - starts_[i]);
  return most;
}

bool HashedSet::contains(std::string_view text) const {
  if (entries_.empty()) return false;
  const Entry wanted = hash(text);
  const size_t range = range_of(wanted.high);
  for (size_t i = starts_[range]; i < starts_[range + 1]; ++i) {
    if (entries_[i] == wanted) return true;
  }
  return false;
}

}  // namespace ftok
