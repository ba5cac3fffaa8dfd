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

// NaN compares with nothing: sorted, it would decide.
void check_numbers(std::span<const float> logits) {
  float most = -INFINITY;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (!(logits[id] < INFINITY))
      throw Error(fmt::format("the model's logit for id {} is {}, so no token can be drawn", id, logits[id]));
    most = std::max(most, logits[id]);
  }
  if (most == -INFINITY) throw Error("the model gives every token a probability of 0, so none can be drawn");
}

}  // namespace

void leave_out_no_tokens(std::span<float> logits, const Encoding* encoding) {
  if (encoding == nullptr) return;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (id >= encoding->n_vocab() || !encoding->is_token(static_cast<uint32_t>(id))) logits[id] = -INFINITY;
  }
}

uint32_t draw_token(std::span<const float> logits, const SampleOptions& options, uint64_t counter) {
  check_numbers(logits);
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
  check_numbers(logits);
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

Decoder::Decoder(const ModelConfig& config, Layers<float>& layers, const std::vector<float>& parameters)
    : config_(config), layout_(config), layers_(layers), parameters_(parameters) {
  const size_t C = static_cast<size_t>(config.channels), T = static_cast<size_t>(config.length);
  const size_t V = static_cast<size_t>(config.vocabulary_size);
  keys_.resize(static_cast<size_t>(config.layers) * T * C);
  values_.resize(keys_.size());
  scores_.resize(T), logits_.resize(V), zeros_.resize(V);
  make_room(1);
}

void Decoder::make_room(int64_t rows) {
  const size_t R = static_cast<size_t>(rows), C = static_cast<size_t>(config_.channels);
  if (mean_.size() >= R) return;
  stream_.resize(R * C), normal_.resize(R * C), qkv_.resize(R * 3 * C), attention_.resize(R * C),
      wide_.resize(R * 4 * C);
  out_.resize(R * C), mean_.resize(R), rstd_.resize(R), log_sum_.resize(R * static_cast<size_t>(config_.heads));
}

// The keys and values of `rows` positions from position_ on.
void Decoder::keep(int64_t layer, int64_t rows) {
  const int64_t C = config_.channels, first = (layer * config_.length + position_) * C;
  for (int64_t row = 0; row < rows; ++row) {
    const float* const qkv = qkv_.data() + row * 3 * C;
    std::copy_n(qkv + C, C, keys_.data() + first + row * C);
    std::copy_n(qkv + 2 * C, C, values_.data() + first + row * C);
  }
}

// attention_ (C) = softmax(q K^T / sqrt(C / H)) V over positions 0..position_.
void Decoder::attend(int64_t layer) {
  const int64_t C = config_.channels, size = config_.head_channels();
  const float* const keys = keys_.data() + layer * config_.length * C;
  const float* const values = values_.data() + layer * config_.length * C;
  const float scale = 1.0f / std::sqrt(static_cast<float>(size));
  std::fill(attention_.begin(), attention_.end(), 0.0f);
  for (int64_t first = 0; first < C; first += size) {
    float most = -INFINITY, sum = 0;
    for (int64_t t = 0; t <= position_; ++t) {
      float score = 0;
      for (int64_t c = first; c < first + size; ++c) score += qkv_[static_cast<size_t>(c)] * keys[t * C + c];
      scores_[static_cast<size_t>(t)] = score * scale;
      most = std::max(most, score * scale);
    }
    for (int64_t t = 0; t <= position_; ++t)
      sum += scores_[static_cast<size_t>(t)] = std::exp(scores_[static_cast<size_t>(t)] - most);
    for (int64_t t = 0; t <= position_; ++t) {
      const float share = scores_[static_cast<size_t>(t)] / sum;
      for (int64_t c = first; c < first + size; ++c) attention_[static_cast<size_t>(c)] += share * values[t * C + c];
    }
  }
}

std::span<const float> Decoder::next(uint32_t token) { return forward({&token, 1}); }

std::span<const float> Decoder::read(std::span<const uint32_t> tokens) {
  reset();
  make_room(static_cast<int64_t>(tokens.size()));
  return forward(tokens);
}

// Several tokens at once begin at position 0.
std::span<const float> Decoder::forward(std::span<const uint32_t> tokens) {
  const int64_t C = config_.channels, R = static_cast<int64_t>(tokens.size());
  assert(R >= 1 && position_ + R <= config_.length && (R == 1 || position_ == 0));
  assert(*std::max_element(tokens.begin(), tokens.end()) < static_cast<uint64_t>(config_.vocabulary_size));
  const Extent extent{1, R, C, config_.heads};
  layers_.encoder_forward(stream_.data(), tokens.data(), weight(layout_.wte), weight(layout_.wpe + position_ * C),
                          extent);
  for (int64_t layer = 0; layer < config_.layers; ++layer) {
    const BlockOffsets& o = layout_.block(layer);
    layers_.layernorm_forward(normal_.data(), mean_.data(), rstd_.data(), stream_.data(), weight(o.ln_1_gain),
                              weight(o.ln_1_bias), R, C);
    layers_.linear_forward(qkv_.data(), normal_.data(), weight(o.qkv_weight), weight(o.qkv_bias), R, C, 3 * C);
    keep(layer, R);
    if (R == 1) {
      attend(layer);
    } else {
      layers_.attention_forward(attention_.data(), log_sum_.data(), qkv_.data(), nullptr, extent);
    }
    layers_.linear_forward(out_.data(), attention_.data(), weight(o.attention_projection_weight),
                           weight(o.attention_projection_bias), R, C, C);
    layers_.residual_forward(stream_.data(), stream_.data(), out_.data(), R * C);
    layers_.layernorm_forward(normal_.data(), mean_.data(), rstd_.data(), stream_.data(), weight(o.ln_2_gain),
                              weight(o.ln_2_bias), R, C);
    layers_.linear_forward(wide_.data(), normal_.data(), weight(o.fc_weight), weight(o.fc_bias), R, C, 4 * C);
    layers_.gelu_forward(wide_.data(), wide_.data(), R * 4 * C);
    layers_.linear_forward(out_.data(), wide_.data(), weight(o.projection_weight), weight(o.projection_bias), R, 4 * C,
                           C);
    layers_.residual_forward(stream_.data(), stream_.data(), out_.data(), R * C);
  }
  position_ += R;
  layers_.layernorm_forward(normal_.data(), mean_.data(), rstd_.data(), stream_.data() + (R - 1) * C,
                            weight(layout_.ln_f_gain), weight(layout_.ln_f_bias), 1, C);
  // logits (V,1) = wte (V,C) normal (C,1): a linear layer of one output.
  layers_.linear_forward(logits_.data(), weight(layout_.wte), normal_.data(), zeros_.data(), config_.vocabulary_size, C,
                         1);
  return logits_;
}

void generate(TokenPredictor& model, const ModelConfig& config, std::span<const uint32_t> prompt, int64_t count,
              const SampleOptions& options, const std::function<bool(uint32_t)>& each) {
  assert(!prompt.empty());
  const size_t T = static_cast<size_t>(config.length);
  std::vector<uint32_t> context(prompt.begin(), prompt.end());
  if (context.size() > T) context.erase(context.begin(), context.end() - static_cast<std::ptrdiff_t>(T));
  std::span<const float> logits = model.read(context);
  std::vector<float> penalised;
  for (int64_t i = 0; i < count; ++i) {
    penalised.assign(logits.begin(), logits.end());
    penalise_repetition(penalised, context, options.repetition_penalty);
    leave_out_no_tokens(penalised, options.encoding);
    const uint32_t token = draw_token(penalised, options, static_cast<uint64_t>(i));
    if (!each(token) || i + 1 == count) return;
    context.push_back(token);
    if (context.size() <= T) {
      logits = model.next(token);
      continue;
    }
    context.erase(context.begin(), context.end() - static_cast<std::ptrdiff_t>((T + 1) / 2));
    logits = model.read(context);
  }
}

}  // namespace ftok
