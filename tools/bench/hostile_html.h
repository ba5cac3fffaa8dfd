// Pages made to cost much, of any size: what the tests hold the parser's bounds against and tools/bench/html measures.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ftok::bench {

struct HostilePage {
  std::string name;  // "<b><div></b>", "random tags"
  std::string (*make)(const HostilePage& page, size_t bytes);
  std::string before, unit;  // for those that repeat a unit

  // At least `bytes` bytes, deterministic.
  std::string html(size_t bytes) const { return make(*this, bytes); }
};

// All of them, in a fixed order.
const std::vector<HostilePage>& hostile_pages();

}  // namespace ftok::bench
