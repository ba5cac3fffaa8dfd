// Matrix products on the device, said as cuBLASLt wants them: column-major, with what is done to the result on its way
// out. The rest of ftok is row-major; products.h has the translation.
#pragma once

#include <cstdint>

#include "trainer/layers/bfloat16.h"

namespace ftok {

enum class Epilogue : uint8_t {
  kNone,
  kBias,         // D += bias (m) in every column
  kGeluAuxBias,  // aux (m,n) = op(A) op(B) + bias; D = GELU of that
  kDGelu,        // D = op(A) op(B) times GELU' of aux (m,n)
  kBgradA,       // besides D: bias_gradient (m) = the sums of the rows of op(A), overwritten
};

// D (m,n) = op(A) (m,k) op(B) (k,n), or + D with `accumulate`. Column-major: element (i,j) lies at i + j ld. A, B, bias
// and aux are bfloat16, sums are float.
struct MatmulCall {
  bool transpose_a = false, transpose_b = false;
  int64_t m = 0, n = 0, k = 0;
  const Bf16* a = nullptr;
  int64_t lda = 0;  // A is (m,k), transposed (k,m)
  const Bf16* b = nullptr;
  int64_t ldb = 0;  // B is (k,n), transposed (n,k)
  void* d = nullptr;
  int64_t ldd = 0;
  bool d_is_float = false;  // else bfloat16
  bool accumulate = false;
  Epilogue epilogue = Epilogue::kNone;
  const Bf16* bias = nullptr;
  float* bias_gradient = nullptr;
  Bf16* aux = nullptr;
  int64_t ld_aux = 0;
  // So many products of this shape, without an epilogue: operands and results lie that many elements apart.
  int64_t batch = 1;
  int64_t stride_a = 0, stride_b = 0, stride_d = 0;
};

// Not thread-safe. The same call, on the same kind of GPU, gives the same bits while the object lives.
class Matmul {
 public:
  virtual ~Matmul() = default;
  // Queues the product on `stream` (a cudaStream_t). False, with nothing queued, when there is no way to do this call
  // with this epilogue; a call without one is done or throws Error. The answer for a shape does not change.
  virtual bool run(void* stream, const MatmulCall& call) = 0;

  // Whether it is settled how calls of this shape are done: by an earlier one, or by choices that were read back.
  virtual bool is_chosen(const MatmulCall& call) const = 0;
  // What such a call takes, in milliseconds; infinite when there is no way to do it. Chooses where nothing was chosen.
  // Results are overwritten as by run(), but with `accumulate` D stays as it is.
  virtual float milliseconds(void* stream, const MatmulCall& call) = 0;
  // From now on run() gives false for calls of this shape, which have an epilogue: the caller has a faster way.
  virtual void decline(const MatmulCall& call) = 0;
};

}  // namespace ftok
