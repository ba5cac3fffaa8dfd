#include "tools/ftok/number_ranges.h"

#include <fmt/format.h>

namespace ftok::cli {

std::string number_ranges(std::span<const uint64_t> numbers, uint64_t offset) {
  std::string text;
  for (size_t i = 0; i < numbers.size();) {
    size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ",", numbers[i] - offset);
    if (end - i > 1) text += fmt::format("-{}", numbers[end - 1] - offset);
    i = end;
  }
  return text;
}

}  // namespace ftok::cli
