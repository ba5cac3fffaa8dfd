#include "trainer/cuda/cudnn_attention.h"

// Its functions are looked up in the library that is loaded below, not linked.
#define NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING
#define CUDNN_FRONTEND_SKIP_JSON_LIB
#include <cudnn_frontend.h>

#include <array>
#include <cmath>
#include <map>
#include <unordered_map>

#include "core/error.h"
#include "trainer/cuda/shared_library.h"

namespace cudnn_frontend {
void* cudnn_dlhandle = nullptr;  // what the frontend looks functions up in
}

namespace ftok {
namespace {

namespace fe = cudnn_frontend;
using Graph = fe::graph::Graph;
using Tensor = std::shared_ptr<fe::graph::Tensor_attributes>;

enum Id : int64_t { kQ = 1, kK, kV, kO, kStats, kDO, kDQ, kDK, kDV };

#define FTOK_CUDNN_NAME(major) "libcudnn.so." #major
#define FTOK_CUDNN_OF(major) FTOK_CUDNN_NAME(major)

// Forward and backward of one shape; both or none.
struct Plans {
  std::shared_ptr<Graph> forward, backward;
};

class CudnnAttention final : public AttentionPlans {
 public:
  explicit CudnnAttention(Device& device) : workspace_(device) {
    fe::cudnn_dlhandle = library_.handle();
    if (fe::detail::create_handle(&handle_) != CUDNN_STATUS_SUCCESS) throw Error("cuDNN cannot start");
  }
  ~CudnnAttention() override {
    plans_.clear();
    fe::detail::destroy_handle(handle_);
  }
  CudnnAttention(const CudnnAttention&) = delete;
  CudnnAttention& operator=(const CudnnAttention&) = delete;

  bool forward(void* stream, Bf16* out, float* log_sum, const Bf16* qkv, const int32_t* first_key,
               const Extent& e) override {
    const Plans* const plans = plans_for(stream, first_key, e);
    if (plans == nullptr) return false;
    Bf16* const q = const_cast<Bf16*>(qkv);  // cuDNN takes no const pointers
    run(*plans->forward, {{kQ, q}, {kK, q + e.C}, {kV, q + 2 * e.C}, {kO, out}, {kStats, log_sum}});
    return true;
  }

  bool backward(void* stream, Bf16* dqkv, const Bf16* dout, const Bf16* out, const float* log_sum, const Bf16* qkv,
                const int32_t* first_key, const Extent& e) override {
    const Plans* const plans = plans_for(stream, first_key, e);
    if (plans == nullptr) return false;
    Bf16* const q = const_cast<Bf16*>(qkv);
    run(*plans->backward, {{kQ, q},
                           {kK, q + e.C},
                           {kV, q + 2 * e.C},
                           {kO, const_cast<Bf16*>(out)},
                           {kStats, const_cast<float*>(log_sum)},
                           {kDO, const_cast<Bf16*>(dout)},
                           {kDQ, dqkv},
                           {kDK, dqkv + e.C},
                           {kDV, dqkv + 2 * e.C}});
    return true;
  }

 private:
  // A head's rows within (B,T,3C) or (B,T,C), as (B,H,T,D).
  static Tensor rows(Graph& graph, Id id, const char* name, const Extent& e, int64_t row) {
    return graph.tensor(attributes(id, name, e, row));
  }
  static fe::graph::Tensor_attributes attributes(Id id, const char* name, const Extent& e, int64_t row) {
    const int64_t D = e.C / e.H;
    return fe::graph::Tensor_attributes()
        .set_name(name)
        .set_uid(id)
        .set_dim({e.B, e.H, e.T, D})
        .set_stride({e.T * row, D, row, 1});
  }
  static std::vector<int64_t> stats_dim(const Extent& e) { return {e.B, e.H, e.T, 1}; }
  static std::vector<int64_t> stats_stride(const Extent& e) { return {e.H * e.T, e.T, 1, 1}; }
  static float scale_of(const Extent& e) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(e.C / e.H))); }

  static std::shared_ptr<Graph> make_graph() {
    auto graph = std::make_shared<Graph>();
    graph->set_io_data_type(fe::DataType_t::BFLOAT16)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    return graph;
  }

  std::shared_ptr<Graph> make_forward(const Extent& e) {
    const std::shared_ptr<Graph> graph = make_graph();
    const Tensor q = rows(*graph, kQ, "q", e, 3 * e.C), k = rows(*graph, kK, "k", e, 3 * e.C),
                 v = rows(*graph, kV, "v", e, 3 * e.C);
    auto options =
        fe::graph::SDPA_attributes().set_name("attention").set_generate_stats(true).set_attn_scale(scale_of(e));
    options.set_diagonal_alignment(fe::DiagonalAlignment_t::TOP_LEFT).set_diagonal_band_right_bound(0);  // causal
    const auto [o, stats] = graph->sdpa(q, k, v, options);
    o->set_output(true).set_uid(kO).set_dim({e.B, e.H, e.T, e.C / e.H}).set_stride({e.T * e.C, e.C / e.H, e.C, 1});
    stats->set_output(true)
        .set_uid(kStats)
        .set_data_type(fe::DataType_t::FLOAT)
        .set_dim(stats_dim(e))
        .set_stride(stats_stride(e));
    return built(graph);
  }

  std::shared_ptr<Graph> make_backward(const Extent& e) {
    const std::shared_ptr<Graph> graph = make_graph();
    const Tensor q = rows(*graph, kQ, "q", e, 3 * e.C), k = rows(*graph, kK, "k", e, 3 * e.C),
                 v = rows(*graph, kV, "v", e, 3 * e.C);
    const Tensor o = rows(*graph, kO, "o", e, e.C), d_o = rows(*graph, kDO, "do", e, e.C);
    const Tensor stats = graph->tensor(fe::graph::Tensor_attributes()
                                           .set_name("stats")
                                           .set_uid(kStats)
                                           .set_dim(stats_dim(e))
                                           .set_stride(stats_stride(e))
                                           .set_data_type(fe::DataType_t::FLOAT));
    auto options = fe::graph::SDPA_backward_attributes().set_name("attention_backward").set_attn_scale(scale_of(e));
    options.set_diagonal_alignment(fe::DiagonalAlignment_t::TOP_LEFT).set_diagonal_band_right_bound(0);
    options.set_deterministic_algorithm(true);
    const auto [dq, dk, dv] = graph->sdpa_backward(q, k, v, o, d_o, stats, options);
    const std::array<std::pair<Tensor, Id>, 3> outputs = {{{dq, kDQ}, {dk, kDK}, {dv, kDV}}};
    for (const auto& [tensor, id] : outputs) {
      tensor->set_output(true)
          .set_uid(id)
          .set_dim({e.B, e.H, e.T, e.C / e.H})
          .set_stride({e.T * 3 * e.C, e.C / e.H, 3 * e.C, 1});
    }
    return built(graph);
  }

  // The graph with a plan, null when cuDNN has none for it here.
  std::shared_ptr<Graph> built(const std::shared_ptr<Graph>& graph) {
    if (graph->build(handle_, {fe::HeurMode_t::A}).is_bad()) return nullptr;
    int64_t bytes = 0;
    if (graph->get_workspace_size(bytes).is_bad()) return nullptr;
    if (workspace_.size() < static_cast<size_t>(bytes)) workspace_.resize(static_cast<size_t>(bytes));
    return graph;
  }

  const Plans* plans_for(void* stream, const int32_t* first_key, const Extent& e) {
    if (first_key != nullptr || e.C / e.H % 8 != 0) return nullptr;
    if (fe::detail::set_stream(handle_, static_cast<cudaStream_t>(stream)) != CUDNN_STATUS_SUCCESS)
      throw Error("cuDNN: set_stream");
    const std::array<int64_t, 4> key = {e.B, e.T, e.C, e.H};
    auto found = plans_.find(key);
    if (found == plans_.end()) {
      Plans plans{make_forward(e), nullptr};
      if (plans.forward) plans.backward = make_backward(e);
      found = plans_.emplace(key, std::move(plans)).first;
    }
    return found->second.backward ? &found->second : nullptr;
  }

  void run(Graph& graph, std::unordered_map<int64_t, void*> pointers) {
    auto status = graph.execute(handle_, pointers, workspace_.data());
    if (status.is_bad()) throw Error("cuDNN attention failed: " + status.get_message());
  }

  SharedLibrary library_{FTOK_CUDNN_OF(CUDNN_MAJOR)};
  cudnnHandle_t handle_ = nullptr;
  MemoryArray<char> workspace_;
  std::map<std::array<int64_t, 4>, Plans> plans_;
};

}  // namespace

std::unique_ptr<AttentionPlans> make_cudnn_attention(Device& device) {
  try {
    return std::make_unique<CudnnAttention>(device);
  } catch (const Error&) {
    return nullptr;  // not installed here
  }
}

}  // namespace ftok
