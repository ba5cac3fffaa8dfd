// The kernels as functions of the host: each queues its work on `stream` and returns. The contracts are those of
// trainer/layers/layers.h; arrays are on the device and begin at multiples of 16 bytes. Every sum is made in an order
// that the shapes alone decide: the same call gives the same bits, on any GPU of the same architecture.
#pragma once

#include "trainer/cuda/shim.h"
#include "trainer/layers/layers.h"
#include "trainer/training/muon_groups.h"

namespace ftok::FTOK_SPACE {

void encoder_forward(Stream stream, Bf16* out, const uint32_t* tokens, const Bf16* wte, const Bf16* wpe,
                     const Extent& extent);

// Where the rows of each token are: rows (R) sorted by token, ties in order; run i is rows[begins[i]] ..
// rows[begins[i+1] - 1], all of one token. begins (runs + 1) ends with R as often as it takes.
struct TokenRuns {
  const int32_t* rows = nullptr;
  const int32_t* begins = nullptr;
  int64_t runs = 0;
};
void encoder_backward(Stream stream, float* dwte, float* dwpe, const Bf16* dout, const uint32_t* tokens,
                      const TokenRuns& runs, const Extent& extent);

void layernorm_forward(Stream stream, Bf16* out, float* mean, float* rstd, const Bf16* in, const Bf16* gain,
                       const Bf16* bias, int64_t R, int64_t C);
void residual_layernorm_forward(Stream stream, Bf16* sum, Bf16* out, float* mean, float* rstd, const Bf16* a,
                                const Bf16* b, const Bf16* gain, const Bf16* bias, int64_t R, int64_t C);
// One pass over dout, in and din. scratch: layernorm_scratch(R, C) floats.
int64_t layernorm_scratch(int64_t R, int64_t C);
void layernorm_backward(Stream stream, Bf16* din, float* dgain, float* dbias, float* scratch, const Bf16* dout,
                        const Bf16* in, const Bf16* gain, const float* mean, const float* rstd, int64_t R, int64_t C);

void rmsnorm_forward(Stream stream, Bf16* out, float* rstd, const Bf16* in, const Bf16* gain, double epsilon, int64_t R,
                     int64_t C);
void residual_rmsnorm_forward(Stream stream, Bf16* sum, Bf16* out, float* rstd, const Bf16* a, const Bf16* b,
                              const Bf16* gain, double epsilon, int64_t R, int64_t C);
// scratch: layernorm_scratch(R, C) floats.
void rmsnorm_backward(Stream stream, Bf16* din, float* dgain, float* scratch, const Bf16* dout, const Bf16* in,
                      const Bf16* gain, const float* rstd, int64_t R, int64_t C);

// Heads of at most kHeadChannelsMax channels.
void qk_norm_forward(Stream stream, Bf16* out, float* rstd, const Bf16* qkv, const Bf16* q_gain, const Bf16* k_gain,
                     double epsilon, const Extent& extent);
// scratch: qk_norm_scratch(extent) floats.
int64_t qk_norm_scratch(const Extent& extent);
void qk_norm_backward(Stream stream, Bf16* dqkv, float* dq_gain, float* dk_gain, float* scratch, const Bf16* qkv,
                      const Bf16* q_gain, const Bf16* k_gain, const float* rstd, const Extent& extent);
void rotary(Stream stream, Bf16* qkv, const float* cosines, const float* sines, bool back, const Extent& extent);

void relu2_forward(Stream stream, Bf16* out, const Bf16* in, int64_t n);
void relu2_backward(Stream stream, Bf16* din, const Bf16* dout, const Bf16* in, int64_t n);
void swiglu_forward(Stream stream, Bf16* out, const Bf16* in, int64_t R, int64_t F);
void swiglu_backward(Stream stream, Bf16* din, const Bf16* dout, const Bf16* in, int64_t R, int64_t F);
void gelu_forward(Stream stream, Bf16* out, const Bf16* in, int64_t n);
void gelu_backward(Stream stream, Bf16* din, const Bf16* dout, const Bf16* in, int64_t n);
void residual_forward(Stream stream, Bf16* out, const Bf16* a, const Bf16* b, int64_t n);
// out (R,O) += bias (O) in every row.
void add_bias(Stream stream, Bf16* out, const Bf16* bias, int64_t R, int64_t O);

// sums (O) += the column sums of in (R,O). scratch: column_sums_scratch(R, O) floats.
int64_t column_sums_scratch(int64_t R, int64_t O);
void column_sums(Stream stream, float* sums, float* scratch, const Bf16* in, int64_t R, int64_t O);
// sums (n) += parts (count,n) row by row.
void add_rows(Stream stream, float* sums, const float* parts, int64_t count, int64_t n);

// The widest head attention has kernels for.
constexpr int64_t kHeadChannelsMax = 128;
void attention_forward(Stream stream, Bf16* out, float* log_sum, const Bf16* qkv, const int32_t* first_key,
                       const Extent& extent);
// scratch: B H T floats.
void attention_backward(Stream stream, Bf16* dqkv, float* scratch, const Bf16* dout, const Bf16* out,
                        const float* log_sum, const Bf16* qkv, const int32_t* first_key, const Extent& extent);

// Of text, as layers.h has them.
void keep_keys_values(Stream stream, Bf16* cache, const Bf16* qkv, int64_t position, const Extent& extent);
void decode_attention(Stream stream, Bf16* out, const Bf16* qkv, const Bf16* cache, int64_t position,
                      const Extent& extent);

// Rows of logits (rows, padded V) become `scale` times their gradient; losses (rows) are set to those of the targets
// that count, 0 elsewhere. With `gradient` false the logits stay. ids and mask (null: all count) begin at the first of
// these rows.
struct ClassifierRows {
  Bf16* logits;
  float* losses;
  const uint32_t* ids;
  const uint8_t* mask;
  int64_t rows, V, V_padded;
  float scale;
  const float* scale_at;  // on the device: what stands there is the scale; null: `scale` is
  bool gradient;
  bool two_reads = false;          // even where a row would fit into shared memory: the same bits, to be timed
  const float* weights = nullptr;  // (rows): what each row's gradient is multiplied by; null: 1 everywhere
};
void classifier_rows(Stream stream, const ClassifierRows& call);
// *total += the sum of losses (R), in double.
void add_losses(Stream stream, double* total, const float* losses, int64_t R);

// *norm = the Euclidean norm of gradients (n). scratch: norm_scratch(n) doubles.
int64_t norm_scratch(int64_t n);
void global_norm(Stream stream, double* norm, double* scratch, const float* gradients, int64_t n);

// A stretch of parameters that are treated alike; `count` is at most kPieceElements.
struct ParameterPiece {
  int64_t offset;
  int32_t count;
  int32_t decays;
};
constexpr int64_t kPieceElements = 8192;

struct AdamWStep {
  float *master, *first, *second;  // fp32, updated; these arrays begin at parameter `begin`, a multiple of 8
  int64_t begin;
  Bf16* parameters;  // the master weights, rounded; this array and the next are of all parameters
  const float* gradients;
  const ParameterPiece* pieces;  // on the device
  int64_t pieces_count;
  // As trainer/training/optimizer.cc computes them: rate = learning rate / (1 - b1^t), root = 1 / sqrt(1 - b2^t), keep
  // = 1 - learning rate x decay.
  float scale, b1, b2, c1, c2, rate, root, epsilon, keep;
  uint64_t seed, step;
  bool stochastic;  // rounding; false: to nearest
};
void adamw(Stream stream, const AdamWStep& step);
// parameters = the rounding that `adamw` of that seed and step makes of master.
void round_parameters(Stream stream, const AdamWStep& step);

// Muon (trainer/training/muon.h). Of the pieces: momentum m = keep m + take g, with g the scaled gradient, and the
// gradient becomes the direction take g + keep m. `momentum` begins at parameter `begin`.
struct MuonDirections {
  float *momentum, *gradients;
  int64_t begin;
  const ParameterPiece* pieces;  // on the device
  int64_t pieces_count;
  float scale, keep, take;
};
void muon_direct(Stream stream, const MuonDirections& directions);

// `count` maps of one shape in scratch memory, `stride` elements apart, in fp32 and in bfloat16. sums: `count` times
// muon_batch().sum_blocks.
struct MuonMaps {
  const MuonMap* maps;  // on the device
  int64_t count, rows, columns, stride;
  float* values;
  Bf16* narrow;
  double* sums;
};
// From the flat array, each over its Euclidean norm: rounded into `narrow`, and times `factor` into `values`.
void muon_gather(Stream stream, const MuonMaps& maps, const float* directions, float factor);
// `count` stretches of n values: narrow = narrow_factor values, rounded; then values = factor values.
struct MuonSplit {
  float* values;
  Bf16* narrow;
  int64_t count, n, stride;
  float narrow_factor, factor;
};
void muon_split(Stream stream, const MuonSplit& split);
// Of the parameters from step.begin to range_end: master = step.keep master - rate values, and parameters its rounding.
void muon_apply(Stream stream, const MuonMaps& maps, const AdamWStep& step, int64_t range_end, float rate);

}  // namespace ftok::FTOK_SPACE
