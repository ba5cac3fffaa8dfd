// A model in training on one GPU: weights in bfloat16 with fp32 masters, moments and gradients, batches copied in while
// the GPU works, the work of a micro-batch as one graph. Compiled for CUDA and for the shim.
//
// The host runs ahead of the GPU by up to two micro-batches; take_loss() and norm() wait for it. Not thread-safe.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "trainer/cuda/device_layers.h"
#include "trainer/cuda/device_muon.h"
#include "trainer/layers/network.h"
#include "trainer/training/optimizer.h"

namespace ftok {

struct DeviceTrainerOptions {
  OptimizerOptions optimizer;
  Recompute recompute = Recompute::kNothing;
  Fusion fusion;
  uint64_t seed = 1;                // of stochastic rounding
  bool stochastic_rounding = true;  // of the weights that the layers read; false: to nearest
  bool graphs = true;
  int64_t chunk_rows = 8192;  // of logits; 8,192 x 50,304 of them are 0.8 GB
  int64_t muon_batch_elements = kMuonBatchElements;
};

// Master weights and moments, as ParameterLayout lays them out; of the range alone that the trainer keeps. Empty
// moments are zero.
struct TrainerState {
  std::vector<float> parameters, first_moments, second_moments;
};

namespace FTOK_SPACE {

class DeviceTrainer {
 public:
  // device, matmul and attention must outlive it. Throws UsageError for a model that the GPU's kernels do not take.
  DeviceTrainer(Device& device, Matmul& matmul, AttentionPlans* attention, const ModelConfig& config,
                const DeviceTrainerOptions& options);
  // One that keeps master weights and moments of a range of the parameters, and updates those (begin: a multiple of 8).
  DeviceTrainer(Device& device, Matmul& matmul, AttentionPlans* attention, const ModelConfig& config,
                const DeviceTrainerOptions& options, const ParameterRange& range);
  ~DeviceTrainer();

  const ParameterRange& range() const { return range_; }

  const ParameterLayout& layout() const { return network_.layout(); }

  // `step`: how many updates have made this state; it decides how the weights are rounded. Only the weights of the
  // range are set.
  void load(const TrainerState& state, int64_t step);
  TrainerState save();

  void zero_gradients();
  // gradients += scale * the gradient of the batch's summed losses. The batch is the host's and may go when this
  // returns.
  void add_gradients(const BatchView& batch, double scale);
  // The sum of the losses since the last call.
  double take_loss();
  // The loss of a batch alone, without gradients; after take_loss().
  double loss(const BatchView& batch);
  // (B,T): the loss of each target of such a batch, 0 where it does not count.
  std::vector<double> target_losses(const BatchView& batch);

  // As AdamW's of that range (trainer/training/optimizer.h); steps count from 1. Gradients outside of the range do not
  // matter. With Muon the gradients of its matrices become directions; update_matrices() then needs those of all
  // parameters, and does nothing without Muon.
  double norm();
  void update(int64_t step, double learning_rate, double gradient_norm);
  void update_matrices(int64_t step, double learning_rate);

  // Captures the graphs again; needed where matmul's choices have changed.
  void forget_graphs();

  // On the device; what data-parallel training adds up over processes.
  float* gradients() { return network_.gradients().data(); }
  Network<Bf16>& network() { return network_; }

 private:
  struct Staging;
  struct GraphKey {
    int64_t B, T;
    bool mask, documents, weights;
    bool operator==(const GraphKey&) const = default;
  };
  struct RecordedGraph;

  BatchView upload(const BatchView& batch, double scale);
  AdamWStep adamw_step(int64_t step);

  Device& device_;
  DeviceTrainerOptions options_;
  ParameterRange range_;
  DeviceLayers layers_;
  Network<Bf16> network_;
  MemoryArray<float> master_, first_, second_;
  MemoryArray<ParameterPiece> pieces_;  // AdamW's, then Muon's
  int64_t adamw_pieces_ = 0;
  std::unique_ptr<DeviceMuon> muon_;
  MemoryArray<double> norm_;  // the norm, then scratch
  std::array<std::unique_ptr<Staging>, 2> staging_;
  MemoryArray<char> batch_;
  int next_staging_ = 0;
  std::vector<RecordedGraph> graphs_;
};

}  // namespace FTOK_SPACE
}  // namespace ftok
