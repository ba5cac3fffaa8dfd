// The layers of a GPT-2 written down as their equations say, in double, one loop inside the other: what faster layers
// are held against. Standard library only, so that it builds where there is nothing but a compiler and CUDA.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "trainer/layers/layers.h"

namespace ftok::testing {

class PlainLayers final : public Layers<double> {
 public:
  void encoder_forward(double* out, const uint32_t* tokens, const double* wte, const double* wpe,
                       const Extent& e) override {
    for (int64_t r = 0; r < e.rows(); ++r) {
      for (int64_t c = 0; c < e.C; ++c) out[r * e.C + c] = wte[tokens[r] * e.C + c] + wpe[r % e.T * e.C + c];
    }
  }
  void encoder_backward(double* dwte, double* dwpe, const double* dout, const uint32_t* tokens,
                        const Extent& e) override {
    for (int64_t r = 0; r < e.rows(); ++r) {
      for (int64_t c = 0; c < e.C; ++c) {
        dwte[tokens[r] * e.C + c] += dout[r * e.C + c];
        dwpe[r % e.T * e.C + c] += dout[r * e.C + c];
      }
    }
  }

  void layernorm_forward(double* out, double* mean, double* rstd, const double* in, const double* gain,
                         const double* bias, int64_t R, int64_t C) override {
    for (int64_t r = 0; r < R; ++r) {
      const double* const x = in + r * C;
      double sum = 0, squares = 0;
      for (int64_t c = 0; c < C; ++c) sum += x[c];
      mean[r] = sum / static_cast<double>(C);
      for (int64_t c = 0; c < C; ++c) squares += (x[c] - mean[r]) * (x[c] - mean[r]);
      rstd[r] = 1 / std::sqrt(squares / static_cast<double>(C) + 1e-5);
      for (int64_t c = 0; c < C; ++c) out[r * C + c] = (x[c] - mean[r]) * rstd[r] * gain[c] + bias[c];
    }
  }
  void layernorm_backward(double* din, double* dgain, double* dbias, const double* dout, const double* in,
                          const double* gain, const double* mean, const double* rstd, int64_t R, int64_t C) override {
    for (int64_t r = 0; r < R; ++r) {
      double mean_g = 0, mean_gn = 0;
      const auto n = [&](int64_t c) { return (in[r * C + c] - mean[r]) * rstd[r]; };
      for (int64_t c = 0; c < C; ++c) {
        mean_g += dout[r * C + c] * gain[c] / static_cast<double>(C);
        mean_gn += dout[r * C + c] * gain[c] * n(c) / static_cast<double>(C);
      }
      for (int64_t c = 0; c < C; ++c) {
        din[r * C + c] += rstd[r] * (dout[r * C + c] * gain[c] - mean_g - n(c) * mean_gn);
        dgain[c] += dout[r * C + c] * n(c);
        dbias[c] += dout[r * C + c];
      }
    }
  }

  void linear_forward(double* out, const double* in, const double* weight, const double* bias, int64_t R, int64_t I,
                      int64_t O) override {
    for (int64_t r = 0; r < R; ++r) {
      std::copy_n(bias, O, out + r * O);
      for (int64_t i = 0; i < I; ++i) {
        for (int64_t o = 0; o < O; ++o) out[r * O + o] += in[r * I + i] * weight[i * O + o];
      }
    }
  }
  void linear_backward(double* din, double* dweight, double* dbias, const double* dout, const double* in,
                       const double* weight, int64_t R, int64_t I, int64_t O) override {
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t i = 0; i < I; ++i) {
        double sum = 0;
        for (int64_t o = 0; o < O; ++o) {
          sum += dout[r * O + o] * weight[i * O + o];
          dweight[i * O + o] += in[r * I + i] * dout[r * O + o];
        }
        din[r * I + i] = sum;
      }
      for (int64_t o = 0; o < O; ++o) dbias[o] += dout[r * O + o];
    }
  }

  void attention_forward(double* out, double* log_sum, const double* qkv, const int32_t* first_key,
                         const Extent& e) override {
    for_each_query(e, [&](int64_t b, int64_t h, int64_t t) {
      const std::vector<double> p = weights(qkv, first_key, e, b, h, t, &log_sum[(b * e.H + h) * e.T + t]);
      for (int64_t c = 0; c < e.C / e.H; ++c) {
        double sum = 0;
        for (int64_t k = 0; k <= t; ++k) sum += p[static_cast<size_t>(k)] * qkv[at(e, b, k, 2, h) + c];
        out[(b * e.T + t) * e.C + h * (e.C / e.H) + c] = sum;
      }
    });
  }
  void attention_backward(double* dqkv, const double* dout, const double*, const double*, const double* qkv,
                          const int32_t* first_key, const Extent& e) override {
    std::fill_n(dqkv, e.rows() * 3 * e.C, 0.0);
    const int64_t D = e.C / e.H;
    const double scale = 1 / std::sqrt(static_cast<double>(D));
    for_each_query(e, [&](int64_t b, int64_t h, int64_t t) {
      double unused = 0;
      const std::vector<double> p = weights(qkv, first_key, e, b, h, t, &unused);
      const double* const dy = dout + (b * e.T + t) * e.C + h * D;
      std::vector<double> dp(p.size());
      double mean = 0;
      for (int64_t k = 0; k <= t; ++k) {
        for (int64_t c = 0; c < D; ++c) dp[static_cast<size_t>(k)] += dy[c] * qkv[at(e, b, k, 2, h) + c];
        mean += p[static_cast<size_t>(k)] * dp[static_cast<size_t>(k)];
      }
      for (int64_t k = 0; k <= t; ++k) {
        const double weight = p[static_cast<size_t>(k)], ds = weight * (dp[static_cast<size_t>(k)] - mean) * scale;
        for (int64_t c = 0; c < D; ++c) {
          dqkv[at(e, b, t, 0, h) + c] += ds * qkv[at(e, b, k, 1, h) + c];
          dqkv[at(e, b, k, 1, h) + c] += ds * qkv[at(e, b, t, 0, h) + c];
          dqkv[at(e, b, k, 2, h) + c] += weight * dy[c];
        }
      }
    });
  }

  void gelu_forward(double* out, const double* in, int64_t n) override {
    for (int64_t i = 0; i < n; ++i) out[i] = 0.5 * in[i] * (1 + std::tanh(argument(in[i])));
  }
  void gelu_backward(double* din, const double* dout, const double* in, int64_t n) override {
    for (int64_t i = 0; i < n; ++i) {
      const double t = std::tanh(argument(in[i])), slope = kRoot * (1 + 3 * 0.044715 * in[i] * in[i]);
      din[i] = dout[i] * (0.5 * (1 + t) + 0.5 * in[i] * (1 - t * t) * slope);
    }
  }
  void residual_forward(double* out, const double* a, const double* b, int64_t n) override {
    for (int64_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
  }

  double classifier(double* dhidden, double* dwte, const double* hidden, const double* wte, const Targets& targets,
                    double scale) override {
    const int64_t C = targets.C, V = targets.V;
    double loss = 0;
    std::vector<double> p(static_cast<size_t>(V));
    if (dhidden != nullptr) std::fill_n(dhidden, targets.R * C, 0.0);
    for (int64_t r = 0; r < targets.R; ++r) {
      if (targets.losses != nullptr) targets.losses[r] = 0;
      if (targets.mask != nullptr && targets.mask[r] == 0) continue;
      for (int64_t v = 0; v < V; ++v) {
        p[static_cast<size_t>(v)] = 0;
        for (int64_t c = 0; c < C; ++c) p[static_cast<size_t>(v)] += hidden[r * C + c] * wte[v * C + c];
      }
      const double target = p[targets.ids[r]], log_sum = softmax(p);
      loss += log_sum - target;
      if (targets.losses != nullptr) targets.losses[r] = log_sum - target;
      if (dhidden == nullptr) continue;
      for (int64_t v = 0; v < V; ++v) {
        const double d = scale * (p[static_cast<size_t>(v)] - (v == targets.ids[r] ? 1 : 0));
        for (int64_t c = 0; c < C; ++c) {
          dhidden[r * C + c] += d * wte[v * C + c];
          dwte[v * C + c] += d * hidden[r * C + c];
        }
      }
    }
    return loss;
  }

 private:
  static constexpr double kRoot = 0.79788456080286535588;
  static double argument(double x) { return kRoot * (x + 0.044715 * x * x * x); }

  static int64_t at(const Extent& e, int64_t b, int64_t t, int64_t part, int64_t h) {
    return ((b * e.T + t) * 3 + part) * e.C + h * (e.C / e.H);
  }
  template <typename Body>
  static void for_each_query(const Extent& e, const Body& body) {
    for (int64_t b = 0; b < e.B; ++b) {
      for (int64_t h = 0; h < e.H; ++h) {
        for (int64_t t = 0; t < e.T; ++t) body(b, h, t);
      }
    }
  }
  // Scores become their softmax; returns log(sum of exp). -infinity gets no weight.
  static double softmax(std::vector<double>& scores) {
    const double most = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score - most);
    for (double& score : scores) score /= sum;
    return most + std::log(sum);
  }
  // Of keys 0..t for query t.
  static std::vector<double> weights(const double* qkv, const int32_t* first_key, const Extent& e, int64_t b, int64_t h,
                                     int64_t t, double* log_sum) {
    const int64_t D = e.C / e.H, first = first_key == nullptr ? 0 : first_key[b * e.T + t];
    std::vector<double> scores(static_cast<size_t>(t + 1), -INFINITY);
    for (int64_t k = first; k <= t; ++k) {
      double sum = 0;
      for (int64_t c = 0; c < D; ++c) sum += qkv[at(e, b, t, 0, h) + c] * qkv[at(e, b, k, 1, h) + c];
      scores[static_cast<size_t>(k)] = sum / std::sqrt(static_cast<double>(D));
    }
    *log_sum = softmax(scores);
    return scores;
  }
};

}  // namespace ftok::testing
