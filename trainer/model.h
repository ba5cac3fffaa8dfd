// The shape of a GPT-2 (Radford et al. 2019): learned positions, LayerNorm before each block, GELU (tanh), output head
// tied to the token embedding. Where each parameter lies in one flat array, and how it starts.
//
// Letters: B sequences, T positions, C channels, H heads, V vocabulary, L layers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"

namespace ftok {

struct ModelConfig {
  int64_t layers = 12;
  int64_t heads = 12;
  int64_t channels = 768;
  int64_t length = 1024;
  int64_t vocabulary_size = 50257;

  void visit(OptionVisitor& visitor) {
    visitor.field("layers", layers, "transformer blocks (GPT-2, table 2)");
    visitor.field("heads", heads, "attention heads; divides channels");
    visitor.field("channels", channels, "width of the residual stream");
    visitor.field("length", length, "positions: the longest context, in tokens");
    visitor.field("vocabulary_size", vocabulary_size, "token ids are below it; rows are padded to a multiple of 128");
  }

  int64_t head_channels() const { return channels / heads; }
  // V rounded up to a multiple of 128, as llm.c has it (kernels like round sizes). The rows added are zero and stay so.
  int64_t padded_vocabulary() const { return (vocabulary_size + 127) / 128 * 128; }

  // Floating-point operations a token of training takes: 6 N + 6 L C T, N with the padded vocabulary (llm.c's count; a
  // causal attention needs half of the second term's products).
  double flops_per_token() const;

  // Throws UsageError naming the key that is out of range, or that the whole is larger than 2^36 parameters.
  void check() const;

  bool operator==(const ModelConfig&) const = default;
};

// A parameter's initial value (GPT-2, section 2.3): gains 1, biases 0, the rest normal with deviation 0.02, projections
// onto the residual stream with 0.02 / sqrt(2 L).
enum class Start : uint8_t { kOnes, kZeros, kNormal, kResidualNormal };

struct Tensor {
  std::string name;  // Hugging Face's: "h.0.attn.c_attn.weight"
  int64_t rows = 1;  // 1 for a vector
  int64_t columns = 0;
  int64_t rows_used = 1;  // below rows for the padded embedding
  int64_t offset = 0;     // in elements, from the start of the flat array
  Start start = Start::kZeros;
  bool decays = false;  // weight decay: matrices and embeddings, not gains and biases

  int64_t size() const { return rows * columns; }
};

// Parameters of one block, as offsets. Linear weights are stored input x output, as Hugging Face's GPT-2 has them.
struct BlockOffsets {
  int64_t ln_1_gain, ln_1_bias;                                    // (C)
  int64_t qkv_weight, qkv_bias;                                    // (C, 3C), (3C): queries, keys, values
  int64_t attention_projection_weight, attention_projection_bias;  // (C, C), (C)
  int64_t ln_2_gain, ln_2_bias;                                    // (C)
  int64_t fc_weight, fc_bias;                                      // (C, 4C), (4C)
  int64_t projection_weight, projection_bias;                      // (4C, C), (C)
};

// All tensors in order, each offset a multiple of 16 elements (the gaps are zero). Const, thread-safe.
class ParameterLayout {
 public:
  explicit ParameterLayout(const ModelConfig& config);  // throws as ModelConfig::check

  const std::vector<Tensor>& tensors() const { return tensors_; }
  int64_t size() const { return size_; }              // elements of the flat array
  int64_t parameters() const { return parameters_; }  // without padding
  const BlockOffsets& block(int64_t layer) const { return blocks_[static_cast<size_t>(layer)]; }

  int64_t wte = 0, wpe = 0;              // (padded V, C), (T, C)
  int64_t ln_f_gain = 0, ln_f_bias = 0;  // (C)

 private:
  int64_t add(std::string name, int64_t rows, int64_t columns, Start start);

  std::vector<Tensor> tensors_;
  std::vector<BlockOffsets> blocks_;
  int64_t size_ = 0;
  int64_t parameters_ = 0;
};

// Fills `parameters` (layout.size() elements): a function of layout and seed alone, the same for float and double to
// rounding.
template <typename Real>
void initialise(const ParameterLayout& layout, int64_t layers, uint64_t seed, std::vector<Real>& parameters);

}  // namespace ftok
