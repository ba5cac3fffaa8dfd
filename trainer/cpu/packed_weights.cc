#include "trainer/packed_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "trainer/cpu/vectors.h"
#include "trainer/layers/bfloat16.h"

namespace ftok {
namespace {

using cpu::kLanes;

constexpr float kNumberMax = 127;

float from_half(uint16_t bits) { return to_float(Bf16{bits}); }

// numbers (n <= kScaleGroup) and their scale, which is returned.
float pack_group(const float* weights, int64_t n, int8_t* numbers) {
  float most = 0;
  for (int64_t i = 0; i < n; ++i) most = std::max(most, std::abs(weights[i]));
  const float scale = most / kNumberMax;
  for (int64_t i = 0; i < n; ++i) {
    numbers[i] = scale > 0 ? static_cast<int8_t>(std::lround(std::clamp(weights[i] / scale, -kNumberMax, kNumberMax)))
                           : int8_t{0};
  }
  return scale;
}

// The products of one output, in lanes: number i of a group goes to lane i % 16.
FTOK_ALWAYS_INLINE float dot_numbers(const float* in, const int8_t* numbers, const float* scales, int64_t n) {
  float sums[kLanes] = {};
  float weights[kScaleGroup];  // in a loop of its own: the compiler makes vector code of each, and none of both in one
  int64_t begin = 0;
  for (; begin + kScaleGroup <= n; begin += kScaleGroup, ++scales) {
    for (int64_t i = 0; i < kScaleGroup; ++i) weights[i] = static_cast<float>(numbers[begin + i]);
    float lanes[kLanes] = {};
    for (int64_t i = 0; i < kScaleGroup; i += kLanes) {
      for (int64_t j = 0; j < kLanes; ++j) lanes[j] += in[begin + i + j] * weights[i + j];
    }
    for (int64_t j = 0; j < kLanes; ++j) sums[j] += *scales * lanes[j];
  }
  float lanes[kLanes] = {};
  for (int64_t i = begin; i < n; ++i) lanes[i % kLanes] += in[i] * static_cast<float>(numbers[i]);
  for (int64_t j = 0; begin < n && j < kLanes; ++j) sums[j] += *scales * lanes[j];
  return cpu::sum_of_lanes(sums);
}

FTOK_VECTOR_CLONES void multiply_numbers(float* out, const float* in, const int8_t* numbers, const float* scales,
                                         int64_t inputs, int64_t outputs) {
  const int64_t groups = (inputs + kScaleGroup - 1) / kScaleGroup;
  for (int64_t o = 0; o < outputs; ++o) out[o] = dot_numbers(in, numbers + o * inputs, scales + o * groups, inputs);
}

FTOK_VECTOR_CLONES void multiply_halves(float* out, const float* in, const uint16_t* halves, int64_t inputs,
                                        int64_t outputs) {
  for (int64_t o = 0; o < outputs; ++o) {
    const uint16_t* const row = halves + o * inputs;
    out[o] = cpu::lane_sum<float>(inputs,
                                  [&](int64_t i) { return in[i] * bits_float(static_cast<uint32_t>(row[i]) << 16); });
  }
}

}  // namespace

const std::vector<std::string>& weight_type_names() {
  static const std::vector<std::string> names = {"f32", "bf16", "int8"};
  return names;
}

WeightType parse_weight_type(const std::string& name) {
  const auto& names = weight_type_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw UsageError(fmt::format("weights: got '{}', expected {}", name, fmt::join(names, ", ")));
  return static_cast<WeightType>(found - names.begin());
}

bool is_packed(const Tensor& tensor, const ParameterLayout& layout) {
  return !tensor.maps.empty() || tensor.offset == layout.wte || tensor.offset == layout.head;
}

void round_weights(const ParameterLayout& layout, WeightType type, std::span<float> parameters) {
  if (type == WeightType::kFloat32) return;
  for (const Tensor& tensor : layout.tensors()) {
    if (!is_packed(tensor, layout)) continue;
    float* const weights = parameters.data() + tensor.offset;
    const PackedMatrix packed(tensor, parameters.data(), type);
    const bool transposed = PackedMatrix::is_transposed(tensor);
    const int64_t outputs = packed.outputs(), inputs = packed.inputs();
    std::vector<float> row(static_cast<size_t>(inputs));
    for (int64_t o = 0; o < outputs; ++o) {
      packed.read_row(o, row.data());
      for (int64_t i = 0; i < inputs; ++i)
        weights[transposed ? i * outputs + o : o * inputs + i] = row[static_cast<size_t>(i)];
    }
  }
}

PackedMatrix::PackedMatrix(const float* weights, bool transposed, int64_t outputs, int64_t inputs, WeightType type)
    : outputs_(outputs), inputs_(inputs) {
  const auto size = static_cast<size_t>(outputs * inputs);
  const bool halves = type == WeightType::kBfloat16;
  halves ? halves_.resize(size) : numbers_.resize(size);
  if (!halves) scales_.resize(static_cast<size_t>(outputs * groups()));
  std::vector<float> row(static_cast<size_t>(inputs));
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t i = 0; i < inputs; ++i)
      row[static_cast<size_t>(i)] = weights[transposed ? i * outputs + o : o * inputs + i];
    const auto at = static_cast<size_t>(o * inputs);
    if (halves) {
      std::transform(row.begin(), row.end(), halves_.begin() + o * inputs, [](float x) { return to_bfloat16(x).bits; });
      continue;
    }
    for (int64_t g = 0; g < groups(); ++g) {
      const int64_t begin = g * kScaleGroup, n = std::min(kScaleGroup, inputs - begin);
      scales_[static_cast<size_t>(o * groups() + g)] = pack_group(row.data() + begin, n, numbers_.data() + at + begin);
    }
  }
}

uint64_t PackedMatrix::bytes() const {
  return halves_.size() * sizeof(uint16_t) + numbers_.size() + scales_.size() * sizeof(float);
}

void PackedMatrix::read_row(int64_t output, float* weights) const {
  const auto at = static_cast<size_t>(output * inputs_);
  for (int64_t i = 0; i < inputs_; ++i) {
    const size_t place = at + static_cast<size_t>(i);
    weights[i] = numbers_.empty() ? from_half(halves_[place])
                                  : scales_[static_cast<size_t>(output * groups() + i / kScaleGroup)] * numbers_[place];
  }
}

void PackedMatrix::multiply(float* out, const float* in, int64_t begin, int64_t end) const {
  if (numbers_.empty()) return multiply_halves(out, in, halves_.data() + begin * inputs_, inputs_, end - begin);
  multiply_numbers(out, in, numbers_.data() + begin * inputs_, scales_.data() + begin * groups(), inputs_, end - begin);
}

}  // namespace ftok
