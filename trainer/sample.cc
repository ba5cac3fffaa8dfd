#include "trainer/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr uint64_t kSampleStream = uint64_t{2} << 32;  // apart from the order of the data and the start of the weights

}  // namespace

// NaN compares with nothing: sorted, it would decide.
void check_logits(std::span<const float> logits) {
  float most = -INFINITY;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (!(logits[id] < INFINITY))
      throw Error(fmt::format("the model's logit for id {} is {}, so no token can be drawn", id, logits[id]));
    most = std::max(most, logits[id]);
  }
  if (most == -INFINITY) throw Error("the model gives every token a probability of 0, so none can be drawn");
}

void leave_out_no_tokens(std::span<float> logits, const Encoding* encoding) {
  if (encoding == nullptr) return;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (id >= encoding->n_vocab() || !encoding->is_token(static_cast<uint32_t>(id))) logits[id] = -INFINITY;
  }
}

uint32_t draw_token(std::span<const float> logits, const SampleOptions& options, uint64_t counter) {
  check_logits(logits);
  std::vector<uint32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0u);
  const auto likelier = [&](uint32_t a, uint32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
  if (options.temperature <= 0) return *std::min_element(ids.begin(), ids.end(), likelier);
  if (options.top_k > 0 && static_cast<size_t>(options.top_k) < ids.size()) {
    std::nth_element(ids.begin(), ids.begin() + options.top_k, ids.end(), likelier);
    ids.resize(static_cast<size_t>(options.top_k));
  }
  std::sort(ids.begin(), ids.end(), likelier);
  std::vector<double> weights;
  double sum = 0;
  for (const uint32_t id : ids) {
    weights.push_back(
        std::exp((static_cast<double>(logits[id]) - static_cast<double>(logits[ids[0]])) / options.temperature));
    sum += weights.back();
  }
  size_t count = ids.size();
  if (options.top_p < 1) {
    double reached = 0;
    for (count = 0; count < ids.size() && reached < options.top_p * sum; ++count) reached += weights[count];
    count = std::max<size_t>(1, count);
    sum = count < ids.size()
              ? std::accumulate(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(count), 0.0)
              : sum;
  }
  double left = random_uniform(options.seed, kSampleStream, counter) * sum;
  for (size_t i = 0; i < count; ++i) {
    left -= weights[i];
    if (left < 0) return ids[i];
  }
  return ids[count - 1];
}

void penalise_repetition(std::span<float> logits, std::span<const uint32_t> context, double penalty) {
  if (penalty == 1) return;
  std::vector<uint32_t> ids(context.begin(), context.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const float factor = static_cast<float>(penalty);
  for (const uint32_t id : ids) logits[id] = logits[id] > 0 ? logits[id] / factor : logits[id] * factor;
}

std::vector<TokenProbability> likeliest_tokens(std::span<const float> logits, double temperature, size_t count) {
  check_logits(logits);
  std::vector<TokenProbability> all;
  const double most = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    const double weight = std::exp((static_cast<double>(logits[id]) - most) / temperature);
    all.push_back({static_cast<uint32_t>(id), logits[id], weight});
    sum += weight;
  }
  count = std::min(count, all.size());
  std::partial_sort(
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
      [](const auto& a, const auto& b) { return a.logit != b.logit ? a.logit > b.logit : a.token < b.token; });
  all.resize(count);
  for (TokenProbability& token : all) token.probability /= sum;
  return all;
}

void generate(TokenPredictor& model, const ModelConfig& config, std::span<const uint32_t> prompt, int64_t count,
              const SampleOptions& options, const std::function<bool(uint32_t)>& each) {
  generate(model, config, prompt, count, options,
           [&](uint32_t token, std::vector<uint32_t>& /*read_in*/) { return each(token); });
}

void generate(TokenPredictor& model, const ModelConfig& config, std::span<const uint32_t> prompt, int64_t count,
              const SampleOptions& options,
              const std::function<bool(uint32_t token, std::vector<uint32_t>& read_in)>& each) {
  assert(!prompt.empty());
  const size_t T = static_cast<size_t>(config.length);
  std::vector<uint32_t> context(prompt.begin(), prompt.end());
  if (context.size() > T) context.erase(context.begin(), context.end() - static_cast<std::ptrdiff_t>(T));
  std::span<const float> logits = model.read(context);
  std::vector<float> penalised;
  std::vector<uint32_t> read_in;
  for (int64_t i = 0; i < count; ++i) {
    penalised.assign(logits.begin(), logits.end());
    penalise_repetition(penalised, context, options.repetition_penalty);
    leave_out_no_tokens(penalised, options.encoding);
    const uint32_t token = draw_token(penalised, options, static_cast<uint64_t>(i));
    read_in.clear();
    if (!each(token, read_in) || i + 1 == count) return;
    read_in.insert(read_in.begin(), token);
    for (const uint32_t next : read_in) {
      context.push_back(next);
      if (context.size() <= T) {
        logits = model.next(next);
        continue;
      }
      context.erase(context.begin(), context.end() - static_cast<std::ptrdiff_t>((T + 1) / 2));
      logits = model.read(context);
    }
  }
}

}  // namespace ftok
