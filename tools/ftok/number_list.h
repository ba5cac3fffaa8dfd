// NumberList: numbers in decimal with a character between them, from a table in which each small number is written
// already.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shards/token_bytes.h"

namespace ftok::cli {

// Serial. The table grows to a power of two above the largest number seen, up to kTableMax numbers of 8 bytes.
class NumberList {
 public:
  static constexpr uint32_t kTableMax = uint32_t{1} << 18;  // the vocabularies that there are; 2 MB

  explicit NumberList(char between) : between_(between) {}

  // Lives until the next call.
  std::string_view write(std::span<const uint32_t> numbers) {
    if (numbers.empty()) return {};
    const uint32_t largest = largest_of(numbers);
    grow(largest < kTableMax ? std::bit_ceil(largest + 1) : kTableMax);
    if (bytes_.size() < numbers.size() * kBytesMax) bytes_.resize(numbers.size() * kBytesMax);
    char* to = bytes_.data();
    if (largest < kTableMax) {
      for (const uint32_t number : numbers) to = write_short(to, number);
    } else {
      for (const uint32_t number : numbers) to = number < kTableMax ? write_short(to, number) : write_any(to, number);
    }
    return {bytes_.data(), static_cast<size_t>(to - bytes_.data()) - 1};
  }

 private:
  static constexpr size_t kSlotBytes = 8;  // six digits and what is behind them; the last byte is how many bytes
  static constexpr size_t kBytesMax = 11;  // of a number and what is behind it
  static_assert(kTableMax <= 1'000'000);

  char* write_any(char* to, uint32_t number) const {
    to = std::to_chars(to, to + kBytesMax, number).ptr;
    *to = between_;
    return to + 1;
  }
  char* write_short(char* to, uint32_t number) const {
    const std::array<char, kSlotBytes>& slot = slots_[number];
    std::memcpy(to, slot.data(), kSlotBytes);
    return to + slot.back();
  }
  void grow(uint32_t count) {
    for (auto number = static_cast<uint32_t>(slots_.size()); number < count; ++number) {
      std::array<char, kBytesMax> text;
      char* const end = write_any(text.data(), number);
      std::array<char, kSlotBytes>& slot = slots_.emplace_back();
      std::copy(text.data(), end, slot.begin());
      slot.back() = static_cast<char>(end - text.data());
    }
  }

  char between_;
  std::vector<std::array<char, kSlotBytes>> slots_;
  std::string bytes_;  // may have more
};

}  // namespace ftok::cli
