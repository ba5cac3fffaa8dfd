#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <thread>

#include "trainer/cpu/cpu_layers.h"
#include "trainer/layers/rounding_layers.h"
#include "trainer/training/engine.h"
#include "trainer/training/muon.h"
#include "trainer/training/optimizer.h"

namespace ftok {
namespace {

std::unique_ptr<Layers<float>> make_layers(const TrainRecipe& recipe) {
  auto layers = make_cpu_layers<float>(thread_count(recipe));
  return recipe.training.precision == "bf16" ? make_rounding_layers(std::move(layers)) : std::move(layers);
}

// The range of parameters whose moments this rank keeps.
ParameterRange optimizer_range(const TrainRecipe& recipe, const Communicator& ranks, int64_t size) {
  if (!recipe.run.shard_optimizer) return {0, size};
  const Communicator::Slice slice = ranks.slice(size, ranks.rank());
  return {slice.begin, slice.end};
}

class CpuEngine final : public Engine {
 public:
  CpuEngine(const TrainRecipe& recipe, Communicator& ranks)
      : sharded_(recipe.run.shard_optimizer),
        ranks_(ranks),
        layers_(make_layers(recipe)),
        network_(recipe.model, *layers_, recompute_of(recipe)),
        optimizer_(network_.layout(), recipe.optimizer, *layers_,
                   optimizer_range(recipe, ranks, network_.layout().size())) {
    if (recipe.optimizer.has_muon())
      muon_.emplace(network_.layout(), recipe.optimizer, *layers_, optimizer_.range(), optimizer_.first_moments());
  }

  const ParameterLayout& layout() const override { return network_.layout(); }

  void set_state(EngineState state, int64_t) override {
    const auto set = [&](std::vector<float>& own, const std::vector<float>& all) {
      const ParameterRange range = optimizer_.range();
      if (all.empty()) {
        std::fill(own.begin(), own.end(), 0.0f);
      } else {
        own.assign(all.begin() + range.begin, all.begin() + range.end);
      }
    };
    set(optimizer_.first_moments(), state.first_moments);
    set(optimizer_.second_moments(), state.second_moments);
    network_.parameters().assign(state.parameters);
  }

  EngineState state() override {
    EngineState state;
    if (ranks_.rank() == 0) state.parameters.assign(parameters().begin(), parameters().end());
    state.first_moments = whole(optimizer_.first_moments());
    state.second_moments = whole(optimizer_.second_moments());
    return state;
  }

  std::span<const float> parameters() override { return network_.parameters(); }

  void clear_gradients() override { network_.clear_gradients(); }
  void add_gradients(const BatchView& batch, double scale) override { network_.add_gradients(batch, scale); }
  double take_loss() override { return network_.take_loss(); }

  void reduce_gradients() override {
    ranks_.reduce_scatter(network_.gradients());
    if (!sharded_) ranks_.all_gather(network_.gradients());
  }

  double norm() override {
    std::vector<double> squares = {optimizer_.sum_of_squares(network_.gradients())};
    if (sharded_) ranks_.all_reduce(std::span(squares));
    return std::sqrt(squares[0]);
  }

  void update(int64_t step, double learning_rate, double gradient_norm) override {
    optimizer_.update(network_.parameters(), network_.gradients(), step, learning_rate, gradient_norm);
    if (muon_) {
      muon_->direct(network_.gradients(), gradient_norm);
      if (sharded_) ranks_.all_gather(network_.gradients());  // the directions: a matrix may lie in several slices
      muon_->update(network_.parameters(), network_.gradients(), learning_rate);
    }
    if (sharded_) ranks_.all_gather(network_.parameters());
  }

  double loss(const BatchView& batch) override { return network_.loss(batch); }
  std::vector<double> target_losses(const BatchView& batch) override { return network_.target_losses(batch); }
  void add_score_gradients(const BatchView& batch, std::span<const int64_t> ends,
                           const Network<float>::Slopes& slopes) override {
    network_.add_score_gradients(batch, ends, slopes);
  }

 private:
  // On rank 0, moments of all parameters, of which this rank keeps `own`.
  std::vector<float> whole(const std::vector<float>& own) {
    std::vector<float> all(ranks_.rank() == 0 ? network_.parameters().size() : 0);
    if (sharded_) {
      ranks_.gather(own, static_cast<int64_t>(network_.parameters().size()), all);
    } else if (ranks_.rank() == 0) {
      all = own;
    }
    return all;
  }

  bool sharded_;
  Communicator& ranks_;
  std::unique_ptr<Layers<float>> layers_;
  Network<float> network_;
  AdamW<float> optimizer_;
  std::optional<Muon<float>> muon_;
};

}  // namespace

int thread_count(const TrainRecipe& recipe) {
  const int64_t asked = recipe.run.threads;
  return asked > 0 ? static_cast<int>(asked) : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

Recompute recompute_of(const TrainRecipe& recipe) {
  return recipe.run.recompute == "blocks" ? Recompute::kBlocks
         : recipe.run.recompute == "gelu" ? Recompute::kGelu
                                          : Recompute::kNothing;
}

std::unique_ptr<Engine> make_cpu_engine(const TrainRecipe& recipe, Communicator& ranks) {
  return std::make_unique<CpuEngine>(recipe, ranks);
}

}  // namespace ftok
