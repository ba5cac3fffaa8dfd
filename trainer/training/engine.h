// A model in training on a back end, as a training run (trainer/train.h) uses it. The CPU's is made here, the GPU's in
// trainer/cuda/.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "trainer/communicator.h"
#include "trainer/layers/network.h"
#include "trainer/train.h"

namespace ftok {

// Weights and moments in fp32, in ParameterLayout's order.
struct EngineState {
  std::vector<float> parameters, first_moments, second_moments;
};

// Not thread-safe. "Collective": all ranks call it, in the same order.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual const ParameterLayout& layout() const = 0;

  // Collective, with the same state on all ranks; empty moments stand for zeros. `step`: the steps done so far.
  virtual void set_state(EngineState state, int64_t step) = 0;
  // Collective. Complete on rank 0, empty on the others.
  virtual EngineState state() = 0;
  // The weights that the layers read, in fp32, in the memory of the process. Valid until the next call of anything.
  virtual std::span<const float> parameters() = 0;

  virtual void clear_gradients() = 0;
  // gradients += scale * the gradient of the batch's losses, each times its weight, summed. The batch may be destroyed
  // when this returns; the work may be done later.
  virtual void add_gradients(const BatchView& batch, double scale) = 0;
  // This rank's sum of the losses, in nats, since the last call; waits for the work.
  virtual double take_loss() = 0;
  // Sums the gradients over the ranks. Collective.
  virtual void reduce_gradients() = 0;
  // The Euclidean norm of the reduced gradients. Collective.
  virtual double norm() = 0;
  // One update (trainer/training/optimizer.h, muon.h); `step` counts from 1; gradients are used up. Collective.
  virtual void update(int64_t step, double learning_rate, double gradient_norm) = 0;

  // The loss of a batch on this rank alone, in nats, summed over its targets.
  virtual double loss(const BatchView& batch) = 0;
  // The loss of each target of such a batch (B,T), in nats; 0 where a target does not count.
  virtual std::vector<double> target_losses(const BatchView& batch) = 0;

  // As Network has them; the CPU's alone.
  virtual void add_score_gradients(const BatchView& /*batch*/, std::span<const int64_t> /*ends*/,
                                   const Network<float>::Slopes& /*slopes*/) {
    throw Error("this back end has no scores");
  }

  // A line for the log on how the back end does its work, once it has done some; "" when there is nothing to say.
  virtual std::string about() const { return ""; }
};

std::unique_ptr<Engine> make_cpu_engine(const TrainRecipe& recipe, Communicator& ranks);

// The recipe's number of threads (run.threads, with 0 resolved to the cores) and its recomputation.
int thread_count(const TrainRecipe& recipe);
Recompute recompute_of(const TrainRecipe& recipe);

}  // namespace ftok
