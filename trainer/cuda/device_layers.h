// The layers on a GPU, in bfloat16 with sums in float. Compiled for CUDA and for the shim.
//
// Embeddings: wte and dwte have rows for the padded vocabulary (ModelConfig::padded_vocabulary), those beyond V are
// zero. `ids` and masks are in the device's memory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "trainer/cuda/device.h"
#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/matmul.h"
#include "trainer/layers/layers.h"
#include "trainer/model.h"

namespace ftok {

// Attention by a library. False, with nothing queued, where it has no plan for the shape or mask: the kernels here do
// it then. What a library's forward pass leaves, the kernels' backward pass can read.
class AttentionPlans {
 public:
  virtual ~AttentionPlans() = default;
  virtual bool forward(void* stream, Bf16* out, float* log_sum, const Bf16* qkv, const int32_t* first_key,
                       const Extent& extent) = 0;
  virtual bool backward(void* stream, Bf16* dqkv, const Bf16* dout, const Bf16* out, const float* log_sum,
                        const Bf16* qkv, const int32_t* first_key, const Extent& extent) = 0;
  // Whether there is a library at all.
  virtual bool available() const = 0;
  // One line: who has done attention so far, and why where it was not the library.
  virtual std::string report() const = 0;
};

// What is done on the way out of a matrix product, where the library can; the results differ in rounding. `timed`: a
// shape's first call times the fused product against product and kernel, and the faster way is kept with the product's
// choices; else the fused one is taken wherever there is one.
struct Fusion {
  bool bias = true, gelu = true, gelu_gradient = true, bias_gradient = true;
  bool timed = true;
};

// Throws UsageError naming what the GPU's kernels do not take of a model.
void check_for_gpu(const ModelConfig& config);

namespace FTOK_SPACE {

class DeviceLayers final : public Layers<Bf16> {
 public:
  // device, matmul and attention (null: own kernels) must outlive it. Logits exist for `chunk_rows` rows at a time.
  DeviceLayers(Device& device, Matmul& matmul, AttentionPlans* attention, const Fusion& fusion, int64_t chunk_rows);

  // For encoder_backward of the batches to come; the arrays are on the device.
  void set_token_runs(const TokenRuns& runs) { runs_ = runs; }
  // Where, on the device, the classifier reads its scale from in calls to come; null: its argument counts. Work that is
  // recorded once can so be replayed with another scale.
  void set_loss_scale(const float* scale) { loss_scale_ = scale; }

  Memory& memory() override { return device_; }
  void clear(Bf16* out, int64_t n) override;
  void encoder_forward(Bf16* out, const uint32_t* tokens, const Bf16* wte, const Bf16* wpe,
                       const Extent& extent) override;
  void encoder_backward(float* dwte, float* dwpe, const Bf16* dout, const uint32_t* tokens,
                        const Extent& extent) override;
  void layernorm_forward(Bf16* out, float* mean, float* rstd, const Bf16* in, const Bf16* gain, const Bf16* bias,
                         int64_t R, int64_t C) override;
  void residual_layernorm_forward(Bf16* sum, Bf16* out, float* mean, float* rstd, const Bf16* a, const Bf16* b,
                                  const Bf16* gain, const Bf16* bias, int64_t R, int64_t C) override;
  void layernorm_backward(Bf16* din, float* dgain, float* dbias, const Bf16* dout, const Bf16* in, const Bf16* gain,
                          const float* mean, const float* rstd, int64_t R, int64_t C) override;
  void rmsnorm_forward(Bf16* out, float* rstd, const Bf16* in, const Bf16* gain, double epsilon, int64_t R,
                       int64_t C) override;
  void residual_rmsnorm_forward(Bf16* sum, Bf16* out, float* rstd, const Bf16* a, const Bf16* b, const Bf16* gain,
                                double epsilon, int64_t R, int64_t C) override;
  void rmsnorm_backward(Bf16* din, float* dgain, const Bf16* dout, const Bf16* in, const Bf16* gain, const float* rstd,
                        int64_t R, int64_t C) override;
  void qk_norm_forward(Bf16* out, float* rstd, const Bf16* qkv, const Bf16* q_gain, const Bf16* k_gain, double epsilon,
                       const Extent& extent) override;
  void qk_norm_backward(Bf16* dqkv, float* dq_gain, float* dk_gain, const Bf16* qkv, const Bf16* q_gain,
                        const Bf16* k_gain, const float* rstd, const Extent& extent) override;
  void rotary(Bf16* qkv, const float* cosines, const float* sines, bool back, const Extent& extent) override;
  void linear_forward(Bf16* out, const Bf16* in, const Bf16* weight, const Bf16* bias, int64_t R, int64_t I,
                      int64_t O) override;
  void linear_backward(Bf16* din, float* dweight, float* dbias, const Bf16* dout, const Bf16* in, const Bf16* weight,
                       int64_t R, int64_t I, int64_t O) override;
  void linear_gelu_forward(Bf16* out, Bf16* before, const Bf16* in, const Bf16* weight, const Bf16* bias, int64_t R,
                           int64_t I, int64_t O) override;
  void linear_gelu_backward(Bf16* dbefore, float* dweight, float* dbias, const Bf16* dout, const Bf16* in,
                            const Bf16* before, const Bf16* weight, int64_t R, int64_t I, int64_t O) override;
  void attention_forward(Bf16* out, float* log_sum, const Bf16* qkv, const int32_t* first_key,
                         const Extent& extent) override;
  void attention_backward(Bf16* dqkv, const Bf16* dout, const Bf16* out, const float* log_sum, const Bf16* qkv,
                          const int32_t* first_key, const Extent& extent) override;
  void gelu_forward(Bf16* out, const Bf16* in, int64_t n) override;
  void gelu_backward(Bf16* din, const Bf16* dout, const Bf16* in, int64_t n) override;
  void relu2_forward(Bf16* out, const Bf16* in, int64_t n) override;
  void relu2_backward(Bf16* din, const Bf16* dout, const Bf16* in, int64_t n) override;
  void swiglu_forward(Bf16* out, const Bf16* in, int64_t R, int64_t F) override;
  void swiglu_backward(Bf16* din, const Bf16* dout, const Bf16* in, int64_t R, int64_t F) override;
  void residual_forward(Bf16* out, const Bf16* a, const Bf16* b, int64_t n) override;
  double classifier(Bf16* dhidden, float* dhead, const Bf16* hidden, const Bf16* head, const Targets& targets,
                    double scale) override;
  double take_loss() override;
  void keep_keys_values(Bf16* cache, const Bf16* qkv, int64_t position, const Extent& extent) override;
  void decode_attention(Bf16* out, const Bf16* qkv, const Bf16* cache, int64_t position, const Extent& extent) override;
  void logits(float* out, const Bf16* hidden, const Bf16* head, int64_t R, int64_t V, int64_t C) override;

 private:
  Stream stream() { return device_.stream(); }
  void weight_and_bias_gradients(float* dweight, float* dbias, const Bf16* dout, const Bf16* in, int64_t R, int64_t I,
                                 int64_t O);
  bool run_fused(const MatmulCall& fused, const std::function<float()>& milliseconds_apart);
  float* scratch(int64_t n);  // valid until the next call

  Device& device_;
  Matmul& matmul_;
  AttentionPlans* attention_;
  Fusion fusion_;
  int64_t chunk_rows_;
  TokenRuns runs_;
  const float* loss_scale_ = nullptr;
  MemoryArray<float> scratch_, losses_;
  MemoryArray<Bf16> logits_;
  MemoryArray<double> loss_;
};

}  // namespace FTOK_SPACE
}  // namespace ftok
