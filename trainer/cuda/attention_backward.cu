// Causal attention, backward, without atomics: with P made again from Q, K and the logarithm of each row's sum, and
// delta = row sums of dO * O,
//   dP = dO V^T,  dS = P (dP - delta),  dQ = dS K scale,  dK = dS^T Q scale,  dV = P^T dO.
// One kernel owns tiles of keys and goes through the queries that see them (dK, dV), of one head after the other where
// heads share keys; another owns tiles of queries and goes through their keys (dQ). S and dP are made twice: seven
// products instead of five, for an order of additions that never changes.
#include "trainer/cuda/attention_tile.h"

namespace ftok::FTOK_SPACE {
namespace {

struct Arrays {
  Bf16* dqkv;
  const Bf16 *dout, *qkv;
  const float *log_sum, *delta;  // (B,H,T)
};

constexpr int kDeltaThreads = 256;

// A warp: delta of one row of one head.
FTOK_KERNEL(kDeltaThreads)
delta_kernel(float* delta, const Bf16* dout, const Bf16* out, AttentionShape shape, int64_t rows) {
  const int64_t index = block_x() * (kDeltaThreads / kWarp) + warp();  // (b, h, t)
  if (index >= rows) return;
  const Head head = head_of(shape, index / shape.T);
  const int64_t at = head.out_at(index % shape.T);
  float sum = 0;
  for (int64_t c = lane(); c < head.D; c += kWarp) sum += to_float(dout[at + c]) * to_float(out[at + c]);
  sum = warp_sum(sum);
  if (lane() == 0) delta[index] = sum;
}

// What the kernels need of a tile of queries besides its rows.
template <int QT>
struct QueryRows {
  float log_sum[QT], delta[QT];
  int64_t first[QT];
};

template <int Threads, int QT>
FTOK_DEVICE void load_query_rows(QueryRows<QT>& rows, const Arrays& arrays, int64_t query, const Head& head) {
  for (int i = thread_x(); i < QT; i += Threads) {
    const int64_t t = query + i;
    const bool there = t < head.T;
    rows.log_sum[i] = there ? arrays.log_sum[head.sum_at(t)] : 0.0f;
    rows.delta[i] = there ? arrays.delta[head.sum_at(t)] : 0.0f;
    rows.first[i] = there ? head.first_of(t) : head.T;  // one that is not there sees nothing
  }
}

template <int D, int QT, int KT>
struct alignas(16) Shared {
  Tile<KT, D> k, v;
  Tile<QT, D> q, dout;
  QueryRows<QT> rows;
};

// dK and dV of KT keys, 16 a warp. Products are transposed: rows are keys, columns queries.
template <int D, int QT, int KT>
FTOK_KERNEL(KT * 2)
keys_kernel(Arrays arrays, AttentionShape shape, int64_t tiles) {
  constexpr int kThreads = KT * 2;
  using Memory = Shared<D, QT, KT>;
  FTOK_SHARED(Memory, shared);
  Head head = head_of(shape, block_x() / tiles * shape.group);      // the first of those that share the keys
  const int64_t key = block_x() % tiles * KT, last = key + KT - 1;  // the first keys have the most queries
  load_tile<kThreads>(shared.k, arrays.qkv + head.key_at(0), head.row(), key, head);
  load_tile<kThreads>(shared.v, arrays.qkv + head.value_at(0), head.row(), key, head);
  float dk[D / 8][4] = {}, dv[D / 8][4] = {};
  int64_t query = key / QT * QT;
  for (int left = head.group; left > 0;) {
    if (query >= head.T || head.first_of(query) > last) {  // so are those of all later queries: the next head
      query = key / QT * QT, --left;
      if (left > 0) ++head.h;
      continue;
    }
    barrier();
    load_tile<kThreads>(shared.q, arrays.qkv + head.query_at(0), head.row(), query, head);
    load_tile<kThreads>(shared.dout, arrays.dout + head.out_at(0), head.out_row(), query, head);
    load_query_rows<kThreads>(shared.rows, arrays, query, head);
    barrier();
    float p[QT / 8][4], ds[QT / 8][4];
    multiply_transposed(p, shared.k, warp() * 16, shared.q);
    multiply_transposed(ds, shared.v, warp() * 16, shared.dout);
    FTOK_UNROLL
    for (int n = 0; n < QT / 8; ++n) {
      FTOK_UNROLL
      for (int i = 0; i < 4; ++i) {
        const int column = column_of(n, i);
        const int64_t k = key + warp() * 16 + row_of(i);
        const bool seen = k <= query + column && k >= shared.rows.first[column];
        p[n][i] = seen ? exponential(p[n][i] * head.scale - shared.rows.log_sum[column]) : 0.0f;
        ds[n][i] = p[n][i] * (ds[n][i] - shared.rows.delta[column]);
      }
    }
    multiply_add_rows(dv, p, shared.dout);
    multiply_add_rows(dk, ds, shared.q);
    query += QT;
  }
  FTOK_UNROLL
  for (int which = 0; which < 2; ++which) {
    const int64_t row = key + warp() * 16 + row_of(2 * which);
    if (row >= head.T) continue;
    store_row<D>(arrays.dqkv + head.key_at(row), dk, which, head.scale, head);
    store_row<D>(arrays.dqkv + head.value_at(row), dv, which, 1.0f, head);
  }
}

// dQ of QT queries, 16 a warp.
template <int D, int QT, int KT>
FTOK_KERNEL(QT * 2)
queries_kernel(Arrays arrays, AttentionShape shape, int64_t tiles) {
  constexpr int kThreads = QT * 2;
  using Memory = Shared<D, QT, KT>;
  FTOK_SHARED(Memory, shared);
  const Head head = head_of(shape, block_x() / tiles);
  const int64_t query = (tiles - 1 - block_x() % tiles) * QT;
  const int64_t end = query + QT < head.T ? query + QT : head.T;
  load_tile<kThreads>(shared.q, arrays.qkv + head.query_at(0), head.row(), query, head);
  load_tile<kThreads>(shared.dout, arrays.dout + head.out_at(0), head.out_row(), query, head);
  load_query_rows<kThreads>(shared.rows, arrays, query, head);
  float dq[D / 8][4] = {};
  for (int64_t key = head.first_of(query) / KT * KT; key < end; key += KT) {
    barrier();
    load_tile<kThreads>(shared.k, arrays.qkv + head.key_at(0), head.row(), key, head);
    load_tile<kThreads>(shared.v, arrays.qkv + head.value_at(0), head.row(), key, head);
    barrier();
    float p[KT / 8][4], ds[KT / 8][4];
    multiply_transposed(p, shared.q, warp() * 16, shared.k);
    multiply_transposed(ds, shared.dout, warp() * 16, shared.v);
    FTOK_UNROLL
    for (int n = 0; n < KT / 8; ++n) {
      FTOK_UNROLL
      for (int i = 0; i < 4; ++i) {
        const int row = warp() * 16 + row_of(i);
        const int64_t k = key + column_of(n, i);
        const bool seen = k <= query + row && k >= shared.rows.first[row];
        const float weight = seen ? exponential(p[n][i] * head.scale - shared.rows.log_sum[row]) : 0.0f;
        ds[n][i] = weight * (ds[n][i] - shared.rows.delta[row]);
      }
    }
    multiply_add_rows(dq, ds, shared.k);
  }
  FTOK_UNROLL
  for (int which = 0; which < 2; ++which) {
    const int64_t row = query + warp() * 16 + row_of(2 * which);
    if (row < head.T) store_row<D>(arrays.dqkv + head.query_at(row), dq, which, head.scale, head);
  }
}

template <int D, int QT, int KT>
void backward(Stream stream, const Arrays& arrays, const AttentionShape& shape, int64_t B) {
  const int64_t key_tiles = divide_up(shape.T, KT), query_tiles = divide_up(shape.T, QT);
  launch(stream, {B * shape.K * key_tiles}, KT * 2, keys_kernel<D, QT, KT>, arrays, shape, key_tiles);
  launch(stream, {B * shape.H * query_tiles}, QT * 2, queries_kernel<D, QT, KT>, arrays, shape, query_tiles);
}

}  // namespace

void attention_backward(Stream stream, Bf16* dqkv, float* scratch, const Bf16* dout, const Bf16* out,
                        const float* log_sum, const Bf16* qkv, const int32_t* first_key, const Extent& extent) {
  const AttentionShape shape = shape_of(first_key, extent);
  const int64_t rows = extent.B * extent.H * extent.T;
  launch(stream, {divide_up(rows, kDeltaThreads / kWarp)}, kDeltaThreads, delta_kernel, scratch, dout, out, shape,
         rows);
  const Arrays arrays{dqkv, dout, qkv, log_sum, scratch};
  if (shape.D <= 32) {
    backward<32, 64, 64>(stream, arrays, shape, extent.B);
  } else if (shape.D <= 64) {
    backward<64, 64, 64>(stream, arrays, shape, extent.B);
  } else {
    backward<128, 32, 32>(stream, arrays, shape, extent.B);
  }
}

}  // namespace ftok::FTOK_SPACE
