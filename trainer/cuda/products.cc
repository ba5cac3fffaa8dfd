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

}  // namespace ftok
