#include <algorithm>
#include <cmath>
#include <filesystem>
#include <span>

#include "core/error.h"
#include "core/file.h"
#include "trainer/cuda/cublaslt_matmul.h"
#include "trainer/cuda/cudnn_attention.h"
#include "trainer/cuda/device_trainer.h"
#include "trainer/cuda/nccl_ranks.h"
#include "trainer/cuda_back_end.h"
#include "trainer/memory_need.h"
#include "trainer/training/engine.h"

namespace ftok {
namespace {

constexpr uint64_t kAlgorithmsBytesMax = 1 << 22;

ParameterRange own_range(const TrainRecipe& recipe, const Communicator& ranks) {
  const int64_t size = ParameterLayout(recipe.model).size();
  if (!recipe.run.shard_optimizer) return {0, size};
  const Communicator::Slice slice = ranks.slice(size, ranks.rank());
  return {slice.begin, slice.end};
}

DeviceTrainerOptions trainer_options(const TrainRecipe& recipe) {
  DeviceTrainerOptions options;
  options.optimizer = recipe.optimizer;
  options.recompute = recompute_of(recipe);
  options.seed = static_cast<uint64_t>(recipe.training.seed);
  return options;
}

// Throws Error where the run needs more memory than is free there.
std::unique_ptr<Device> device_for(const TrainRecipe& recipe, int processes, int index) {
  std::unique_ptr<Device> device = make_cuda_device(index);
  const std::string complaint = memory_complaint(recipe, processes, device->free_bytes(), Processor::kGpu);
  if (!complaint.empty()) throw Error(device->name() + ": out of memory: " + complaint);
  return device;
}

class CudaEngine final : public Engine {
 public:
  CudaEngine(const TrainRecipe& recipe, Communicator& ranks, const CudaEngineOptions& options)
      : options_(options),
        muon_(recipe.optimizer.has_muon()),
        sharded_(recipe.run.shard_optimizer),
        ranks_(ranks),
        device_(device_for(recipe, ranks.size(), options.device)),
        matmul_(make_cublaslt_matmul(*device_)),
        attention_(make_cudnn_attention(*device_)),
        device_ranks_(ranks.size() > 1 ? make_nccl_ranks(ranks, *device_) : nullptr),
        trainer_(*device_, *matmul_, attention_.get(), recipe.model, trainer_options(recipe),
                 own_range(recipe, ranks)) {
    std::string text;
    if (ranks.rank() == 0 && !options.algorithms_path.empty() && std::filesystem::exists(options.algorithms_path)) {
      text = read_file(options.algorithms_path, kAlgorithmsBytesMax);
    }
    adopt(text);
  }

  // The ranks' work is ended, or given up, first: what is destroyed after it waits for the device.
  ~CudaEngine() override { device_ranks_.reset(); }
  CudaEngine(const CudaEngine&) = delete;
  CudaEngine& operator=(const CudaEngine&) = delete;

  const ParameterLayout& layout() const override { return trainer_.layout(); }

  void set_state(EngineState state, int64_t step) override {
    const auto own = [&](const std::vector<float>& all) {
      if (all.empty()) return std::vector<float>();
      return std::vector<float>(all.begin() + trainer_.range().begin, all.begin() + trainer_.range().end);
    };
    trainer_.load({own(state.parameters), own(state.first_moments), own(state.second_moments)}, step);
    gather_parameters();
  }

  EngineState state() override {
    wait_for_ranks();
    if (ranks_.rank() != 0 && !sharded_) return {};
    TrainerState own = trainer_.save();
    if (ranks_.rank() == 0 && !options_.algorithms_path.empty())
      write_file(options_.algorithms_path, matmul_->choices());
    return {whole(own.parameters), whole(own.first_moments), whole(own.second_moments)};
  }

  std::span<const float> parameters() override {
    wait_for_ranks();
    const size_t n = trainer_.network().parameters().size();
    std::vector<Bf16> rounded(n);
    device_->copy_to_host(rounded.data(), trainer_.network().parameters().data(), n * sizeof(Bf16));
    host_.resize(n);
    std::transform(rounded.begin(), rounded.end(), host_.begin(), [](Bf16 x) { return to_float(x); });
    return host_;
  }

  void clear_gradients() override { trainer_.zero_gradients(); }
  void add_gradients(const BatchView& batch, double scale) override { trainer_.add_gradients(batch, scale); }
  double take_loss() override {
    wait_for_ranks();
    return trainer_.take_loss();
  }
  double loss(const BatchView& batch) override {
    wait_for_ranks();
    return trainer_.loss(batch);
  }
  std::vector<double> target_losses(const BatchView& batch) override {
    wait_for_ranks();
    return trainer_.target_losses(batch);
  }
  std::string about() const override {
    return device_->name() + ": " + attention_->report() +
           (ranks_.size() == 1 ? ""
            : device_ranks_    ? "; sums over ranks by NCCL"
                               : "; sums over ranks by TCP");
  }

  void reduce_gradients() override {
    if (ranks_.size() == 1) return;
    const int64_t n = layout().size();
    if (device_ranks_ && sharded_) return device_ranks_->reduce_scatter(trainer_.gradients(), n);
    if (device_ranks_) return device_ranks_->all_reduce(trainer_.gradients(), n);
    host_.resize(static_cast<size_t>(n));
    device_->copy_to_host(host_.data(), trainer_.gradients(), host_.size() * sizeof(float));
    ranks_.reduce_scatter(host_);
    if (!sharded_) ranks_.all_gather(host_);
    device_->copy_to_device(trainer_.gradients(), host_.data(), host_.size() * sizeof(float));
    device_->synchronize();
  }

  double norm() override {
    wait_for_ranks();
    const double own = trainer_.norm();
    if (!sharded_) return own;
    std::vector<double> squares = {own * own};
    ranks_.all_reduce(std::span(squares));
    return std::sqrt(squares[0]);
  }

  void update(int64_t step, double learning_rate, double gradient_norm) override {
    trainer_.update(step, learning_rate, gradient_norm);
    if (muon_) gather_directions();
    trainer_.update_matrices(step, learning_rate);
    gather_parameters();
    if (ranks_.size() > 1 && !same_algorithms_) {  // from now on all ranks compute alike, as they would after a restart
      adopt(ranks_.rank() == 0 ? matmul_->choices() : "");
      trainer_.forget_graphs();
      same_algorithms_ = true;
    }
  }

 private:
  // Before anything waits for the device, which would wait forever where another rank has exited.
  void wait_for_ranks() {
    if (device_ranks_) device_ranks_->wait();
  }

  // Takes over rank 0's choices; "" changes nothing.
  void adopt(std::string text) {
    std::vector<uint64_t> size = {text.size()};
    ranks_.broadcast(std::as_writable_bytes(std::span(size)));
    if (size[0] == 0) return;
    text.resize(size[0]);
    ranks_.broadcast(std::as_writable_bytes(std::span(text)));
    matmul_->set_choices(text);
  }

  // After its owner has changed each slice.
  void gather_parameters() {
    if (!sharded_ || ranks_.size() == 1) return;
    Bf16* const on_device = trainer_.network().parameters().data();
    if (device_ranks_) return device_ranks_->all_gather(on_device, layout().size());
    parameters();  // into host_
    ranks_.all_gather(host_);
    std::vector<Bf16> rounded(host_.size());
    std::transform(host_.begin(), host_.end(), rounded.begin(), [](float x) { return to_bfloat16(x); });  // exact
    device_->copy_to_device(on_device, rounded.data(), rounded.size() * sizeof(Bf16));
    device_->synchronize();
  }

  // Muon's, each made by its slice's owner: a matrix may lie in several slices.
  void gather_directions() {
    if (!sharded_ || ranks_.size() == 1) return;
    if (device_ranks_) return device_ranks_->all_gather(trainer_.gradients(), layout().size());
    host_.resize(static_cast<size_t>(layout().size()));
    device_->copy_to_host(host_.data(), trainer_.gradients(), host_.size() * sizeof(float));
    ranks_.all_gather(host_);
    device_->copy_to_device(trainer_.gradients(), host_.data(), host_.size() * sizeof(float));
    device_->synchronize();
  }

  // On rank 0.
  std::vector<float> whole(std::vector<float>& own) {
    if (!sharded_) return std::move(own);
    std::vector<float> all(ranks_.rank() == 0 ? static_cast<size_t>(layout().size()) : 0);
    ranks_.gather(own, layout().size(), all);
    return all;
  }

  CudaEngineOptions options_;
  bool muon_, sharded_, same_algorithms_ = false;
  Communicator& ranks_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<TunedMatmul> matmul_;
  std::unique_ptr<AttentionPlans> attention_;
  std::unique_ptr<DeviceRanks> device_ranks_;
  cuda::DeviceTrainer trainer_;
  std::vector<float> host_;
};

// An engine that does not train.
class CudaEvaluator final : public Evaluator {
 public:
  CudaEvaluator(const ModelFile& model, int device) {
    TrainRecipe recipe;
    if (!model.recipe.empty()) recipe = parse_train_recipe(model.recipe, model.path);
    recipe.model = model.config;
    recipe.run.shard_optimizer = false;
    recipe.run.micro_batch = 1;
    engine_ = cuda_engine_factory({device, ""})(recipe, *alone_);
    engine_->set_state({model.parameters, {}, {}}, static_cast<int64_t>(model.step));
  }
  double loss(const BatchView& batch) override { return engine_->loss(batch); }
  std::vector<double> target_losses(const BatchView& batch) override { return engine_->target_losses(batch); }
  ChoiceBatches choice_batches() const override { return {32, true}; }

 private:
  std::unique_ptr<Communicator> alone_ = make_single_communicator();
  std::unique_ptr<Engine> engine_;
};

}  // namespace

EngineFactory cuda_engine_factory(const CudaEngineOptions& options) {
  return [options](const TrainRecipe& recipe, Communicator& ranks) -> std::unique_ptr<Engine> {
    return std::make_unique<CudaEngine>(recipe, ranks, options);
  };
}

std::unique_ptr<Evaluator> make_cuda_evaluator(const ModelFile& model, int device) {
  return std::make_unique<CudaEvaluator>(model, device);
}

}  // namespace ftok
