// ValueHistogram: how numbers of an unknown range are spread. Every power of two is divided into 32 bins of equal
// width, so a bin tells a number to 3 % of it, whole numbers below 64 exactly; zero, and what is nearer to it than
// 2^-40, has a bin of its own. Neither the range nor the order of the numbers matters, and memory is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace ftok {

class ValueHistogram {
 public:
  void add(double value);  // what is not finite is left out

  struct Bin {
    double low = 0, high = 0;  // [low, high); of numbers below zero (low, high]; zero: both 0
    uint64_t count = 0;
  };
  std::vector<Bin> bins() const;  // those that hold something, ascending

  uint64_t count() const { return count_; }

 private:
  std::map<int, uint64_t> bins_;  // negative numbers mirrored
  uint64_t count_ = 0;
};

}  // namespace ftok
