// Matrix products by OpenBLAS, one thread a block of the result, and those of a single row by loops of our own, since
// OpenBLAS packs a matrix before it multiplies; and the linear layer made of them.
#include "trainer/cpu/blas.h"
#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

CBLAS_TRANSPOSE transposition(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

void gemm(const Product<float>& p) {
  blas().sgemm(CblasRowMajor, transposition(p.a.transposed), transposition(p.b.transposed), static_cast<int>(p.M),
               static_cast<int>(p.N), static_cast<int>(p.K), p.factor, p.a.data, static_cast<int>(p.a.stride), p.b.data,
               static_cast<int>(p.b.stride), p.keep, p.out, static_cast<int>(p.out_stride));
}

void gemm(const Product<double>& p) {
  blas().dgemm(CblasRowMajor, transposition(p.a.transposed), transposition(p.b.transposed), static_cast<int>(p.M),
               static_cast<int>(p.N), static_cast<int>(p.K), p.factor, p.a.data, static_cast<int>(p.a.stride), p.b.data,
               static_cast<int>(p.b.stride), p.keep, p.out, static_cast<int>(p.out_stride));
}

int64_t ceiling(int64_t n, int64_t size) { return (n + size - 1) / size; }

// The edge of the square blocks that an (M,N) result is cut into: as large as leaves eight of them, for a block's
// operands are packed again and cost less the larger it is; at least 128.
int64_t block_edge(int64_t M, int64_t N) {
  for (const int64_t edge : {512, 256}) {
    if (ceiling(M, edge) * ceiling(N, edge) >= 8) return edge;
  }
  return 128;
}

// out[c] = keep out[c] + factor sum over k of in[k] b(k,c), for the columns of [begin, end).
template <typename Real>
FTOK_ALWAYS_INLINE void multiply_row_loop(const Product<Real>& p, int64_t begin, int64_t end) {
  const int64_t step = p.a.transposed ? p.a.stride : 1, n = end - begin;
  Real* const out = p.out + begin;
  if (p.b.transposed) {
    for (int64_t c = 0; c < n; ++c) {
      const Real* const column = p.b.data + (begin + c) * p.b.stride;
      const Real sum = p.factor * lane_sum<Real>(p.K, [&](int64_t k) { return p.a.data[k * step] * column[k]; });
      out[c] = p.keep == Real(0) ? sum : p.keep * out[c] + sum;
    }
    return;
  }
  for (int64_t c = 0; c < n; ++c) out[c] = p.keep == Real(0) ? Real(0) : p.keep * out[c];
  constexpr int64_t kRows = 8;  // that are added before the sums are stored again
  int64_t k = 0;
  for (; k + kRows <= p.K; k += kRows) {
    const Real* const rows = p.b.data + k * p.b.stride + begin;
    Real x[kRows];
    for (int64_t i = 0; i < kRows; ++i) x[i] = p.factor * p.a.data[(k + i) * step];
    for (int64_t c = 0; c < n; ++c) {
      Real sum = out[c];
      for (int64_t i = 0; i < kRows; ++i) sum += x[i] * rows[i * p.b.stride + c];
      out[c] = sum;
    }
  }
  for (; k < p.K; ++k) {
    const Real x = p.factor * p.a.data[k * step];
    for (int64_t c = 0; c < n; ++c) out[c] += x * p.b.data[k * p.b.stride + begin + c];
  }
}
FTOK_VECTOR_CLONES void multiply_row(const Product<float>& p, int64_t begin, int64_t end) {
  multiply_row_loop(p, begin, end);
}
void multiply_row(const Product<double>& p, int64_t begin, int64_t end) { multiply_row_loop(p, begin, end); }

// The columns that a thread computes at a time: sums that stay in the first cache, and something to do for every
// thread.
int64_t columns_per_block(int64_t N, int threads) { return std::clamp<int64_t>(ceiling(N, threads), 128, 4096); }

template <typename Real>
FTOK_ALWAYS_INLINE void add_row_loop(Real* sums, const Real* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) sums[i] += in[i];
}
FTOK_VECTOR_CLONES void add(float* sums, const float* in, int64_t n) { add_row_loop(sums, in, n); }
void add(double* sums, const double* in, int64_t n) { add_row_loop(sums, in, n); }

// sums (columns) += the sums of the columns of `in` (rows, columns), each in row order.
template <typename Real>
void add_column_sums(Workers& workers, Real* sums, const Real* in, int64_t rows, int64_t columns) {
  workers.blocks(columns, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < rows; ++r) {
      add(sums + begin, in + r * columns + begin, end - begin);
    }
  });
}

}  // namespace

template <typename Real>
void multiply(const Product<Real>& product) {
  gemm(product);
}

template <typename Real>
void multiply(Workers& workers, const Product<Real>& product) {
  if (product.M == 1) {
    workers.blocks(product.N, columns_per_block(product.N, workers.threads()),
                   [&](int64_t begin, int64_t end) { multiply_row(product, begin, end); });
    return;
  }
  const int64_t edge = block_edge(product.M, product.N), columns = ceiling(product.N, edge);
  workers.blocks(ceiling(product.M, edge) * columns, 1, [&](int64_t index, int64_t) {
    const int64_t row = index / columns * edge, column = index % columns * edge;
    Product<Real> part = product;
    part.M = std::min(edge, product.M - row);
    part.N = std::min(edge, product.N - column);
    part.a.data += product.a.transposed ? row : row * product.a.stride;
    part.b.data += product.b.transposed ? column * product.b.stride : column;
    part.out += row * product.out_stride + column;
    gemm(part);
  });
}

template <typename Real>
void linear_forward(Workers& workers, Real* out, const Real* in, const Real* weight, const Real* bias, int64_t R,
                    int64_t I, int64_t O) {
  if (bias == nullptr) return multiply(workers, Product<Real>{R, O, I, {in, I}, {weight, O}, out, O});
  workers.blocks(R, rows_per_block(O), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) std::copy(bias, bias + O, out + r * O);
  });
  multiply(workers, Product<Real>{R, O, I, {in, I}, {weight, O}, out, O, 1, 1});
}

template <typename Real>
void linear_backward(Workers& workers, Real* din, Real* dweight, Real* dbias, const Real* dout, const Real* in,
                     const Real* weight, int64_t R, int64_t I, int64_t O) {
  multiply(workers, Product<Real>{R, I, O, {dout, O}, {weight, O, true}, din, I});
  multiply(workers, Product<Real>{I, O, R, {in, I, true}, {dout, O}, dweight, O, 1, 1});
  if (dbias != nullptr) add_column_sums(workers, dbias, dout, R, O);
}

template void multiply(const Product<float>&);
template void multiply(const Product<double>&);
template void multiply(Workers&, const Product<float>&);
template void multiply(Workers&, const Product<double>&);
template void linear_forward(Workers&, float*, const float*, const float*, const float*, int64_t, int64_t, int64_t);
template void linear_forward(Workers&, double*, const double*, const double*, const double*, int64_t, int64_t, int64_t);
template void linear_backward(Workers&, float*, float*, float*, const float*, const float*, const float*, int64_t,
                              int64_t, int64_t);
template void linear_backward(Workers&, double*, double*, double*, const double*, const double*, const double*, int64_t,
                              int64_t, int64_t);

}  // namespace ftok::cpu
