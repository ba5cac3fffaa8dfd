// Muon's kernels: momentum, maps out of the flat array and back into it, and rounding between the products of Newton
// and Schulz. Maps lie one behind the other in scratch memory, `stride` elements apart; block (x, y) works on a stretch
// of map y. Sums are made in an order that the map's size decides.
#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/philox.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 256;
constexpr float kNormMin = 1e-7f;  // trainer/training/muon.cc

FTOK_KERNEL(kThreads) direct_kernel(MuonDirections d) {
  const ParameterPiece piece = d.pieces[block_x()];
  for (int64_t at = piece.offset + thread_x(); at < piece.offset + piece.count; at += kThreads) {
    const float g = d.gradients[at] * d.scale;
    float& m = d.momentum[at - d.begin];
    m = d.keep * m + d.take * g;
    d.gradients[at] = d.take * g + d.keep * m;
  }
}

FTOK_DEVICE int64_t end_of_stretch(const MuonMaps& m) {
  const int64_t elements = m.rows * m.columns, end = (block_x() + 1) * kMuonSumElements;
  return end < elements ? end : elements;
}

FTOK_DEVICE int64_t place_of(const MuonMaps& m, const MuonMap& map, int64_t i) {
  return map.offset + i / m.columns * map.row_stride + i % m.columns;
}

struct MuonShared {
  float sums[kWarp];
};

// A thread's own sum is of at most 256 squares.
FTOK_KERNEL(kThreads) gather_kernel(MuonMaps m, const float* directions) {
  FTOK_SHARED(MuonShared, shared);
  const MuonMap map = m.maps[block_y()];
  float* const to = m.values + block_y() * m.stride;
  float sum = 0;
  for (int64_t i = block_x() * kMuonSumElements + thread_x(); i < end_of_stretch(m); i += kThreads) {
    const float x = directions[place_of(m, map, i)];
    to[i] = x;
    sum += x * x;
  }
  sum = block_sum(sum, shared.sums);
  if (thread_x() == 0) m.sums[block_y() * grid_x() + block_x()] = static_cast<double>(sum);
}

// values become their unit: rounded into `narrow`, and times `factor` where they are.
FTOK_KERNEL(kThreads) normalise_kernel(MuonMaps m, float factor) {
  double squares = 0;
  for (int64_t i = 0; i < grid_x(); ++i) squares += m.sums[block_y() * grid_x() + i];
  const float norm = static_cast<float>(sqrt(squares)), scale = 1.0f / larger(norm, kNormMin);
  float* const values = m.values + block_y() * m.stride;
  Bf16* const narrow = m.narrow + block_y() * m.stride;
  for (int64_t i = block_x() * kMuonSumElements + thread_x(); i < end_of_stretch(m); i += kThreads) {
    const float x = values[i] * scale;
    narrow[i] = round_to_bfloat16(x);
    values[i] = x * factor;
  }
}

FTOK_KERNEL(kThreads) split_kernel(MuonSplit s) {
  const int64_t begin = block_x() * kThreads * kVector + thread_x();
  float* const values = s.values + block_y() * s.stride;
  Bf16* const narrow = s.narrow + block_y() * s.stride;
  for (int64_t i = begin; i < s.n && i < begin + kThreads * kVector; i += kThreads) {
    const float x = values[i];
    narrow[i] = round_to_bfloat16(x * s.narrow_factor);
    values[i] = x * s.factor;
  }
}

// What lies in the range is taken off the master weights, which are rounded as AdamW does it.
FTOK_KERNEL(kThreads) apply_kernel(MuonMaps m, AdamWStep s, int64_t range_end, float rate) {
  const MuonMap map = m.maps[block_y()];
  const float* const from = m.values + block_y() * m.stride;
  for (int64_t i = block_x() * kMuonSumElements + thread_x(); i < end_of_stretch(m); i += kThreads) {
    const int64_t at = place_of(m, map, i);
    if (at < s.begin || at >= range_end) continue;
    const float p = s.master[at - s.begin] * s.keep - rate * from[i];
    s.master[at - s.begin] = p;
    if (!s.stochastic) {
      s.parameters[at] = round_to_bfloat16(p);
      continue;
    }
    const Philox bits = rounding_bits(s.seed, s.step, static_cast<uint64_t>(at / kVector));
    FTOK_UNROLL
    for (int k = 0; k < kVector; ++k) {
      if (k == at % kVector) s.parameters[at] = to_bfloat16_stochastic(p, bits.words[k / 2] >> (16 * (k % 2)));
    }
  }
}

Grid stretches_of(const MuonMaps& m) { return {divide_up(m.rows * m.columns, kMuonSumElements), m.count}; }

}  // namespace

void muon_direct(Stream stream, const MuonDirections& directions) {
  if (directions.pieces_count > 0) launch(stream, {directions.pieces_count}, kThreads, direct_kernel, directions);
}

void muon_gather(Stream stream, const MuonMaps& maps, const float* directions, float factor) {
  launch(stream, stretches_of(maps), kThreads, gather_kernel, maps, directions);
  launch(stream, stretches_of(maps), kThreads, normalise_kernel, maps, factor);
}

void muon_split(Stream stream, const MuonSplit& split) {
  launch(stream, {divide_up(split.n, kThreads * kVector), split.count}, kThreads, split_kernel, split);
}

void muon_apply(Stream stream, const MuonMaps& maps, const AdamWStep& step, int64_t range_end, float rate) {
  launch(stream, stretches_of(maps), kThreads, apply_kernel, maps, step, range_end, rate);
}

}  // namespace ftok::FTOK_SPACE
