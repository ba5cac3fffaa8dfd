// Matrix products by OpenBLAS, one thread a block of the result; and the linear layer made of them.
#include <cblas.h>

#include "trainer/cpu/kernels.h"

namespace ftok::cpu {
namespace {

CBLAS_TRANSPOSE transposition(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

void gemm(const Product<float>& p) {
  cblas_sgemm(CblasRowMajor, transposition(p.a.transposed), transposition(p.b.transposed), static_cast<int>(p.M),
              static_cast<int>(p.N), static_cast<int>(p.K), p.factor, p.a.data, static_cast<int>(p.a.stride), p.b.data,
              static_cast<int>(p.b.stride), p.keep, p.out, static_cast<int>(p.out_stride));
}

void gemm(const Product<double>& p) {
  cblas_dgemm(CblasRowMajor, transposition(p.a.transposed), transposition(p.b.transposed), static_cast<int>(p.M),
              static_cast<int>(p.N), static_cast<int>(p.K), p.factor, p.a.data, static_cast<int>(p.a.stride), p.b.data,
              static_cast<int>(p.b.stride), p.keep, p.out, static_cast<int>(p.out_stride));
}

// Up to 16 blocks, each at least 128 wide: below that OpenBLAS's packing costs more than it saves.
int64_t block_of(int64_t n) { return std::max<int64_t>(128, ((n + 15) / 16 + 15) / 16 * 16); }

// sums (columns) += the sums of the columns of `in` (rows, columns), each in row order.
template <typename Real>
void add_column_sums(Workers& workers, Real* sums, const Real* in, int64_t rows, int64_t columns) {
  workers.blocks(columns, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = begin; c < end; ++c) sums[c] += in[r * columns + c];
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
  const bool by_rows = product.M >= product.N;
  const int64_t n = by_rows ? product.M : product.N;
  workers.blocks(n, block_of(n), [&](int64_t begin, int64_t end) {
    Product<Real> part = product;
    if (by_rows) {
      part.M = end - begin;
      part.a.data += part.a.transposed ? begin : begin * part.a.stride;
      part.out += begin * part.out_stride;
    } else {
      part.N = end - begin;
      part.b.data += part.b.transposed ? begin * part.b.stride : begin;
      part.out += begin;
    }
    gemm(part);
  });
}

template <typename Real>
void linear_forward(Workers& workers, Real* out, const Real* in, const Real* weight, const Real* bias, int64_t R, int64_t I,
                    int64_t O) {
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
  add_column_sums(workers, dbias, dout, R, O);
}

template void multiply(const Product<float>&);
template void multiply(const Product<double>&);
template void multiply(Workers&, const Product<float>&);
template void multiply(Workers&, const Product<double>&);
template void linear_forward(Workers&, float*, const float*, const float*, const float*, int64_t, int64_t, int64_t);
template void linear_forward(Workers&, double*, const double*, const double*, const double*, int64_t, int64_t, int64_t);
template void linear_backward(Workers&, float*, float*, float*, const float*, const float*, const float*, int64_t, int64_t,
                              int64_t);
template void linear_backward(Workers&, double*, double*, double*, const double*, const double*, const double*, int64_t,
                              int64_t, int64_t);

}  // namespace ftok::cpu
