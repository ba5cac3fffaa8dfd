#include "trainer/cpu/packed_layers.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <new>
#include <vector>

#include "trainer/cpu/cpu_layers.h"
#include "trainer/cpu/kernels.h"

namespace ftok {
namespace {

constexpr int64_t kRowsUnpacked = 8;     // of inputs: from so many on, weights are unpacked for a matrix product
constexpr int64_t kUnpackedAtOnce = 64;  // outputs

[[noreturn]] void no_training() { throw Error("packed weights cannot be trained"); }

class CpuPackedLayers final : public PackedLayers {
 public:
  CpuPackedLayers(const ModelConfig& config, std::span<const float> parameters, WeightType type, int threads)
      : workers_(threads), layers_(make_cpu_layers<float>(threads)) {
    const ParameterLayout layout(config);
    // Zeros of which only those take memory that are written to.
    parameters_.reset(static_cast<float*>(std::calloc(static_cast<size_t>(layout.size()), sizeof(float))));
    if (parameters_ == nullptr) throw std::bad_alloc();
    for (const Tensor& tensor : layout.tensors()) {
      float* const place = parameters_.get() + tensor.offset;
      if (is_packed(tensor, layout)) {
        matrices_.try_emplace(place, tensor, parameters.data(), type);
      } else {
        std::copy_n(parameters.data() + tensor.offset, tensor.size(), place);
      }
    }
  }

  const float* parameters() const override { return parameters_.get(); }

  void encoder_forward(float* out, const uint32_t* tokens, const float* wte, const float* wpe,
                       const Extent& extent) override {
    const PackedMatrix& matrix = matrices_.at(wte);
    for (int64_t r = 0; r < extent.rows(); ++r) {
      float* const row = out + r * extent.C;
      matrix.read_row(tokens[r], row);
      if (wpe == nullptr) continue;
      const float* const position = wpe + r % extent.T * extent.C;
      for (int64_t c = 0; c < extent.C; ++c) row[c] += position[c];
    }
  }
  void linear_forward(float* out, const float* in, const float* weight, const float* bias, int64_t R, int64_t /*I*/,
                      int64_t O) override {
    multiply(matrices_.at(weight), out, in, R, O);
    if (bias == nullptr) return;
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t o = 0; o < O; ++o) out[r * O + o] += bias[o];
    }
  }
  // Of the padded head, the rows of tokens.
  void logits(float* out, const float* hidden, const float* head, int64_t R, int64_t V, int64_t /*C*/) override {
    multiply(matrices_.at(head), out, hidden, R, V);
  }

  void layernorm_forward(float* out, float* mean, float* rstd, const float* in, const float* gain, const float* bias,
                         int64_t R, int64_t C) override {
    layers_->layernorm_forward(out, mean, rstd, in, gain, bias, R, C);
  }
  void rmsnorm_forward(float* out, float* rstd, const float* in, const float* gain, double epsilon, int64_t R,
                       int64_t C) override {
    layers_->rmsnorm_forward(out, rstd, in, gain, epsilon, R, C);
  }
  void qk_norm_forward(float* out, float* rstd, const float* qkv, const float* q_gain, const float* k_gain,
                       double epsilon, const Extent& extent) override {
    layers_->qk_norm_forward(out, rstd, qkv, q_gain, k_gain, epsilon, extent);
  }
  void rotary(float* qkv, const float* cosines, const float* sines, bool back, const Extent& extent) override {
    layers_->rotary(qkv, cosines, sines, back, extent);
  }
  void attention_forward(float* out, float* log_sum, const float* qkv, const int32_t* first_key,
                         const Extent& extent) override {
    layers_->attention_forward(out, log_sum, qkv, first_key, extent);
  }
  void keep_keys_values(float* cache, const float* qkv, int64_t position, const Extent& extent) override {
    layers_->keep_keys_values(cache, qkv, position, extent);
  }
  void decode_attention(float* out, const float* qkv, const float* cache, int64_t position,
                        const Extent& extent) override {
    layers_->decode_attention(out, qkv, cache, position, extent);
  }
  void gelu_forward(float* out, const float* in, int64_t n) override { layers_->gelu_forward(out, in, n); }
  void relu2_forward(float* out, const float* in, int64_t n) override { layers_->relu2_forward(out, in, n); }
  void swiglu_forward(float* out, const float* in, int64_t R, int64_t F) override {
    layers_->swiglu_forward(out, in, R, F);
  }
  void residual_forward(float* out, const float* a, const float* b, int64_t n) override {
    layers_->residual_forward(out, a, b, n);
  }

  void encoder_backward(float*, float*, const float*, const uint32_t*, const Extent&) override { no_training(); }
  void layernorm_backward(float*, float*, float*, const float*, const float*, const float*, const float*, const float*,
                          int64_t, int64_t) override {
    no_training();
  }
  void linear_backward(float*, float*, float*, const float*, const float*, const float*, int64_t, int64_t,
                       int64_t) override {
    no_training();
  }
  void attention_backward(float*, const float*, const float*, const float*, const float*, const int32_t*,
                          const Extent&) override {
    no_training();
  }
  void gelu_backward(float*, const float*, const float*, int64_t) override { no_training(); }
  double classifier(float*, float*, const float*, const float*, const Targets&, double) override { no_training(); }

 private:
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };

  // out (R, outputs), rows of the first `outputs` of the matrix.
  void multiply(const PackedMatrix& matrix, float* out, const float* in, int64_t R, int64_t outputs) {
    const int64_t I = matrix.inputs();
    const int64_t block = R < kRowsUnpacked ? cpu::rows_per_block(I) : kUnpackedAtOnce;
    workers_.blocks(outputs, block, [&](int64_t begin, int64_t end) {
      if (R >= kRowsUnpacked) return multiply_unpacked(matrix, out, in, R, outputs, begin, end);
      for (int64_t r = 0; r < R; ++r) matrix.multiply(out + r * outputs + begin, in + r * I, begin, end);
    });
  }

  static void multiply_unpacked(const PackedMatrix& matrix, float* out, const float* in, int64_t R, int64_t outputs,
                                int64_t begin, int64_t end) {
    const int64_t I = matrix.inputs();
    thread_local std::vector<float> weights;
    weights.resize(static_cast<size_t>(kUnpackedAtOnce * I));
    for (int64_t o = begin; o < end; ++o) matrix.read_row(o, weights.data() + (o - begin) * I);
    cpu::multiply(cpu::Product<float>{R, end - begin, I, {in, I}, {weights.data(), I, true}, out + begin, outputs});
  }

  cpu::Workers workers_;
  std::unique_ptr<Layers<float>> layers_;
  std::unique_ptr<float, Free> parameters_;
  std::map<const float*, PackedMatrix> matrices_;  // by the place of their tensor in parameters_
};

}  // namespace

std::unique_ptr<PackedLayers> make_packed_layers(const ModelConfig& config, std::span<const float> parameters,
                                                 WeightType type, int threads) {
  return std::make_unique<CpuPackedLayers>(config, parameters, type, threads);
}

}  // namespace ftok
