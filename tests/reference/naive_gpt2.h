// GPT-2's loss written down position by position in double: nothing is shared with trainer/ but where a parameter lies.
// Slow.
#pragma once

#include <cmath>
#include <vector>

#include "trainer/layers/network.h"
#include "trainer/model.h"

namespace ftok::reference {

using Row = std::vector<double>;

class NaiveGpt2 {
 public:
  NaiveGpt2(const ModelConfig& config, const std::vector<double>& parameters)
      : config_(config), layout_(config), p_(parameters) {}

  // The sum of the losses of a batch over the targets that count.
  double loss(const BatchView& batch) const {
    double sum = 0;
    for (int64_t b = 0; b < batch.B; ++b) {
      const std::vector<Row> out = forward(batch, b);
      for (int64_t t = 0; t < batch.T; ++t) {
        const int64_t at = b * batch.T + t;
        if (batch.loss_mask != nullptr && batch.loss_mask[at] == 0) continue;
        sum += cross_entropy(out[static_cast<size_t>(t)], batch.targets[at]);
      }
    }
    return sum;
  }

 private:
  double at(int64_t offset, int64_t i) const { return p_[static_cast<size_t>(offset + i)]; }

  Row normal(const Row& x, int64_t gain, int64_t bias) const {
    double mean = 0, variance = 0;
    for (const double v : x) mean += v / static_cast<double>(x.size());
    for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
    Row y;
    for (size_t c = 0; c < x.size(); ++c) {
      const int64_t i = static_cast<int64_t>(c);
      y.push_back((x[c] - mean) / std::sqrt(variance + 1e-5) * at(gain, i) + at(bias, i));
    }
    return y;
  }

  Row linear(const Row& x, int64_t weight, int64_t bias, int64_t out) const {
    Row y;
    for (int64_t o = 0; o < out; ++o) {
      double sum = at(bias, o);
      for (size_t i = 0; i < x.size(); ++i) sum += x[i] * at(weight, static_cast<int64_t>(i) * out + o);
      y.push_back(sum);
    }
    return y;
  }

  // The heads' outputs for query `t`; qkv rows are (3C).
  Row attend(const std::vector<Row>& qkv, size_t t, size_t first) const {
    const size_t C = static_cast<size_t>(config_.channels), size = static_cast<size_t>(config_.head_channels());
    Row out(C);
    for (size_t head = 0; head < C; head += size) {
      Row weights;
      double sum = 0;
      for (size_t k = first; k <= t; ++k) {
        double score = 0;
        for (size_t c = head; c < head + size; ++c) score += qkv[t][c] * qkv[k][C + c];
        weights.push_back(std::exp(score / std::sqrt(static_cast<double>(size))));
        sum += weights.back();
      }
      for (size_t k = first; k <= t; ++k) {
        for (size_t c = head; c < head + size; ++c) out[c] += weights[k - first] / sum * qkv[k][2 * C + c];
      }
    }
    return out;
  }

  std::vector<Row> forward(const BatchView& batch, int64_t b) const {
    const int64_t C = config_.channels;
    std::vector<Row> x(static_cast<size_t>(batch.T));
    for (int64_t t = 0; t < batch.T; ++t) {
      for (int64_t c = 0; c < C; ++c) {
        x[static_cast<size_t>(t)].push_back(at(layout_.wte, batch.tokens[b * batch.T + t] * C + c) +
                                            at(layout_.wpe, t * C + c));
      }
    }
    for (int64_t layer = 0; layer < config_.layers; ++layer) block(layout_.block(layer), batch, b, x);
    for (Row& row : x) row = normal(row, layout_.ln_f_gain, layout_.ln_f_bias);
    return x;
  }

  void block(const BlockOffsets& o, const BatchView& batch, int64_t b, std::vector<Row>& x) const {
    const int64_t C = config_.channels;
    std::vector<Row> qkv;
    for (const Row& row : x)
      qkv.push_back(linear(normal(row, o.ln_1_gain, o.ln_1_bias), o.qkv_weight, o.qkv_bias, 3 * C));
    for (size_t t = 0; t < x.size(); ++t) {
      const size_t first =
          batch.first_key == nullptr ? 0 : static_cast<size_t>(batch.first_key[b * batch.T + static_cast<int64_t>(t)]);
      add(x[t], linear(attend(qkv, t, first), o.attention_projection_weight, o.attention_projection_bias, C));
      Row wide = linear(normal(x[t], o.ln_2_gain, o.ln_2_bias), o.fc_weight, o.fc_bias, 4 * C);
      for (double& v : wide) v = 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
      add(x[t], linear(wide, o.projection_weight, o.projection_bias, C));
    }
  }

  static void add(Row& x, const Row& y) {
    for (size_t c = 0; c < x.size(); ++c) x[c] += y[c];
  }

  double cross_entropy(const Row& hidden, uint32_t target) const {
    double sum = 0, own = 0;
    for (int64_t v = 0; v < config_.vocabulary_size; ++v) {
      double logit = 0;
      for (size_t c = 0; c < hidden.size(); ++c)
        logit += hidden[c] * at(layout_.wte, v * config_.channels + static_cast<int64_t>(c));
      sum += std::exp(logit);
      if (v == static_cast<int64_t>(target)) own = logit;
    }
    return std::log(sum) - own;
  }

  ModelConfig config_;
  ParameterLayout layout_;
  const std::vector<double>& p_;
};

}  // namespace ftok::reference
