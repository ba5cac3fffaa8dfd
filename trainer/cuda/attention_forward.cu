// Causal attention, forward (Dao 2023, "FlashAttention-2"): a block takes QT queries of a head, 16 a warp, and goes
// through the keys KT at a time, with a running maximum and sum of each row. Tiles of keys that no query of the block
// may see are not read: those after the last query, and those before the first document the queries belong to.
#include "trainer/cuda/attention_tile.h"

namespace ftok::FTOK_SPACE {
namespace {

template <int D, int QT, int KT>
struct Shared {
  Tile<QT, D> q;
  Tile<KT, D> k, v;
};

// Scores of the warp's 16 queries, from t on, and the keys from `key` on: scaled, -inf where a query may not look.
template <int KT>
FTOK_DEVICE void mask_scores(float (&s)[KT / 8][4], const Head& head, int64_t t, int64_t key,
                             const int64_t (&first)[2]) {
  FTOK_UNROLL
  for (int n = 0; n < KT / 8; ++n) {
    FTOK_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int64_t k = key + column_of(n, i);
      s[n][i] = k <= t + row_of(i) && k >= first[i / 2] ? s[n][i] * head.scale : -INFINITY;
    }
  }
}

// The softmax of two rows so far: their largest score, and this lane's share of the sum.
struct Running {
  float most[2] = {-INFINITY, -INFINITY}, sum[2] = {0, 0};
};

// Scores become exp(score - largest); out and the sums are scaled to the new largest score.
template <int D, int KT>
FTOK_DEVICE void update_softmax(float (&s)[KT / 8][4], float (&out)[D / 8][4], Running& r) {
  FTOK_UNROLL
  for (int which = 0; which < 2; ++which) {
    float most = r.most[which];
    FTOK_UNROLL
    for (int n = 0; n < KT / 8; ++n) most = larger(most, larger(s[n][2 * which], s[n][2 * which + 1]));
    most = row_max(most);
    const float shift = most == -INFINITY ? 0.0f : most;  // a row that has seen no key yet
    const float factor = exponential(r.most[which] - shift);
    r.most[which] = most;
    float sum = 0;
    FTOK_UNROLL
    for (int n = 0; n < KT / 8; ++n) {
      FTOK_UNROLL
      for (int i = 2 * which; i < 2 * which + 2; ++i) {
        s[n][i] = exponential(s[n][i] - shift);
        sum += s[n][i];
      }
    }
    r.sum[which] = r.sum[which] * factor + sum;
    FTOK_UNROLL
    for (int n = 0; n < D / 8; ++n) out[n][2 * which] *= factor, out[n][2 * which + 1] *= factor;
  }
}

template <int D, int QT, int KT>
FTOK_KERNEL(QT * 2)
forward_kernel(Bf16* out, float* log_sum, const Bf16* qkv, AttentionShape shape, int64_t tiles) {
  constexpr int kThreads = QT * 2;
  using Memory = Shared<D, QT, KT>;
  FTOK_SHARED(Memory, shared);
  const Head head = head_of(shape, block_x() / tiles);
  const int64_t query = (tiles - 1 - block_x() % tiles) * QT;  // the longest rows first
  const int64_t t = query + warp() * 16;
  const int64_t end = query + QT < head.T ? query + QT : head.T;
  load_tile<kThreads>(shared.q, qkv + head.query_at(0), head.row(), query, head);
  int64_t first[2];
  FTOK_UNROLL
  for (int which = 0; which < 2; ++which) {
    const int64_t row = t + row_of(2 * which);
    first[which] = row < head.T ? head.first_of(row) : 0;
  }
  float o[D / 8][4] = {};
  Running running;
  for (int64_t key = head.first_of(query) / KT * KT; key < end; key += KT) {
    barrier();
    load_tile<kThreads>(shared.k, qkv + head.key_at(0), head.row(), key, head);
    load_tile<kThreads>(shared.v, qkv + head.value_at(0), head.row(), key, head);
    barrier();
    float s[KT / 8][4];
    multiply_transposed(s, shared.q, warp() * 16, shared.k);
    mask_scores<KT>(s, head, t, key, first);
    update_softmax<D, KT>(s, o, running);
    multiply_add_rows(o, s, shared.v);
  }
  FTOK_UNROLL
  for (int which = 0; which < 2; ++which) {
    const float sum = row_sum(running.sum[which]);
    const int64_t row = t + row_of(2 * which);
    if (row >= head.T) continue;
    store_row<D>(out + head.out_at(row), o, which, 1.0f / sum, head);
    if (lane() % 4 == 0) log_sum[head.sum_at(row)] = running.most[which] + logf(sum);
  }
}

template <int D, int QT, int KT>
void forward(Stream stream, Bf16* out, float* log_sum, const Bf16* qkv, const AttentionShape& shape, int64_t B) {
  const int64_t tiles = divide_up(shape.T, QT);
  launch(stream, {B * shape.H * tiles}, QT * 2, forward_kernel<D, QT, KT>, out, log_sum, qkv, shape, tiles);
}

}  // namespace

void attention_forward(Stream stream, Bf16* out, float* log_sum, const Bf16* qkv, const int32_t* first_key,
                       const Extent& extent) {
  const AttentionShape shape = shape_of(first_key, extent);
  if (shape.D <= 32) {
    forward<32, 64, 64>(stream, out, log_sum, qkv, shape, extent.B);
  } else if (shape.D <= 64) {
    forward<64, 64, 64>(stream, out, log_sum, qkv, shape, extent.B);
  } else {
    forward<128, 64, 32>(stream, out, log_sum, qkv, shape, extent.B);
  }
}

}  // namespace ftok::FTOK_SPACE
