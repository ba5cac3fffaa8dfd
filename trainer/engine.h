// A model in training on some back end: what a run (train.h) asks of it. One of the CPU is here; trainer/cuda/ has one
// of GPUs.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "trainer/communicator.h"
#include "trainer/layers/network.h"
#include "trainer/train_recipe.h"

namespace ftok {

// Weights and moments, in fp32, as ParameterLayout lays them out.
struct EngineState {
  std::vector<float> parameters, first_moments, second_moments;
};

// Not thread-safe. "Collective": all ranks call it, in the same order.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual const ParameterLayout& layout() const = 0;

  // The same on all ranks; empty moments are zero. `step`: how many steps have made it.
  virtual void set_state(EngineState state, int64_t step) = 0;
  // Collective. Rank 0's is whole; those of the others are empty.
  virtual EngineState state() = 0;
  // The weights that the layers read, in fp32, in the memory of the process. Valid until the next call of anything.
  virtual std::span<const float> parameters() = 0;

  virtual void clear_gradients() = 0;
  // gradients += scale * the gradient of the batch's summed losses. The batch may go when this returns; the work may be
  // done later.
  virtual void add_gradients(const BatchView& batch, double scale) = 0;
  // This rank's sum of the losses, in nats, since the last call; waits for the work.
  virtual double take_loss() = 0;
  // Adds up the ranks' gradients. Collective.
  virtual void reduce_gradients() = 0;
  // The norm of the reduced gradients. Collective.
  virtual double norm() = 0;
  // AdamW (trainer/training/optimizer.h); steps count from 1. Collective.
  virtual void update(int64_t step, double learning_rate, double gradient_norm) = 0;

  // This rank's loss of a batch alone, summed over its targets.
  virtual double loss(const BatchView& batch) = 0;
  // (B,T): the loss of each target of such a batch, 0 where it does not count.
  virtual std::vector<double> target_losses(const BatchView& batch) = 0;

  // "", or a line for the log about how the back end does its work, once it has done some.
  virtual std::string about() const { return ""; }
};

// Makes an engine for a rank; `ranks` outlives it. Throws Error when the back end is not there.
using EngineFactory = std::function<std::unique_ptr<Engine>(const TrainRecipe& recipe, Communicator& ranks)>;

std::unique_ptr<Engine> make_cpu_engine(const TrainRecipe& recipe, Communicator& ranks);

// What the recipe says of threads and recomputation.
int thread_count(const TrainRecipe& recipe);
Recompute recompute_of(const TrainRecipe& recipe);

}  // namespace ftok
