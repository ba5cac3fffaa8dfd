#include "trainer/cuda/cudnn_attention.h"

// Its functions are looked up in the library that is loaded below, not linked.
#define NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING
#define CUDNN_FRONTEND_SKIP_JSON_LIB
#include <cudnn_frontend.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <unordered_map>
#include <utility>

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

#define FTOK_LIBRARY_NAME(stem, major) "lib" stem ".so." #major
#define FTOK_LIBRARY_OF(stem, major) FTOK_LIBRARY_NAME(stem, major)

void require(fe::error_t status, const char* what) {
  if (status.is_bad()) throw Error(std::string(what) + ": " + status.get_message());
}

// A graph that the library has found an engine for.
class CudnnPlan final : public AttentionPlan {
 public:
  CudnnPlan(cudnnHandle_t handle, std::shared_ptr<Graph> graph, const Extent& extent, bool backward)
      : handle_(handle), graph_(std::move(graph)), C_(extent.C), backward_(backward) {
    require(graph_->build(handle_, {fe::HeurMode_t::A}), "it has no plan");
    int64_t bytes = 0;
    require(graph_->get_workspace_size(bytes), "it has no plan");
    workspace_bytes_ = static_cast<size_t>(bytes);
  }

  size_t workspace_bytes() const override { return workspace_bytes_; }

  void run(void* stream, const AttentionArrays& a, void* workspace) override {
    Bf16* const q = const_cast<Bf16*>(a.qkv);  // cuDNN takes no const pointers
    std::unordered_map<int64_t, void*> pointers = {
        {kQ, q}, {kK, q + C_}, {kV, q + 2 * C_}, {kO, a.out}, {kStats, a.log_sum}};
    if (backward_) {
      pointers[kDO] = const_cast<Bf16*>(a.dout);
      pointers[kDQ] = a.dqkv, pointers[kDK] = a.dqkv + C_, pointers[kDV] = a.dqkv + 2 * C_;
    }
    if (fe::detail::set_stream(handle_, static_cast<cudaStream_t>(stream)) != CUDNN_STATUS_SUCCESS)
      throw Error("it does not accept the stream");
    require(graph_->execute(handle_, pointers, workspace), "it cannot run");
  }

 private:
  cudnnHandle_t handle_;
  std::shared_ptr<Graph> graph_;
  int64_t C_;
  bool backward_;
  size_t workspace_bytes_ = 0;
};

class CudnnLibrary final : public AttentionLibrary {
 public:
  explicit CudnnLibrary(const AttentionOptions& options) : deterministic_(options.deterministic) {
    fe::cudnn_dlhandle = library_.handle();
    // The frontend opens the CUDA runtime by itself, as the system finds it; here it may lie elsewhere.
    setenv("CUDNN_FRONTEND_CUDART_LIB_NAME", runtime_.path().c_str(), 0);
    if (fe::detail::create_handle(&handle_) != CUDNN_STATUS_SUCCESS) throw Error("cuDNN cannot start");
  }
  ~CudnnLibrary() override { fe::detail::destroy_handle(handle_); }
  CudnnLibrary(const CudnnLibrary&) = delete;
  CudnnLibrary& operator=(const CudnnLibrary&) = delete;

  std::string name() const override {
    const size_t version = fe::detail::get_backend_version();
    return "cuDNN " + std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
           std::to_string(version % 100) + (deterministic_ ? ", deterministic" : ", not deterministic");
  }

  std::unique_ptr<AttentionPlan> make_plan(const Extent& e, bool backward) override {
    if (e.C / e.H % 8 != 0) throw Error("the channels per head are not a multiple of 8");
    return std::make_unique<CudnnPlan>(handle_, backward ? backward_graph(e) : forward_graph(e), e, backward);
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

  static std::shared_ptr<Graph> forward_graph(const Extent& e) {
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
    return graph;
  }

  std::shared_ptr<Graph> backward_graph(const Extent& e) const {
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
    options.set_deterministic_algorithm(deterministic_);
    const auto [dq, dk, dv] = graph->sdpa_backward(q, k, v, o, d_o, stats, options);
    const std::array<std::pair<Tensor, Id>, 3> outputs = {{{dq, kDQ}, {dk, kDK}, {dv, kDV}}};
    for (const auto& [tensor, id] : outputs) {
      tensor->set_output(true)
          .set_uid(id)
          .set_dim({e.B, e.H, e.T, e.C / e.H})
          .set_stride({e.T * 3 * e.C, e.C / e.H, 3 * e.C, 1});
    }
    return graph;
  }

  bool deterministic_;
  SharedLibrary library_{FTOK_LIBRARY_OF("cudnn", CUDNN_MAJOR)};
  SharedLibrary runtime_{"libcudart.so." + std::to_string(CUDART_VERSION / 1000)};
  cudnnHandle_t handle_ = nullptr;
};

}  // namespace

bool is_cudnn_built_in() { return true; }

std::unique_ptr<AttentionPlans> make_cudnn_attention(Device& device, const AttentionOptions& options) {
  std::unique_ptr<AttentionLibrary> library;
  std::string problem;
  try {
    library = std::make_unique<CudnnLibrary>(options);
  } catch (const std::exception& error) {
    problem = error.what();
  }
  return std::make_unique<PlannedAttention>(device, std::move(library), problem, options);
}

}  // namespace ftok
