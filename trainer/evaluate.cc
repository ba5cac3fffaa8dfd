#include "trainer/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/layers/network.h"

namespace ftok {
namespace {

class CpuEvaluator final : public Evaluator {
 public:
  CpuEvaluator(const ModelConfig& config, std::span<const float> parameters, int threads)
      : layers_(make_cpu_layers<float>(threads)), network_(config, *layers_) {
    network_.parameters().assign(parameters);
  }
  double loss(const BatchView& batch) override { return network_.loss(batch); }
  std::vector<double> target_losses(const BatchView& batch) override { return network_.target_losses(batch); }
  ChoiceBatches choice_batches() const override { return {}; }

 private:
  std::unique_ptr<Layers<float>> layers_;
  Network<float> network_;
};

void check_ids(const ModelConfig& config, std::span<const uint32_t> ids) {
  for (const uint32_t id : ids) {
    if (id >= static_cast<uint64_t>(config.vocabulary_size))
      throw UsageError(fmt::format("id {} is outside the model's vocabulary of {}", id, config.vocabulary_size));
  }
}

}  // namespace

std::vector<double> log_probabilities(Evaluator& model, const ModelConfig& config, std::span<const uint32_t> context,
                                      std::span<const uint32_t> tokens) {
  check_ids(config, context);
  check_ids(config, tokens);
  std::vector<uint32_t> all(context.begin(), context.end());
  all.insert(all.end(), tokens.begin(), tokens.end());
  const size_t length = static_cast<size_t>(config.length);
  std::vector<double> out;
  for (size_t next = context.size(); next < all.size();) {  // the first target that has no loss yet
    const size_t begin = next <= length ? 0 : next - std::max<size_t>(1, length / 2);
    const size_t end = std::min(all.size() - 1, begin + length);  // of the window's tokens
    const BatchView batch{
        1, static_cast<int64_t>(end - begin), all.data() + begin, all.data() + begin + 1, nullptr, nullptr};
    const std::vector<double> losses = model.target_losses(batch);
    for (; next <= end; ++next) {
      const double loss = losses[next - 1 - begin];
      if (!std::isfinite(loss)) throw Error(fmt::format("the loss of token {} is {}", next - context.size(), loss));
      out.push_back(-loss);
    }
  }
  return out;
}

std::unique_ptr<Evaluator> make_cpu_evaluator(const ModelConfig& config, std::span<const float> parameters,
                                              int threads) {
  return std::make_unique<CpuEvaluator>(config, parameters, threads);
}

}  // namespace ftok
