// How well a model predicts given tokens: its losses on batches.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/encoding.h"
#include "trainer/batch.h"
#include "trainer/mixture.h"
#include "trainer/model.h"
#include "trainer/multiple_choice.h"

namespace ftok {

// A model that tells its losses. A loss is minus the natural logarithm of the probability that the model gives a
// target, in nats. Not thread-safe.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // The sum over the targets of the batch that count.
  virtual double loss(const BatchView& batch) = 0;
  // (B,T): the loss of each target; 0 where it does not count.
  virtual std::vector<double> target_losses(const BatchView& batch) = 0;
  // The shapes of batches that it scores multiple-choice examples fastest in.
  virtual ChoiceBatches choice_batches() const = 0;
};

// On the CPU, in fp32, on `threads` threads (at least 1); the losses do not depend on how many. `parameters` are as
// ParameterLayout(config) lays them out; they are copied. On GPUs: trainer/cuda_back_end.h.
std::unique_ptr<Evaluator> make_cpu_evaluator(const ModelConfig& config, std::span<const float> parameters,
                                              int threads);

// The natural logarithm of the probability that the model gives each of `tokens`, after `context` (not empty) and the
// tokens before it. Where context and tokens are longer than the model's context, a token is predicted from at least
// the last half of it. Throws UsageError for an id that is not below the model's vocabulary size, Error where a loss is
// not a finite number.
std::vector<double> log_probabilities(Evaluator& model, const ModelConfig& config, std::span<const uint32_t> context,
                                      std::span<const uint32_t> tokens);

// The windows of a shard, or of a folder's validation shards (its training shards where it has no others), in the order
// of the shards; model.length targets each. `encoding` may be null; with it, a folder's manifest must name the same
// vocabulary. Throws Error naming the path that holds no shard or no whole window, UsageError where the vocabulary is
// another or larger than the model's.
Mixture open_evaluation_data(const std::string& path, const ModelConfig& model, const Encoding* encoding);

}  // namespace ftok
