// The description of a model, which everything that computes, counts, stores or converts one walks: network, decoder,
// memory, arithmetic, checkpoints, import and export. Where each parameter lies in one flat array, and how it starts.
//
// All are decoders with a norm before attention and MLP and residual connections around them. GPT-2 (Radford et al.
// 2019) is what the defaults say: learned positions, LayerNorm, GELU (tanh), biases, an output head tied to the token
// embedding. Llama, Mistral and Qwen differ in the keys from `norm` on.
//
// Letters: B sequences, T positions, C channels, H heads, K heads of keys and values, D channels of a head, F channels
// inside the MLP, V vocabulary, L layers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"

namespace ftok {

// The keys of a recipe's [model]. What each means, visit() says (`ftok train tiny --show` prints it), and check() has
// the ranges; 0 of mlp_channels, kv_heads and head_size stands for 4 C, H and C / H, and of window for no window.
struct ModelConfig {
  int64_t layers = 12;
  int64_t heads = 12;
  int64_t channels = 768;
  int64_t length = 1024;
  int64_t vocabulary_size = 50257;
  std::string norm = "layernorm";
  double norm_epsilon = 1e-5;
  std::string positions = "learned";
  double rope_theta = 10000;
  std::string rope_scaling = "none";
  double rope_factor = 1;
  double rope_low_factor = 1;
  double rope_high_factor = 4;
  int64_t rope_original_length = 8192;
  std::string mlp = "gelu";
  int64_t mlp_channels = 0;
  int64_t kv_heads = 0;
  int64_t head_size = 0;
  bool qkv_bias = true;
  bool projection_bias = true;
  bool mlp_bias = true;
  bool qk_norm = false;
  bool tied_head = true;
  bool score_head = false;
  int64_t window = 0;

  void visit(OptionVisitor& visitor);

  bool has_layernorm() const { return norm == "layernorm"; }  // else RMSNorm
  bool has_rotary() const { return positions == "rotary"; }   // else learned positions
  bool has_swiglu() const { return mlp == "swiglu"; }
  bool has_gelu() const { return mlp == "gelu"; }
  // Whether these are GPT-2's equations, whatever the sizes.
  bool is_gpt2() const;

  int64_t head_channels() const { return head_size > 0 ? head_size : channels / heads; }          // D
  int64_t key_heads() const { return kv_heads > 0 ? kv_heads : heads; }                           // K
  int64_t attention_channels() const { return heads * head_channels(); }                          // H D
  int64_t qkv_channels() const { return (heads + 2 * key_heads()) * head_channels(); }            // (H + 2 K) D
  int64_t inner_channels() const { return mlp_channels > 0 ? mlp_channels : 4 * channels; }       // F
  int64_t fc_channels() const { return has_swiglu() ? 2 * inner_channels() : inner_channels(); }  // F, or gate and up
  // V rounded up to a multiple of 128, as llm.c has it (kernels like round sizes). The rows added are zero and stay so.
  int64_t padded_vocabulary() const { return (vocabulary_size + 127) / 128 * 128; }

  // Floating-point operations per token of training: 6 N + 6 L H D T, N with the padded vocabulary and without an
  // embedding that is only looked up (llm.c's count; a causal attention needs half of the second term's products). T is
  // at most the window.
  double flops_per_token() const;

  // Throws UsageError naming the key that is out of range, or that the whole is larger than 2^36 parameters.
  void check() const;

  // The same model with every key at its default that is without effect or says what the default would mean: two that
  // compute the same compare equal.
  ModelConfig canonical() const;

  bool operator==(const ModelConfig&) const = default;
};

// GPT-2 small's size with Llama's equations and about as many parameters: two thirds of the MLP's width, for it has a
// gate. The preset `llama-124m`.
ModelConfig llama_124m_model();

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
  // Of a matrix inside a block: the columns of each linear map that it holds side by side (queries, keys, values; gate,
  // up); their sum is `columns`. Empty for embeddings, gains and biases.
  std::vector<int64_t> maps = {};

  int64_t size() const { return rows * columns; }
};

// Where a parameter lies that the model does not have.
inline constexpr int64_t kAbsent = -1;

// Parameters of one block, as offsets. Linear weights are stored input x output, as Hugging Face's GPT-2 has them.
struct BlockOffsets {
  int64_t ln_1_gain = kAbsent, ln_1_bias = kAbsent;      // (C)
  int64_t qkv_weight = kAbsent, qkv_bias = kAbsent;      // (C, (H + 2 K) D): queries, keys, values
  int64_t q_norm_gain = kAbsent, k_norm_gain = kAbsent;  // (D)
  int64_t attention_projection_weight = kAbsent, attention_projection_bias = kAbsent;  // (H D, C), (C)
  int64_t ln_2_gain = kAbsent, ln_2_bias = kAbsent;                                    // (C)
  int64_t fc_weight = kAbsent, fc_bias = kAbsent;                                      // (C, F), or (C, 2 F): gate, up
  int64_t projection_weight = kAbsent, projection_bias = kAbsent;                      // (F, C), (C)
};

// All tensors in order, each offset a multiple of 16 elements (the gaps are zero). Const, thread-safe.
class ParameterLayout {
 public:
  explicit ParameterLayout(const ModelConfig& config);  // throws as ModelConfig::check

  const std::vector<Tensor>& tensors() const { return tensors_; }
  int64_t size() const { return size_; }              // elements of the flat array
  int64_t parameters() const { return parameters_; }  // without padding
  const BlockOffsets& block(int64_t layer) const { return blocks_[static_cast<size_t>(layer)]; }

  int64_t wte = 0, wpe = kAbsent;              // (padded V, C), (T, C)
  int64_t ln_f_gain = 0, ln_f_bias = kAbsent;  // (C)
  int64_t head = 0;                            // (padded V, C): wte where it is tied
  int64_t score = kAbsent;                     // (C): of a reward model

 private:
  int64_t add(std::string name, int64_t rows, int64_t columns, Start start);
  int64_t add_matrix(std::string name, int64_t rows, std::vector<int64_t> maps, Start start);
  int64_t add_embedding(std::string name, const ModelConfig& config);
  BlockOffsets add_block(const std::string& prefix, const ModelConfig& config);

  std::vector<Tensor> tensors_;
  std::vector<BlockOffsets> blocks_;
  int64_t size_ = 0;
  int64_t parameters_ = 0;
};

// Fills `parameters` (layout.size() elements): a function of layout and seed alone, the same for float and double to
// rounding.
template <typename Real>
void initialise(const ParameterLayout& layout, int64_t layers, uint64_t seed, std::span<Real> parameters);

}  // namespace ftok
