#include "trainer/layers/forward_pass.h"

#include <cassert>

namespace ftok {

Extent extent_of(const ModelConfig& config, int64_t B, int64_t T) {
  assert(B >= 1 && T >= 1 && T <= config.length);
  return {B, T, config.channels, config.heads, config.key_heads(), config.head_channels(), config.window};
}

template <typename Real>
ForwardPass<Real>::ForwardPass(const ModelConfig& config, const ParameterLayout& layout, Layers<Real>& layers)
    : config_(config), layout_(layout), layers_(layers), rotary_(config, layers.memory()) {}

template <typename Real>
void ForwardPass<Real>::embed(Real* out, const uint32_t* tokens, int64_t position, const Extent& extent) {
  const Real* const wpe = weight(layout_.wpe);
  layers_.encoder_forward(out, tokens, weight(layout_.wte), wpe == nullptr ? nullptr : wpe + position * extent.C,
                          extent);
}

template <typename Real>
typename ForwardPass<Real>::NormOffsets ForwardPass<Real>::norm_offsets(int64_t layer) const {
  if (layer == config_.layers) return {layout_.ln_f_gain, layout_.ln_f_bias};
  return {layout_.block(layer).ln_1_gain, layout_.block(layer).ln_1_bias};
}

template <typename Real>
void ForwardPass<Real>::norm(int64_t layer, const Normed<Real>& out, const Real* in, int64_t R) {
  const NormOffsets o = norm_offsets(layer);
  if (config_.has_layernorm()) {
    layers_.layernorm_forward(out.out, out.mean, out.rstd, in, weight(o.gain), weight(o.bias), R, config_.channels);
  } else {
    layers_.rmsnorm_forward(out.out, out.rstd, in, weight(o.gain), config_.norm_epsilon, R, config_.channels);
  }
}

// stream = a + b, and its norm.
template <typename Real>
void ForwardPass<Real>::residual_norm(Real* stream, const Normed<Real>& out, const Real* a, const Real* b,
                                      const NormOffsets& o, int64_t R) {
  if (config_.has_layernorm()) {
    layers_.residual_layernorm_forward(stream, out.out, out.mean, out.rstd, a, b, weight(o.gain), weight(o.bias), R,
                                       config_.channels);
  } else {
    layers_.residual_rmsnorm_forward(stream, out.out, out.rstd, a, b, weight(o.gain), config_.norm_epsilon, R,
                                     config_.channels);
  }
}

template <typename Real>
void ForwardPass<Real>::turn(Real* qkv, bool back, int64_t position, const Extent& extent) {
  if (config_.has_rotary()) layers_.rotary(qkv, rotary_.cosines(position), rotary_.sines(position), back, extent);
}

template <typename Real>
void ForwardPass<Real>::activate(const BlockActivations<Real>& a, int64_t R) {
  const int64_t F = config_.inner_channels();
  if (config_.has_swiglu()) {
    layers_.swiglu_forward(a.inner, a.fc, R, F);
  } else if (config_.has_gelu()) {
    layers_.gelu_forward(a.inner, a.fc, R * F);
  } else {
    layers_.relu2_forward(a.inner, a.fc, R * F);
  }
}

template <typename Real>
void ForwardPass<Real>::forward(int64_t layer, const Real* in, const BlockActivations<Real>& a, Real* sum,
                                int64_t position, const Extent& extent, const Attend& attend) {
  const int64_t R = extent.rows(), C = extent.C;
  const BlockOffsets& o = layout_.block(layer);
  layers_.linear_forward(a.qkv, a.norm_1.out, weight(o.qkv_weight), weight(o.qkv_bias), R, C, extent.qkv_channels());
  if (config_.qk_norm) {
    layers_.qk_norm_forward(a.heads, a.qk_rstd, a.qkv, weight(o.q_norm_gain), weight(o.k_norm_gain),
                            config_.norm_epsilon, extent);
  }
  turn(a.heads, false, position, extent);
  attend(a);
  layers_.linear_forward(sum, a.attention, weight(o.attention_projection_weight), weight(o.attention_projection_bias),
                         R, extent.attention_channels(), C);
  residual_norm(a.middle, a.norm_2, in, sum, {o.ln_2_gain, o.ln_2_bias}, R);
  if (config_.has_gelu()) {
    layers_.linear_gelu_forward(a.inner, a.fc, a.norm_2.out, weight(o.fc_weight), weight(o.fc_bias), R, C,
                                config_.fc_channels());
  } else {
    layers_.linear_forward(a.fc, a.norm_2.out, weight(o.fc_weight), weight(o.fc_bias), R, C, config_.fc_channels());
    activate(a, R);
  }
}

template <typename Real>
void ForwardPass<Real>::finish(int64_t layer, const BlockActivations<Real>& a, Real* sum, const Normed<Real>& next,
                               int64_t R) {
  const BlockOffsets& o = layout_.block(layer);
  layers_.linear_forward(sum, a.inner, weight(o.projection_weight), weight(o.projection_bias), R,
                         config_.inner_channels(), config_.channels);
  residual_norm(a.out, next, a.middle, sum, norm_offsets(layer + 1), R);
}

template class ForwardPass<float>;
template class ForwardPass<double>;
template class ForwardPass<Bf16>;

}  // namespace ftok
