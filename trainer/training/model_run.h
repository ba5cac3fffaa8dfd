// A model whose weights change step by step, with checkpoints that are models themselves: what reinforcement learning
// (trainer/rl.h) and reward models (trainer/reward.h) have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/log.h"
#include "tokenizer/encoding.h"
#include "trainer/answer.h"
#include "trainer/communicator.h"
#include "trainer/model_file.h"
#include "trainer/train_recipe.h"
#include "trainer/training/engine.h"

namespace ftok {

// The training recipe that describes `model` in the run's checkpoints.
TrainRecipe recipe_of_model(const ModelFile& model);

std::string checksum_of_weights(const ModelFile& model);

// What a folder is bound to besides its recipe, as text: the weights that the run begins with, the vocabulary, the chat
// template, and `data`, a checksum of what is learnt from.
std::string origin_text(const ModelFile& model, const Encoding& encoding, const ModelChat& chat,
                        const std::string& data);

// Throws Error in one line where this machine's memory is too small for micro-batches of texts of `length` tokens,
// beside `held` bytes that are taken already.
void check_run_memory(TrainRecipe recipe, int64_t length, uint64_t held);

// Not thread-safe.
class ModelRun {
 public:
  // `binding` is a recipe as text, whose sections, without their keys' help, a folder is bound to.
  ModelRun(TrainRecipe recipe, std::string binding, std::string output, const Log& log);

  // Goes on from the latest checkpoint in the output folder, else begins with `parameters`. `updates`: of the weights
  // in a step. Throws UsageError where the folder holds another run.
  void begin(std::span<const float> parameters, int64_t updates);
  void save();

  Engine& engine() { return *engine_; }
  const TrainRecipe& recipe() const { return recipe_; }
  const std::string& output() const { return output_; }
  int threads() const { return thread_count(recipe_); }
  uint64_t step() const { return step_; }  // steps done
  void finish_step() { ++step_; }

  // From the gradients, update number `update` (from 1) of the run.
  // Returns the norm. Throws Error where it is not a finite number.
  double update(int64_t update, double learning_rate);

 private:
  std::string checkpoints() const { return output_ + "/checkpoints"; }

  TrainRecipe recipe_;
  std::string binding_, output_;
  Log log_;
  std::unique_ptr<Communicator> ranks_;
  std::unique_ptr<Engine> engine_;
  uint64_t step_ = 0;
};

}  // namespace ftok
