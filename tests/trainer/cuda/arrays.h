// Arrays for kernels on the CPU, and what is asked of their results.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/support/test_data.h"
#include "trainer/cuda/shim_block.h"
#include "trainer/layers/bfloat16.h"
#include "trainer/random.h"

namespace ftok::testing {

using Bf16s = std::vector<Bf16>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

// n normal numbers, rounded.
inline Bf16s random_bf16(int64_t n, uint64_t stream, double deviation = 1, double mean = 0) {
  Bf16s numbers;
  for (int64_t i = 0; i < n; ++i) {
    numbers.push_back(
        to_bfloat16(static_cast<float>(mean + deviation * random_normal(9, stream, static_cast<uint64_t>(i)))));
  }
  return numbers;
}

inline Floats random_floats(int64_t n, uint64_t stream, double deviation = 1) {
  Floats numbers;
  for (int64_t i = 0; i < n; ++i) {
    numbers.push_back(static_cast<float>(deviation * random_normal(9, stream, static_cast<uint64_t>(i))));
  }
  return numbers;
}

template <typename T>
Doubles widen(const std::vector<T>& numbers) {
  Doubles wide;
  for (const T x : numbers) wide.push_back(static_cast<double>(to_float(x)));
  return wide;
}

// What was never written is not a number.
inline Bf16s unwritten_bf16(int64_t n) { return Bf16s(static_cast<size_t>(n), Bf16{0xFFFF}); }
inline Floats unwritten_floats(int64_t n) {
  return Floats(static_cast<size_t>(n), std::numeric_limits<float>::quiet_NaN());
}

// Every element within `relative` of its own reference plus `absolute` times the root mean square of all. bfloat16
// rounds by up to 2^-9 of a number.
template <typename T>
void expect_near(const std::vector<T>& got, const Doubles& expected, double relative, double absolute,
                 const char* what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  double squares = 0;
  for (const double x : expected) squares += x * x;
  const double typical = std::sqrt(squares / static_cast<double>(std::max<size_t>(1, expected.size())));
  for (size_t i = 0; i < got.size(); ++i) {
    const double x = static_cast<double>(to_float(got[i]));
    ASSERT_LE(std::abs(x - expected[i]), relative * std::abs(expected[i]) + absolute * typical)
        << what << "[" << i << "]: " << x << ", expected " << expected[i];
  }
}

// ||got - expected|| / ||expected||.
template <typename T>
double relative_distance(const std::vector<T>& got, const Doubles& expected) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double d = static_cast<double>(to_float(got[i])) - expected[i];
    difference += d * d;
    norm += expected[i] * expected[i];
  }
  return std::sqrt(difference / norm);
}

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Runs `make` under every order of threads and blocks; its result, a vector, must not depend on it. Under sanitizers
// one order: all of them touch the same memory.
template <typename Make>
auto run_in_every_order(const Make& make) {
  shim::set_schedule(shim::Schedule::kForward);
  const auto result = make();
  if (kSanitized) return result;
  for (const shim::Schedule schedule : {shim::Schedule::kBackward, shim::Schedule::kShuffled}) {
    shim::set_schedule(schedule);
    EXPECT_TRUE(same_bits(result, make())) << "threads race: schedule " << static_cast<int>(schedule);
  }
  shim::set_schedule(shim::Schedule::kForward);
  return result;
}

}  // namespace ftok::testing
