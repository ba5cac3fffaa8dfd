#include "trainer/cuda/products.h"

namespace ftok {

// out^T (O,R) = weight^T (O,I) in^T (I,R).
MatmulCall forward_product(Bf16* out, const Bf16* in, const Bf16* weight, const LinearShape& shape) {
  MatmulCall call;
  call.m = shape.O, call.n = shape.R, call.k = shape.I;
  call.a = weight, call.lda = shape.O;
  call.b = in, call.ldb = shape.I;
  call.d = out, call.ldd = shape.O;
  return call;
}

// din^T (I,R) = weight (I,O) dout^T (O,R); weight^T (O,I) is what lies in memory.
MatmulCall input_gradient_product(Bf16* din, const Bf16* dout, const Bf16* weight, const LinearShape& shape) {
  MatmulCall call;
  call.m = shape.I, call.n = shape.R, call.k = shape.O;
  call.a = weight, call.lda = shape.O, call.transpose_a = true;
  call.b = dout, call.ldb = shape.O;
  call.d = din, call.ldd = shape.I;
  return call;
}

// dweight^T (O,I) += dout^T (O,R) in (R,I); in^T (I,R) is what lies in memory.
MatmulCall weight_gradient_product(float* dweight, const Bf16* dout, const Bf16* in, const LinearShape& shape) {
  MatmulCall call;
  call.m = shape.O, call.n = shape.I, call.k = shape.R;
  call.a = dout, call.lda = shape.O;
  call.b = in, call.ldb = shape.I, call.transpose_b = true;
  call.d = dweight, call.ldd = shape.O;
  call.d_is_float = true, call.accumulate = true;
  return call;
}

// X^T (columns,rows) is what lies in memory: the one's product with its transpose, or the other way round.
MatmulCall gram_product(float* square, const Bf16* x, const OrthogonalShape& shape) {
  MatmulCall call;
  const int64_t n = shape.side();
  call.m = n, call.n = n, call.k = shape.is_wide() ? shape.columns : shape.rows;
  call.a = x, call.lda = shape.columns, call.transpose_a = shape.is_wide();
  call.b = x, call.ldb = shape.columns, call.transpose_b = !shape.is_wide();
  call.d = square, call.ldd = n, call.d_is_float = true;
  call.batch = shape.count, call.stride_a = shape.stride, call.stride_b = shape.stride,
  call.stride_d = shape.square_stride;
  return call;
}

MatmulCall square_product(float* square, const Bf16* a, const OrthogonalShape& shape) {
  MatmulCall call;
  const int64_t n = shape.side();
  call.m = n, call.n = n, call.k = n;
  call.a = a, call.lda = n;
  call.b = a, call.ldb = n;
  call.d = square, call.ldd = n, call.d_is_float = true, call.accumulate = true;
  call.batch = shape.count, call.stride_a = shape.square_stride, call.stride_b = shape.square_stride,
  call.stride_d = shape.square_stride;
  return call;
}

// out^T (columns,rows) += X^T p^T, or p^T X^T; p is its own transpose.
MatmulCall polynomial_product(float* out, const Bf16* p, const Bf16* x, const OrthogonalShape& shape) {
  MatmulCall call;
  const int64_t n = shape.side();
  call.m = shape.columns, call.n = shape.rows, call.k = n;
  call.a = shape.is_wide() ? x : p, call.lda = shape.columns;
  call.b = shape.is_wide() ? p : x, call.ldb = n;
  call.stride_a = shape.is_wide() ? shape.stride : shape.square_stride;
  call.stride_b = shape.is_wide() ? shape.square_stride : shape.stride;
  call.d = out, call.ldd = shape.columns, call.d_is_float = true, call.accumulate = true;
  call.batch = shape.count, call.stride_d = shape.stride;
  return call;
}

}  // namespace ftok
