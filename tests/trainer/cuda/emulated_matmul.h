// cuBLASLt's contract, element by element on the CPU: column-major operands, leading dimensions, epilogues
// (cublasLt.h). What the translation from row-major is tested with.
#pragma once

#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "trainer/cuda/matmul.h"

namespace ftok::testing {

class EmulatedMatmul final : public Matmul {
 public:
  std::set<Epilogue> refused;       // as where the library has no algorithm
  std::map<Epilogue, float> times;  // milliseconds of a call; 0 for one that is not named
  std::vector<Epilogue> declined;   // in order
  std::vector<MatmulCall> calls;

  bool run(void*, const MatmulCall& call) override {
    check(call);
    chosen_.insert(shape_of(call));
    if (refused.count(call.epilogue) != 0 || declined_.count(shape_of(call)) != 0) return false;
    calls.push_back(call);
    for (int64_t one = 0; one < call.batch; ++one) {
      const MatmulCall single = one_of(call, one);
      for (int64_t j = 0; j < call.n; ++j) {
        for (int64_t i = 0; i < call.m; ++i) finish(single, i, j, product(single, i, j));
      }
    }
    if (call.epilogue == Epilogue::kBgradA) {
      for (int64_t i = 0; i < call.m; ++i) {
        float sum = 0;
        for (int64_t k = 0; k < call.k; ++k) sum += a_at(call, i, k);
        call.bias_gradient[i] = sum;
      }
    }
    return true;
  }

  bool is_chosen(const MatmulCall& call) const override { return chosen_.count(shape_of(call)) != 0; }
  float milliseconds(void*, const MatmulCall& call) override {
    chosen_.insert(shape_of(call));
    if (refused.count(call.epilogue) != 0) return INFINITY;
    const auto found = times.find(call.epilogue);
    return found == times.end() ? 0 : found->second;
  }
  void decline(const MatmulCall& call) override {
    require(call.epilogue != Epilogue::kNone, "a plain product declined");
    declined_.insert(shape_of(call));
    declined.push_back(call.epilogue);
  }

 private:
  using Shape = std::tuple<Epilogue, bool, bool, int64_t, int64_t, int64_t, int64_t>;
  static Shape shape_of(const MatmulCall& c) {
    return {c.epilogue, c.transpose_a, c.transpose_b, c.m, c.n, c.k, c.batch};
  }
  static void require(bool holds, const char* what) {
    if (!holds) throw std::logic_error(std::string("matmul: ") + what);
  }
  // A leading dimension reaches over a column, and each operand is there.
  static void check(const MatmulCall& c) {
    require(c.m > 0 && c.n > 0 && c.k > 0, "sizes");
    require(c.a != nullptr && c.b != nullptr && c.d != nullptr, "operands");
    require(c.lda >= (c.transpose_a ? c.k : c.m), "lda");
    require(c.ldb >= (c.transpose_b ? c.n : c.k), "ldb");
    require(c.ldd >= c.m, "ldd");
    const bool with_bias = c.epilogue == Epilogue::kBias || c.epilogue == Epilogue::kGeluAuxBias;
    const bool with_aux = c.epilogue == Epilogue::kGeluAuxBias || c.epilogue == Epilogue::kDGelu;
    require(with_bias == (c.bias != nullptr), "bias");
    require(with_aux == (c.aux != nullptr) && (!with_aux || c.ld_aux >= c.m), "aux");
    require(c.batch == 1 || (c.batch > 1 && c.epilogue == Epilogue::kNone && c.stride_d >= c.ldd * c.n), "batch");
    require((c.epilogue == Epilogue::kBgradA) == (c.bias_gradient != nullptr), "bias gradient");
  }
  static MatmulCall one_of(MatmulCall call, int64_t one) {
    call.a += one * call.stride_a, call.b += one * call.stride_b;
    call.d = static_cast<char*>(call.d) + one * call.stride_d * (call.d_is_float ? 4 : 2);
    return call;
  }
  static float a_at(const MatmulCall& c, int64_t i, int64_t k) {
    return to_float(c.transpose_a ? c.a[k + i * c.lda] : c.a[i + k * c.lda]);
  }
  static float b_at(const MatmulCall& c, int64_t k, int64_t j) {
    return to_float(c.transpose_b ? c.b[j + k * c.ldb] : c.b[k + j * c.ldb]);
  }
  static float product(const MatmulCall& c, int64_t i, int64_t j) {
    float sum = 0;
    for (int64_t k = 0; k < c.k; ++k) sum += a_at(c, i, k) * b_at(c, k, j);
    return sum;
  }
  static float tanh_argument(float x) { return 0.7978845608f * (x + 0.044715f * x * x * x); }

  static void finish(const MatmulCall& c, int64_t i, int64_t j, float x) {
    if (c.bias != nullptr) x += to_float(c.bias[i]);
    if (c.epilogue == Epilogue::kGeluAuxBias) {
      c.aux[i + j * c.ld_aux] = to_bfloat16(x);
      x = 0.5f * x * (1 + std::tanh(tanh_argument(x)));
    } else if (c.epilogue == Epilogue::kDGelu) {
      const float y = to_float(c.aux[i + j * c.ld_aux]), t = std::tanh(tanh_argument(y));
      x *= 0.5f * (1 + t) + 0.5f * y * (1 - t * t) * 0.7978845608f * (1 + 3 * 0.044715f * y * y);
    }
    const size_t at = static_cast<size_t>(i) + static_cast<size_t>(j) * static_cast<size_t>(c.ldd);
    if (c.d_is_float) {
      float* const d = static_cast<float*>(c.d);
      d[at] = c.accumulate ? d[at] + x : x;
    } else {
      Bf16* const d = static_cast<Bf16*>(c.d);
      d[at] = to_bfloat16(c.accumulate ? to_float(d[at]) + x : x);
    }
  }

  std::set<Shape> chosen_, declined_;
};

}  // namespace ftok::testing
