// What the benchmarks of tools/gpu_check share: arrays that are filled on the device, and the sizes of GPT-2 124M.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "trainer/cuda/device.h"
#include "trainer/layers/bfloat16.h"
#include "trainer/random.h"

namespace ftok::bench {

constexpr int64_t kB = 64, kT = 1024, kC = 768, kH = 12, kV = 50257, kPadded = 50304, kR = kB * kT, kChunk = 8192;

// A message as it may stand between the quotes of a line of JSON.
inline std::string quotable(std::string text) {
  for (char& c : text) {
    if (c == '"' || c == '\\') c = '\'';
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

// n normal numbers on the device; not zeros, on which a GPU is faster than on real ones.
inline void fill(Device& device, MemoryArray<Bf16>& array, int64_t n) {
  constexpr int64_t kPattern = 1 << 20;
  std::vector<Bf16> values(static_cast<size_t>(std::min(n, kPattern)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = to_bfloat16(static_cast<float>(random_normal(1, 1, i)));
  array.resize(static_cast<size_t>(n));
  for (int64_t at = 0; at < n; at += kPattern) {
    device.copy_to_device(array.data() + at, values.data(),
                          static_cast<size_t>(std::min(kPattern, n - at)) * sizeof(Bf16));
  }
  device.synchronize();
}

}  // namespace ftok::bench
