#include "tokenizer/pretoken_counts.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/error.h"
#include "tokenizer/pretokenize.h"
#include "tokenizer/token_table.h"

namespace ftok {

PretokenCounts::PretokenCounts() : slots_(1 << 16, UINT32_MAX) {}

void PretokenCounts::add(std::string_view pretoken, uint64_t count) {
  const auto hash = static_cast<uint32_t>(hash_bytes(pretoken));
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    const uint32_t index = slots_[slot];
    if (index == UINT32_MAX) {
      if (entries_.size() >= UINT32_MAX - 1) throw Error("more than 4 billion distinct pretokens");
      slots_[slot] = static_cast<uint32_t>(entries_.size());
      entries_.push_back({bytes_.size(), count, static_cast<uint32_t>(pretoken.size()), hash});
      bytes_.append(pretoken);
      if (entries_.size() * 2 > slots_.size()) grow();
      return;
    }
    Entry& entry = entries_[index];
    if (entry.hash == hash && entry.size == pretoken.size() &&
        std::memcmp(bytes_.data() + entry.begin, pretoken.data(), pretoken.size()) == 0) {
      entry.count += count;
      return;
    }
  }
}

void PretokenCounts::grow() {
  slots_.assign(slots_.size() * 2, UINT32_MAX);
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & mask;
    while (slots_[slot] != UINT32_MAX) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(i);
  }
}

void PretokenCounts::add_text(std::string_view text, Pattern pattern, uint64_t weight) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = pretoken_end(pattern, text, begin);
    add(text.substr(begin, end - begin), weight);
    begin = end;
  }
}

void PretokenCounts::merge(const PretokenCounts& other) {
  for (size_t i = 0; i < other.size(); ++i) add(other.pretoken(i), other.count(i));
}

uint64_t PretokenCounts::total() const {
  uint64_t total = 0;
  for (const Entry& entry : entries_) total += entry.count;
  return total;
}

size_t PretokenCounts::memory_bytes() const {
  return bytes_.capacity() + entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(uint32_t);
}

std::vector<size_t> PretokenCounts::sorted() const {
  std::vector<size_t> order(entries_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return pretoken(a) < pretoken(b); });
  return order;
}

}  // namespace ftok
