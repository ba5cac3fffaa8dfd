// The three products of a linear layer, row-major, as column-major calls. A row-major matrix (R,C) is, read column by
// column, its transpose (C,R) with leading dimension C; so out = in W becomes out^T = W^T in^T.
//
// The tied head is made of the same three: logits (R,V) = hidden (R,C) wte^T is the input gradient of a layer with
// weight wte (V,C); dhidden = dlogits wte its forward pass; dwte += dlogits^T hidden its weight gradient.
#pragma once

#include "trainer/cuda/matmul.h"

namespace ftok {

struct LinearShape {
  int64_t R, I, O;  // in (R,I), weight (I,O), out (R,O)
};

// out = in weight.
MatmulCall forward_product(Bf16* out, const Bf16* in, const Bf16* weight, const LinearShape& shape);
// din = dout weight^T.
MatmulCall input_gradient_product(Bf16* din, const Bf16* dout, const Bf16* weight, const LinearShape& shape);
// dweight += in^T dout, in float.
MatmulCall weight_gradient_product(float* dweight, const Bf16* dout, const Bf16* in, const LinearShape& shape);

// `count` matrices X (rows,columns), `stride` elements apart, and as many squares (n,n) of their smaller side n.
struct OrthogonalShape {
  int64_t rows, columns, count, stride, square_stride;
  bool is_wide() const { return rows <= columns; }
  int64_t side() const { return is_wide() ? rows : columns; }
};

// square = X X^T, or X^T X of tall ones.
MatmulCall gram_product(float* square, const Bf16* x, const OrthogonalShape& shape);
// square += a a, of symmetric matrices.
MatmulCall square_product(float* square, const Bf16* a, const OrthogonalShape& shape);
// out += p X, or X p of tall ones.
MatmulCall polynomial_product(float* out, const Bf16* p, const Bf16* x, const OrthogonalShape& shape);

}  // namespace ftok
