// Weights in fewer bits, for text from a model on the CPU, where the time of a token is that of reading all weights.
//
// What is packed: the matrices of the blocks, the embedding of tokens and the head. Gains, biases and learned positions
// stay in fp32, and so does all arithmetic.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trainer/model.h"

namespace ftok {

// kBfloat16: to the nearest, 2 bytes a weight. kInt8: a byte a weight and a scale (fp32) for each kScaleGroup inputs of
// an output: weight = scale number, scale = largest magnitude of the group / 127.
enum class WeightType : uint8_t { kFloat32, kBfloat16, kInt8 };

inline constexpr int64_t kScaleGroup = 64;

// "f32", "bf16", "int8".
const std::vector<std::string>& weight_type_names();
// Throws UsageError for any other name.
WeightType parse_weight_type(const std::string& name);

// Whether the tensor is one that is packed.
bool is_packed(const Tensor& tensor, const ParameterLayout& layout);

// What packing does to parameters (layout.size()), in place: the model that a packed one computes, to the rounding of
// sums. To measure what it costs.
void round_weights(const ParameterLayout& layout, WeightType type, std::span<float> parameters);

// A matrix (outputs, inputs) in fewer bits.
class PackedMatrix {
 public:
  // `type` is not kFloat32. `weights` (outputs, inputs), or its transpose (inputs, outputs).
  PackedMatrix(const float* weights, bool transposed, int64_t outputs, int64_t inputs, WeightType type);

  int64_t outputs() const { return outputs_; }
  int64_t inputs() const { return inputs_; }
  uint64_t bytes() const;

  // A matrix of a model, `parameters` being all of the model's. Those of blocks lie there as inputs x outputs.
  PackedMatrix(const Tensor& tensor, const float* parameters, WeightType type)
      : PackedMatrix(parameters + tensor.offset, is_transposed(tensor),
                     is_transposed(tensor) ? tensor.columns : tensor.rows,
                     is_transposed(tensor) ? tensor.rows : tensor.columns, type) {}
  static bool is_transposed(const Tensor& tensor) { return !tensor.maps.empty(); }

  // The weights (inputs) of one output.
  void read_row(int64_t output, float* weights) const;
  // out[o] = the sum over i of in[i] weight[o,i], for the outputs [begin, end); of `out`, their first is out[0]. Sums
  // are in a fixed order: the same bits on every machine.
  void multiply(float* out, const float* in, int64_t begin, int64_t end) const;

 private:
  int64_t groups() const { return (inputs_ + kScaleGroup - 1) / kScaleGroup; }

  int64_t outputs_, inputs_;
  std::vector<uint16_t> halves_;  // kBfloat16: (outputs, inputs)
  std::vector<int8_t> numbers_;   // kInt8: likewise
  std::vector<float> scales_;     // kInt8: (outputs, groups)
};

}  // namespace ftok
