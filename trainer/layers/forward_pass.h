// A model's forward pass made of layers, as its description says: what training (network.h) and text (decoder.h) have
// in common. One definition for every back end and scalar.
#pragma once

#include <functional>

#include "trainer/layers/layers.h"
#include "trainer/layers/rotary_table.h"
#include "trainer/model.h"

namespace ftok {

Extent extent_of(const ModelConfig& config, int64_t B, int64_t T);

// What a norm leaves: its output (R,C), and of each row what its backward pass reads; RMSNorm has no mean.
template <typename Real>
struct Normed {
  using Sum = typename Layers<Real>::Sum;
  Real* out = nullptr;
  Sum *mean = nullptr, *rstd = nullptr;  // (R)
};

// What a block leaves, R = B T rows; its backward pass reads it. Arrays may be shared where there is none.
template <typename Real>
struct BlockActivations {
  using Sum = typename Layers<Real>::Sum;
  Normed<Real> norm_1;
  Real* qkv = nullptr;        // (R,W)
  Real* heads = nullptr;      // (R,W): as attention reads them; qkv itself where nothing normalises them
  Real* attention = nullptr;  // (R,HD)
  Real* middle = nullptr;     // (R,C): the residual stream after attention
  Normed<Real> norm_2;
  Real *fc = nullptr, *inner = nullptr;        // (R,F or 2F), (R,F): around the MLP's nonlinearity
  Real* out = nullptr;                         // (R,C): the residual stream after the block
  Sum *qk_rstd = nullptr, *log_sum = nullptr;  // (R,H+K), (B,H,T)
};

// Not thread-safe. What it refers to must outlive it.
template <typename Real>
class ForwardPass {
 public:
  using Sum = typename Layers<Real>::Sum;
  // Makes attention and log_sum out of heads.
  using Attend = std::function<void(const BlockActivations<Real>&)>;

  ForwardPass(const ModelConfig& config, const ParameterLayout& layout, Layers<Real>& layers);

  // Where the parameters lie, in the back end's memory; before the first call of what follows.
  void set_parameters(const Real* parameters) { parameters_ = parameters; }
  const Real* weight(int64_t offset) const { return offset == kAbsent ? nullptr : parameters_ + offset; }
  // Before positions below T are computed.
  void reserve(int64_t T) { rotary_.reserve(T); }

  // out (R,C): the tokens at `position` and after it.
  void embed(Real* out, const uint32_t* tokens, int64_t position, const Extent& extent);
  // The norm before a block; of layer L: the last one.
  void norm(int64_t layer, const Normed<Real>& out, const Real* in, int64_t R);
  // A block whose norm_1 is done, up to `inner`. `in` is the residual stream; sum (R,C) is scratch.
  void forward(int64_t layer, const Real* in, const BlockActivations<Real>& a, Real* sum, int64_t position,
               const Extent& extent, const Attend& attend);
  // The rest of it, and the norm that comes after.
  void finish(int64_t layer, const BlockActivations<Real>& a, Real* sum, const Normed<Real>& next, int64_t R);
  // inner from fc.
  void activate(const BlockActivations<Real>& a, int64_t R);
  // Turns queries and keys of rows that begin at `position`.
  void turn(Real* qkv, bool back, int64_t position, const Extent& extent);

 private:
  struct NormOffsets {
    int64_t gain, bias;
  };
  NormOffsets norm_offsets(int64_t layer) const;
  void residual_norm(Real* stream, const Normed<Real>& out, const Real* a, const Real* b, const NormOffsets& offsets,
                     int64_t R);

  const ModelConfig& config_;
  const ParameterLayout& layout_;
  Layers<Real>& layers_;
  RotaryTable<Sum> rotary_;
  const Real* parameters_ = nullptr;
};

}  // namespace ftok
