// Element by element: GELU, squared ReLU, SwiGLU and their derivatives, sums of two arrays, a bias added to rows. 16
// bytes per thread; n that is no multiple of the vector ends with single elements.
#include "trainer/cuda/gpu_kernels.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 256;
constexpr float kRootTwoOverPi = 0.7978845608028654f;
constexpr float kCubic = 0.044715f;  // Hendrycks and Gimpel 2016

// y = x s(2u), s the logistic function, u = sqrt(2/pi) (x + 0.044715 x^3): the tanh form.
FTOK_DEVICE float logistic_of(float x) {
  const float u = kRootTwoOverPi * (x + kCubic * x * x * x);
  return 1.0f / (1.0f + exponential(-2.0f * u));
}

struct Gelu {
  FTOK_DEVICE float operator()(float x, float) const { return x * logistic_of(x); }
};

// a is dout, b the input.
struct GeluGradient {
  FTOK_DEVICE float operator()(float dout, float x) const {
    const float s = logistic_of(x), slope = kRootTwoOverPi * (1.0f + 3.0f * kCubic * x * x);
    return dout * (s + 2.0f * x * s * (1.0f - s) * slope);
  }
};

struct Relu2 {
  FTOK_DEVICE float operator()(float x, float) const { return x <= 0.0f ? 0.0f : x * x; }
};

struct Relu2Gradient {
  FTOK_DEVICE float operator()(float dout, float x) const { return x <= 0.0f ? 0.0f : dout * 2.0f * x; }
};

struct Sum {
  FTOK_DEVICE float operator()(float a, float b) const { return a + b; }
};

// out may be a or b: a thread reads its elements before it writes them.
template <typename Operation>
FTOK_KERNEL(kThreads)
elementwise_kernel(Bf16* out, const Bf16* a, const Bf16* b, int64_t n) {
  const int64_t at = (block_x() * kThreads + thread_x()) * kVector;
  if (at + kVector <= n) {
    float x[kVector], y[kVector];
    load(x, a + at);
    load(y, b + at);
    FTOK_UNROLL
    for (int i = 0; i < kVector; ++i) x[i] = Operation()(x[i], y[i]);
    store(out + at, x);
    return;
  }
  for (int64_t i = at; i < n; ++i) out[i] = round_to_bfloat16(Operation()(to_float(a[i]), to_float(b[i])));
}

// W channels of a row: out (R,F) from in (R,2F), which is gate, up.
template <int W>
FTOK_KERNEL(kThreads)
swiglu_kernel(Bf16* out, const Bf16* in, int64_t R, int64_t F) {
  const int64_t at = (block_x() * kThreads + thread_x()) * W;
  if (at >= R * F) return;
  const Bf16* const from = in + at / F * 2 * F + at % F;
  float gate[W], up[W];
  load(gate, from);
  load(up, from + F);
  FTOK_UNROLL
  for (int i = 0; i < W; ++i) up[i] *= gate[i] / (1.0f + exponential(-gate[i]));
  store(out + at, up);
}

template <int W>
FTOK_KERNEL(kThreads)
swiglu_gradient_kernel(Bf16* din, const Bf16* dout, const Bf16* in, int64_t R, int64_t F) {
  const int64_t at = (block_x() * kThreads + thread_x()) * W;
  if (at >= R * F) return;
  const int64_t row = at / F * 2 * F + at % F;
  float gate[W], up[W], d[W];
  load(gate, in + row);
  load(up, in + row + F);
  load(d, dout + at);
  FTOK_UNROLL
  for (int i = 0; i < W; ++i) {
    const float s = 1.0f / (1.0f + exponential(-gate[i])), dgate = d[i] * up[i] * s * (1.0f + gate[i] * (1.0f - s));
    up[i] = d[i] * gate[i] * s;
    gate[i] = dgate;
  }
  store(din + row, gate);
  store(din + row + F, up);
}

template <int W>
FTOK_KERNEL(kThreads)
bias_kernel(Bf16* out, const Bf16* bias, int64_t R, int64_t O) {
  const int64_t at = (block_x() * kThreads + thread_x()) * W;
  if (at >= R * O) return;
  float x[W], b[W];
  load(x, out + at);
  load(b, bias + at % O);
  FTOK_UNROLL
  for (int i = 0; i < W; ++i) x[i] += b[i];
  store(out + at, x);
}

Grid grid_of(int64_t n) { return {divide_up(n, kThreads * kVector)}; }

}  // namespace

void gelu_forward(Stream stream, Bf16* out, const Bf16* in, int64_t n) {
  launch(stream, grid_of(n), kThreads, elementwise_kernel<Gelu>, out, in, in, n);
}

void gelu_backward(Stream stream, Bf16* din, const Bf16* dout, const Bf16* in, int64_t n) {
  launch(stream, grid_of(n), kThreads, elementwise_kernel<GeluGradient>, din, dout, in, n);
}

void relu2_forward(Stream stream, Bf16* out, const Bf16* in, int64_t n) {
  launch(stream, grid_of(n), kThreads, elementwise_kernel<Relu2>, out, in, in, n);
}

void relu2_backward(Stream stream, Bf16* din, const Bf16* dout, const Bf16* in, int64_t n) {
  launch(stream, grid_of(n), kThreads, elementwise_kernel<Relu2Gradient>, din, dout, in, n);
}

void swiglu_forward(Stream stream, Bf16* out, const Bf16* in, int64_t R, int64_t F) {
  if (is_vectorized(F)) {
    launch(stream, {divide_up(R * F, kThreads * kVector)}, kThreads, swiglu_kernel<kVector>, out, in, R, F);
  } else {
    launch(stream, {divide_up(R * F, kThreads)}, kThreads, swiglu_kernel<1>, out, in, R, F);
  }
}

void swiglu_backward(Stream stream, Bf16* din, const Bf16* dout, const Bf16* in, int64_t R, int64_t F) {
  if (is_vectorized(F)) {
    launch(stream, {divide_up(R * F, kThreads * kVector)}, kThreads, swiglu_gradient_kernel<kVector>, din, dout, in, R,
           F);
  } else {
    launch(stream, {divide_up(R * F, kThreads)}, kThreads, swiglu_gradient_kernel<1>, din, dout, in, R, F);
  }
}

void residual_forward(Stream stream, Bf16* out, const Bf16* a, const Bf16* b, int64_t n) {
  launch(stream, grid_of(n), kThreads, elementwise_kernel<Sum>, out, a, b, n);
}

void add_bias(Stream stream, Bf16* out, const Bf16* bias, int64_t R, int64_t O) {
  if (is_vectorized(O)) {
    launch(stream, {divide_up(R * O, kThreads * kVector)}, kThreads, bias_kernel<kVector>, out, bias, R, O);
  } else {
    launch(stream, {divide_up(R * O, kThreads)}, kThreads, bias_kernel<1>, out, bias, R, O);
  }
}

}  // namespace ftok::FTOK_SPACE
