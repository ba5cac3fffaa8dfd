#include "trainer/batch_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/layers/decoder.h"
#include "trainer/memory_need.h"
#include "trainer/random.h"
#include "trainer/sample.h"

namespace ftok {
namespace {

constexpr uint64_t kDrawStream = uint64_t{3} << 32;  // apart from those of trainer/sample.cc and of the data

class CpuBatchSampler final : public BatchSampler {
 public:
  CpuBatchSampler(const ModelConfig& config, std::span<const float> parameters, int threads, int64_t rows)
      : config_(config), parameters_(parameters), rows_(rows), layers_(make_cpu_layers<float>(threads)) {}

  std::vector<SampledText> sample(std::span<const SampleRequest> requests, const BatchSampleOptions& options) override {
    std::vector<SampledText> texts;
    for (size_t begin = 0; begin < requests.size(); begin += static_cast<size_t>(rows_)) {
      const size_t count = std::min(requests.size() - begin, static_cast<size_t>(rows_));
      std::vector<SampledText> some = sample_together(requests.subspan(begin, count), options);
      std::move(some.begin(), some.end(), std::back_inserter(texts));
    }
    return texts;
  }

 private:
  static int64_t tokens_max(const SampleRequest& request, const BatchSampleOptions& options) {
    return request.tokens_max > 0 ? request.tokens_max : options.tokens_max;
  }

  // The most tokens that the model reads of one: a text's last token is not read.
  int64_t positions_of(const SampleRequest& request, const BatchSampleOptions& options) const {
    const int64_t prompt = static_cast<int64_t>(request.prompt.size());
    if (prompt > config_.length - 1)
      throw Error(fmt::format("a prompt of {} tokens, but the model has {} positions", prompt, config_.length));
    return std::min(config_.length, prompt + tokens_max(request, options) - 1);
  }

  std::vector<SampledText> sample_together(std::span<const SampleRequest> requests,
                                           const BatchSampleOptions& options) const {
    int64_t positions = 0;
    for (const SampleRequest& request : requests) positions = std::max(positions, positions_of(request, options));
    const int64_t count = static_cast<int64_t>(requests.size());
    if (const std::string complaint = sampling_complaint(config_, count, positions, physical_memory_bytes());
        !complaint.empty()) {
      throw Error("out of memory: " + complaint);
    }
    Decoder<float> decoder(config_, *layers_, parameters_.data(), count, positions);
    std::vector<SampledText> texts(requests.size());
    std::vector<int64_t> alive = first_of_prompts(requests);
    const std::vector<int64_t> firsts = alive;
    std::vector<uint32_t> tokens;
    for (int64_t position = 0; !alive.empty(); ++position) {
      join_with_first(requests, firsts, position, decoder, alive);
      tokens.clear();
      bool draws = false;
      for (const int64_t i : alive) {
        const SampleRequest& request = requests[static_cast<size_t>(i)];
        const size_t at = static_cast<size_t>(position), prompt = request.prompt.size();
        draws = draws || at + 1 >= prompt;
        tokens.push_back(at < prompt ? request.prompt[at] : texts[static_cast<size_t>(i)].ids.back());
      }
      const std::span<const float> logits = decoder.next_of(alive, tokens, draws);
      if (!draws) continue;
      std::vector<int64_t> left;
      for (size_t r = 0; r < alive.size(); ++r) {
        const size_t i = static_cast<size_t>(alive[r]), V = static_cast<size_t>(config_.vocabulary_size);
        if (goes_on(requests[i], texts[i], position, logits.subspan(r * V, V), options)) left.push_back(alive[r]);
      }
      alive = std::move(left);
    }
    return texts;
  }

  // Of requests in a row that have the same prompt, as several answers to one problem have, the first.
  static std::vector<int64_t> first_of_prompts(std::span<const SampleRequest> requests) {
    std::vector<int64_t> firsts;
    for (size_t i = 0; i < requests.size(); ++i) {
      if (i == 0 || !std::ranges::equal(requests[i].prompt, requests[i - 1].prompt))
        firsts.push_back(static_cast<int64_t>(i));
    }
    return firsts;
  }

  // The first has read the prompt for the others, which go on by themselves from its last token on: there they draw.
  static void join_with_first(std::span<const SampleRequest> requests, const std::vector<int64_t>& firsts,
                              int64_t position, Decoder<float>& decoder, std::vector<int64_t>& alive) {
    for (size_t f = 0; f < firsts.size(); ++f) {
      const int64_t end = f + 1 < firsts.size() ? firsts[f + 1] : static_cast<int64_t>(requests.size());
      if (static_cast<int64_t>(requests[static_cast<size_t>(firsts[f])].prompt.size()) != position + 1) continue;
      for (int64_t i = firsts[f] + 1; i < end; ++i) {
        decoder.copy_sequence(firsts[f], i);
        alive.push_back(i);
      }
    }
    std::sort(alive.begin(), alive.end());
  }

  // Draws the token after `position`, where the prompt does not say it. Whether there is more to read.
  bool goes_on(const SampleRequest& request, SampledText& text, int64_t position, std::span<const float> logits,
               const BatchSampleOptions& options) const {
    if (static_cast<size_t>(position) + 1 < request.prompt.size()) return true;
    const uint32_t token = draw_from_all(logits, options.temperature,
                                         random_uniform(request.seed, kDrawStream, static_cast<uint64_t>(position)));
    if (std::find(options.ends.begin(), options.ends.end(), token) != options.ends.end()) {
      text.end = token, text.complete = true;
      return false;
    }
    text.ids.push_back(token);
    return static_cast<int64_t>(text.ids.size()) < tokens_max(request, options) && position + 1 < config_.length;
  }

  ModelConfig config_;
  std::span<const float> parameters_;
  int64_t rows_;
  std::unique_ptr<Layers<float>> layers_;
};

}  // namespace

uint32_t draw_from_all(std::span<const float> logits, double temperature, double uniform) {
  check_logits(logits);
  const size_t likeliest = static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  if (temperature <= 0) return static_cast<uint32_t>(likeliest);
  thread_local std::vector<double> weights;
  weights.resize(logits.size());
  double sum = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    const double below = static_cast<double>(logits[id]) - static_cast<double>(logits[likeliest]);
    sum += weights[id] = std::exp(below / temperature);
  }
  double left = uniform * sum;
  for (size_t id = 0; id < logits.size(); ++id) {
    left -= weights[id];
    if (left < 0) return static_cast<uint32_t>(id);
  }
  return static_cast<uint32_t>(likeliest);  // rounding has left a rest
}

std::unique_ptr<BatchSampler> make_cpu_batch_sampler(const ModelConfig& config, std::span<const float> parameters,
                                                     int threads, int64_t rows) {
  return std::make_unique<CpuBatchSampler>(config, parameters, threads, rows);
}

}  // namespace ftok
