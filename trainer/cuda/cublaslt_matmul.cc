#include "trainer/cuda/cublaslt_matmul.h"

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "trainer/cuda/cuda_check.h"
#include "trainer/cuda/device.h"
#include "trainer/cuda/product_choices.h"
#include "trainer/cuda/shared_library.h"

namespace ftok {
namespace {

using cuda::check;

constexpr size_t kWorkspaceBytes = kProductWorkspaceBytes;
constexpr int kProposals = 16;
constexpr int kRepeats = 5;

#define FTOK_LIBRARY_NAME(major) "libcublasLt.so." #major
#define FTOK_LIBRARY_OF(major) FTOK_LIBRARY_NAME(major)

// The library's functions, looked up by name.
struct Library {
  SharedLibrary library{FTOK_LIBRARY_OF(CUBLAS_VER_MAJOR)};
  decltype(cublasLtCreate)* create;
  decltype(cublasLtDestroy)* destroy;
  decltype(cublasLtGetVersion)* get_version;
  decltype(cublasLtGetStatusString)* status_string;
  decltype(cublasLtMatmul)* matmul;
  decltype(cublasLtMatmulAlgoGetHeuristic)* propose;
  decltype(cublasLtMatmulAlgoCheck)* check_algorithm;
  decltype(cublasLtMatmulDescCreate)* operation_create;
  decltype(cublasLtMatmulDescDestroy)* operation_destroy;
  decltype(cublasLtMatmulDescSetAttribute)* operation_set;
  decltype(cublasLtMatrixLayoutCreate)* layout_create;
  decltype(cublasLtMatrixLayoutDestroy)* layout_destroy;
  decltype(cublasLtMatrixLayoutSetAttribute)* layout_set;
  decltype(cublasLtMatmulPreferenceCreate)* preference_create;
  decltype(cublasLtMatmulPreferenceDestroy)* preference_destroy;
  decltype(cublasLtMatmulPreferenceSetAttribute)* preference_set;

  Library() {
    library.find("cublasLtCreate", create);
    library.find("cublasLtDestroy", destroy);
    library.find("cublasLtGetVersion", get_version);
    library.find("cublasLtGetStatusString", status_string);
    library.find("cublasLtMatmul", matmul);
    library.find("cublasLtMatmulAlgoGetHeuristic", propose);
    library.find("cublasLtMatmulAlgoCheck", check_algorithm);
    library.find("cublasLtMatmulDescCreate", operation_create);
    library.find("cublasLtMatmulDescDestroy", operation_destroy);
    library.find("cublasLtMatmulDescSetAttribute", operation_set);
    library.find("cublasLtMatrixLayoutCreate", layout_create);
    library.find("cublasLtMatrixLayoutDestroy", layout_destroy);
    library.find("cublasLtMatrixLayoutSetAttribute", layout_set);
    library.find("cublasLtMatmulPreferenceCreate", preference_create);
    library.find("cublasLtMatmulPreferenceDestroy", preference_destroy);
    library.find("cublasLtMatmulPreferenceSetAttribute", preference_set);
  }
  void check(cublasStatus_t status, const char* what) const {
    if (status != CUBLAS_STATUS_SUCCESS) throw Error(std::string("cuBLASLt: ") + what + ": " + status_string(status));
  }
};

// The largest power of two that divides the address, up to 256.
int64_t alignment_of(const void* pointer) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  return address == 0 ? 256 : static_cast<int64_t>(std::min<uintptr_t>(256, address & (~address + 1)));
}

ProductKey key_of(const MatmulCall& c) {
  return {c.transpose_a,
          c.transpose_b,
          c.m,
          c.n,
          c.k,
          c.lda,
          c.ldb,
          c.ldd,
          c.d_is_float,
          c.accumulate,
          static_cast<int64_t>(c.epilogue),
          alignment_of(c.a),
          alignment_of(c.b),
          alignment_of(c.d),
          alignment_of(c.aux),
          c.batch,
          c.stride_a,
          c.stride_b,
          c.stride_d};
}

// Descriptors of one call.
class Descriptors {
 public:
  Descriptors(const Library& library, const MatmulCall& c) : library_(library) {
    const cudaDataType_t out = c.d_is_float ? CUDA_R_32F : CUDA_R_16BF;
    library.check(library.operation_create(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F),
                  "cannot describe a matrix product");
    set(CUBLASLT_MATMUL_DESC_TRANSA, c.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, c.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set_epilogue(c);
    layout(a, CUDA_R_16BF, c.transpose_a ? c.k : c.m, c.transpose_a ? c.m : c.k, c.lda);
    layout(b, CUDA_R_16BF, c.transpose_b ? c.n : c.k, c.transpose_b ? c.k : c.n, c.ldb);
    layout(d, out, c.m, c.n, c.ldd);
    if (c.batch > 1) {
      repeat(a, c.batch, c.stride_a);
      repeat(b, c.batch, c.stride_b);
      repeat(d, c.batch, c.stride_d);
    }
  }
  ~Descriptors() {
    for (const cublasLtMatrixLayout_t one : {a, b, d}) {
      if (one != nullptr) library_.layout_destroy(one);
    }
    if (operation != nullptr) library_.operation_destroy(operation);
  }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, d = nullptr;

 private:
  template <typename Value>
  void set(cublasLtMatmulDescAttributes_t attribute, const Value& value) {
    library_.check(library_.operation_set(operation, attribute, &value, sizeof value),
                   "cannot describe a matrix product");
  }
  void layout(cublasLtMatrixLayout_t& one, cudaDataType_t type, int64_t rows, int64_t columns, int64_t ld) {
    library_.check(library_.layout_create(&one, type, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), ld),
                   "cannot describe a matrix");
  }
  void repeat(cublasLtMatrixLayout_t one, int64_t batch, int64_t stride) {
    const auto count = static_cast<int32_t>(batch);
    library_.check(library_.layout_set(one, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
                   "cannot describe a batch of matrices");
    library_.check(library_.layout_set(one, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride),
                   "cannot describe a batch of matrices");
  }
  void set_epilogue(const MatmulCall& c) {
    switch (c.epilogue) {
      case Epilogue::kNone: return;
      case Epilogue::kBias: set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS); break;
      case Epilogue::kGeluAuxBias: set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_GELU_AUX_BIAS); break;
      case Epilogue::kDGelu: set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DGELU); break;
      case Epilogue::kBgradA:
        set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BGRADA);
        set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, c.bias_gradient);
        set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_32F);
        return;
    }
    if (c.bias != nullptr) {
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, c.bias);
      set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_16BF);
    }
    if (c.aux != nullptr) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, c.aux);
      set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, c.ld_aux);
      set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE, CUDA_R_16BF);
    }
  }

  const Library& library_;
};

class CublasLtMatmul final : public TunedMatmul {
 public:
  explicit CublasLtMatmul(Device& device) : device_(device) {
    library_.check(library_.create(&handle_), "cannot start");
    workspace_ = device_.allocate(kWorkspaceBytes);
    check(cudaEventCreate(&begin_), "cannot create an event");
    check(cudaEventCreate(&end_), "cannot create an event");
  }
  ~CublasLtMatmul() override {
    device_.release(workspace_);
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
    library_.destroy(handle_);
  }
  CublasLtMatmul(const CublasLtMatmul&) = delete;
  CublasLtMatmul& operator=(const CublasLtMatmul&) = delete;

  bool run(void* stream, const MatmulCall& call) override {
    const Descriptors descriptors(library_, call);
    const ProductChoice& choice = choice_for(stream, call, descriptors);
    if (!choice.possible) {
      if (call.epilogue == Epilogue::kNone)
        throw Error("cuBLASLt has no algorithm for a matrix product of " + shape_text(call));
      return false;
    }
    library_.check(launch(stream, call, descriptors, choice.algorithm, call.d), "a matrix product failed");
    return true;
  }

  bool is_chosen(const MatmulCall& call) const override { return choices_.find(key_of(call)) != nullptr; }
  float milliseconds(void* stream, const MatmulCall& call) override {
    const Descriptors descriptors(library_, call);
    ProductChoice choice = choice_for(stream, call, descriptors);
    if (!choice.possible) return INFINITY;
    if (choice.milliseconds == 0)
      choice = choices_.set(key_of(call), best_of({choice.algorithm}, stream, call, descriptors));
    return choice.milliseconds;
  }
  void decline(const MatmulCall& call) override { choices_.set(key_of(call), {}); }

  std::string choices() const override { return choices_.text(heading()); }
  bool set_choices(const std::string& text) override { return choices_.set_text(heading(), text); }

 private:
  std::string heading() const { return device_.name() + ", cuBLASLt " + std::to_string(library_.get_version()); }

  static std::string shape_text(const MatmulCall& c) {
    return (c.batch > 1 ? std::to_string(c.batch) + " times " : "") + std::to_string(c.m) + " x " +
           std::to_string(c.n) + " x " + std::to_string(c.k);
  }

  const ProductChoice& choice_for(void* stream, const MatmulCall& call, const Descriptors& descriptors) {
    const ProductKey key = key_of(call);
    if (const ProductChoice* const chosen = choices_.find(key)) return *chosen;
    return choices_.set(key, best_of(proposals(call, descriptors), stream, call, descriptors));
  }

  cublasStatus_t launch(void* stream, const MatmulCall& call, const Descriptors& descriptors,
                        const ProductAlgorithm& words, void* d) {
    cublasLtMatmulAlgo_t algorithm{};
    static_assert(sizeof algorithm.data == sizeof words);
    std::memcpy(algorithm.data, words.data(), sizeof words);
    const float alpha = 1, beta = call.accumulate ? 1.0f : 0.0f;
    return library_.matmul(handle_, descriptors.operation, &alpha, call.a, descriptors.a, call.b, descriptors.b, &beta,
                           d, descriptors.d, d, descriptors.d, &algorithm, workspace_, kWorkspaceBytes,
                           static_cast<cudaStream_t>(stream));
  }

  std::vector<ProductAlgorithm> proposals(const MatmulCall& call, const Descriptors& descriptors) const {
    cublasLtMatmulPreference_t preference = nullptr;
    library_.check(library_.preference_create(&preference), "cannot query its algorithms");
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
      library_.check(library_.preference_set(preference, attribute, &value, sizeof value),
                     "cannot query its algorithms");
    };
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kWorkspaceBytes);
    // Parts of a split sum meet in the workspace, in order; not in the result.
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE) |
                                                        static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<uint32_t>(alignment_of(call.a)));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<uint32_t>(alignment_of(call.b)));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<uint32_t>(alignment_of(call.d)));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<uint32_t>(alignment_of(call.d)));
    std::vector<cublasLtMatmulHeuristicResult_t> results(kProposals);
    int count = 0;
    const cublasStatus_t status =
        library_.propose(handle_, descriptors.operation, descriptors.a, descriptors.b, descriptors.d, descriptors.d,
                         preference, kProposals, results.data(), &count);
    library_.preference_destroy(preference);
    std::vector<ProductAlgorithm> algorithms;
    for (int i = 0; status == CUBLAS_STATUS_SUCCESS && i < count; ++i) {  // else CUBLAS_STATUS_NOT_SUPPORTED: none
      const cublasLtMatmulHeuristicResult_t& result = results[static_cast<size_t>(i)];
      if (result.state != CUBLAS_STATUS_SUCCESS) continue;
      std::memcpy(algorithms.emplace_back().data(), result.algo.data, sizeof(ProductAlgorithm));
    }
    return algorithms;
  }

  // Milliseconds of one product; infinite when the algorithm fails.
  float time_of(void* stream, const MatmulCall& call, const Descriptors& descriptors, const ProductAlgorithm& algorithm,
                void* d) {
    float best = INFINITY;
    for (int i = 0; i <= kRepeats; ++i) {
      check(cudaEventRecord(begin_, static_cast<cudaStream_t>(stream)), "cannot record an event");
      if (launch(stream, call, descriptors, algorithm, d) != CUBLAS_STATUS_SUCCESS) {
        cudaGetLastError();  // what the failed launch left would be taken for the next kernel's
        return INFINITY;
      }
      check(cudaEventRecord(end_, static_cast<cudaStream_t>(stream)), "cannot record an event");
      check(cudaEventSynchronize(end_), "a matrix product failed");
      float milliseconds = 0;
      check(cudaEventElapsedTime(&milliseconds, begin_, end_), "cannot time a matrix product");
      if (i > 0) best = std::min(best, milliseconds);  // the first one warms up
    }
    return best;
  }

  ProductChoice best_of(const std::vector<ProductAlgorithm>& algorithms, void* stream, const MatmulCall& call,
                        const Descriptors& descriptors) {
    // A sum in place must not grow while it is timed: another array takes it.
    const size_t elements = static_cast<size_t>(call.ldd * call.n + (call.batch - 1) * call.stride_d);
    const size_t bytes = elements * (call.d_is_float ? 4 : 2);
    void* const other = call.accumulate ? device_.allocate(bytes) : nullptr;
    const ProductChoice choice = fastest_choice(algorithms, [&](const ProductAlgorithm& algorithm) {
      return time_of(stream, call, descriptors, algorithm, call.accumulate ? other : call.d);
    });
    if (other != nullptr) device_.release(other);
    return choice;
  }

  Device& device_;
  Library library_;
  cublasLtHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
  ProductChoices choices_;
};

}  // namespace

std::unique_ptr<TunedMatmul> make_cublaslt_matmul(Device& device) { return std::make_unique<CublasLtMatmul>(device); }

}  // namespace ftok
