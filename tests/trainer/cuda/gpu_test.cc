// On a GPU: every operation, the network and 50 steps of training against plain loops in double; the same bits twice.
// Needs nothing but CUDA and the standard library.
//   gpu_test [--list | --after TEST | TEST...]     all tests; their names; those after one; those named
// Exit status 0: passed, 1: some failed, 3: the device can no longer be used after a test (its name stands in the last
// line that begins with RUN; --after goes on behind it), 77: there is no GPU here.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "tests/reference/plain_layers.h"
#include "tests/trainer/cuda/gpu_arrays.h"
#include "trainer/cuda/device_decoder.h"
#include "trainer/cuda/device_trainer.h"
#include "trainer/cuda/philox.h"
#include "trainer/cuda/token_order.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr int kSkipped = 77, kDeviceLost = 3;
constexpr double kBf16 = 0.004, kSum = 2e-5;

void test_layernorm(Gpu& gpu, int64_t R, int64_t C) {
  const std::string name = "layernorm " + std::to_string(R) + " x " + std::to_string(C);
  const auto a = random_numbers<Bf16>(R * C, 1), b = random_numbers<Bf16>(R * C, 2), gain = random_numbers<Bf16>(C, 3);
  const auto bias = random_numbers<Bf16>(C, 4), dout = random_numbers<Bf16>(R * C, 5),
             start = random_numbers<Bf16>(R * C, 6);
  OnDevice<Bf16> d_a(gpu, a), d_b(gpu, b), d_gain(gpu, gain), d_bias(gpu, bias), d_dout(gpu, dout), d_din(gpu, start);
  auto sum = unwritten<Bf16>(gpu, R * C), out = unwritten<Bf16>(gpu, R * C);
  auto mean = unwritten<float>(gpu, R), rstd = unwritten<float>(gpu, R);
  OnDevice<float> dgain(gpu, std::vector<float>(static_cast<size_t>(C))),
      dbias(gpu, std::vector<float>(static_cast<size_t>(C)));
  auto scratch = unwritten<float>(gpu, cuda::layernorm_scratch(R, C));
  void* const stream = gpu.device->stream();
  cuda::residual_layernorm_forward(stream, sum.data(), out.data(), mean.data(), rstd.data(), d_a.data(), d_b.data(),
                                   d_gain.data(), d_bias.data(), R, C);
  cuda::layernorm_backward(stream, d_din.data(), dgain.data(), dbias.data(), scratch.data(), d_dout.data(), sum.data(),
                           d_gain.data(), mean.data(), rstd.data(), R, C);
  testing::PlainLayers plain;
  const Doubles in = widen(sum.values());
  Doubles e_sum(in.size()), e_out(in.size()), e_mean(static_cast<size_t>(R)), e_rstd = e_mean, e_din = widen(start);
  Doubles e_dgain(static_cast<size_t>(C)), e_dbias = e_dgain;
  plain.residual_forward(e_sum.data(), widen(a).data(), widen(b).data(), R * C);
  plain.layernorm_forward(e_out.data(), e_mean.data(), e_rstd.data(), in.data(), widen(gain).data(), widen(bias).data(),
                          R, C);
  plain.layernorm_backward(e_din.data(), e_dgain.data(), e_dbias.data(), widen(dout).data(), in.data(),
                           widen(gain).data(), e_mean.data(), e_rstd.data(), R, C);
  expect_close(sum.values(), e_sum, kBf16, name + ": sum");
  expect_close(out.values(), e_out, kBf16, name + ": out");
  expect_close(rstd.values(), e_rstd, kSum, name + ": rstd");
  expect_close(d_din.values(), e_din, kBf16, name + ": din");
  expect_close(dgain.values(), e_dgain, kSum, name + ": dgain");
  expect_close(dbias.values(), e_dbias, kSum, name + ": dbias");
}

void test_encoder(Gpu& gpu, const Extent& e, int64_t V) {
  const std::string name = "encoder C" + std::to_string(e.C);
  std::vector<uint32_t> tokens;
  for (int64_t i = 0; i < e.rows(); ++i)
    tokens.push_back(static_cast<uint32_t>(random_bits(1, 2, static_cast<uint64_t>(i)) % static_cast<uint64_t>(V)));
  const auto wte = random_numbers<Bf16>(V * e.C, 1), wpe = random_numbers<Bf16>(e.T * e.C, 2),
             dout = random_numbers<Bf16>(e.rows() * e.C, 3);
  const TokenOrder order = make_token_order(tokens.data(), e.rows(), V);
  OnDevice<uint32_t> d_tokens(gpu, tokens);
  OnDevice<int32_t> rows(gpu, order.rows), begins(gpu, order.begins);
  OnDevice<Bf16> d_wte(gpu, wte), d_wpe(gpu, wpe), d_dout(gpu, dout);
  auto out = unwritten<Bf16>(gpu, e.rows() * e.C);
  OnDevice<float> dwte(gpu, std::vector<float>(wte.size())), dwpe(gpu, std::vector<float>(wpe.size()));
  cuda::encoder_forward(gpu.device->stream(), out.data(), d_tokens.data(), d_wte.data(), d_wpe.data(), e);
  cuda::encoder_backward(gpu.device->stream(), dwte.data(), dwpe.data(), d_dout.data(), d_tokens.data(),
                         {rows.data(), begins.data(), static_cast<int64_t>(order.begins.size()) - 1}, e);
  testing::PlainLayers plain;
  Doubles e_out(dout.size()), e_dwte(wte.size()), e_dwpe(wpe.size());
  plain.encoder_forward(e_out.data(), tokens.data(), widen(wte).data(), widen(wpe).data(), e);
  plain.encoder_backward(e_dwte.data(), e_dwpe.data(), widen(dout).data(), tokens.data(), e);
  expect_close(out.values(), e_out, kBf16, name + ": out");
  expect_close(dwte.values(), e_dwte, kSum, name + ": dwte");
  expect_close(dwpe.values(), e_dwpe, kSum, name + ": dwpe");
}

void test_linear(Gpu& gpu, int64_t R, int64_t I, int64_t O, const Fusion& fusion) {
  const std::string name = std::string(fusion.bias ? "fused" : "plain") + " linear " + std::to_string(R) + "x" +
                           std::to_string(I) + "x" + std::to_string(O);
  cuda::DeviceLayers layers(*gpu.device, gpu.matmul(), nullptr, fusion, 8192);
  const auto in = random_numbers<Bf16>(R * I, 1), weight = random_numbers<Bf16>(I * O, 2, 0.3),
             bias = random_numbers<Bf16>(O, 3);
  const auto dout = random_numbers<Bf16>(R * O, 4), before = random_numbers<Bf16>(R * I, 5);
  const auto start = random_numbers<float>(I * O, 6);
  OnDevice<Bf16> d_in(gpu, in), d_weight(gpu, weight), d_bias(gpu, bias), d_dout(gpu, dout), d_before(gpu, before);
  auto out = unwritten<Bf16>(gpu, R * O), fc = unwritten<Bf16>(gpu, R * O), din = unwritten<Bf16>(gpu, R * I);
  OnDevice<float> dweight(gpu, start), dbias(gpu, std::vector<float>(static_cast<size_t>(O)));
  testing::PlainLayers plain;
  Doubles e_out(static_cast<size_t>(R * O)), e_fc = e_out, e_din(static_cast<size_t>(R * I)), e_dweight = widen(start);
  Doubles e_dbias(static_cast<size_t>(O));

  layers.linear_forward(out.data(), d_in.data(), d_weight.data(), d_bias.data(), R, I, O);
  plain.linear_forward(e_out.data(), widen(in).data(), widen(weight).data(), widen(bias).data(), R, I, O);
  expect_close(out.values(), e_out, kBf16, name + ": out");
  layers.linear_gelu_forward(out.data(), fc.data(), d_in.data(), d_weight.data(), d_bias.data(), R, I, O);
  plain.linear_gelu_forward(e_out.data(), e_fc.data(), widen(in).data(), widen(weight).data(), widen(bias).data(), R, I,
                            O);
  expect_close(fc.values(), e_fc, kBf16, name + ": before GELU");
  expect_close(out.values(), e_out, 0.006, name + ": GELU");
  layers.linear_backward(din.data(), dweight.data(), dbias.data(), d_dout.data(), d_in.data(), d_weight.data(), R, I,
                         O);
  plain.linear_backward(e_din.data(), e_dweight.data(), e_dbias.data(), widen(dout).data(), widen(in).data(),
                        widen(weight).data(), R, I, O);
  expect_close(din.values(), e_din, kBf16, name + ": din");
  layers.linear_gelu_backward(din.data(), dweight.data(), dbias.data(), d_dout.data(), d_in.data(), d_before.data(),
                              d_weight.data(), R, I, O);
  plain.linear_gelu_backward(e_din.data(), e_dweight.data(), e_dbias.data(), widen(dout).data(), widen(in).data(),
                             widen(before).data(), widen(weight).data(), R, I, O);
  expect_close(din.values(), e_din, 0.006, name + ": dbefore");
  expect_close(dweight.values(), e_dweight, kSum, name + ": dweight, added twice");
  expect_close(dbias.values(), e_dbias, kSum, name + ": dbias, added twice");
}

void test_attention(Gpu& gpu, const Extent& e, bool documents, AttentionPlans* plans) {
  const std::string name = std::string(plans != nullptr ? "cuDNN" : "own") + " attention T" + std::to_string(e.T) +
                           " D" + std::to_string(e.C / e.H) + (documents ? " documents" : "");
  const int64_t n = e.rows() * e.C;
  std::vector<int32_t> first_key;
  for (int64_t r = 0; r < e.rows(); ++r) {
    const bool begins = r % e.T == 0 || random_bits(4, 1, static_cast<uint64_t>(r)) % 50 == 0;
    first_key.push_back(begins ? static_cast<int32_t>(r % e.T) : first_key.back());
  }
  const auto qkv = random_numbers<Bf16>(3 * n, 1, 1.2), dout = random_numbers<Bf16>(n, 2);
  OnDevice<Bf16> d_qkv(gpu, qkv), d_dout(gpu, dout);
  OnDevice<int32_t> d_first(gpu, first_key);
  auto out = unwritten<Bf16>(gpu, n), dqkv = unwritten<Bf16>(gpu, 3 * n);
  auto log_sum = unwritten<float>(gpu, e.rows() * e.H), scratch = unwritten<float>(gpu, e.rows() * e.H);
  const int32_t* const first = documents ? d_first.data() : nullptr;
  void* const stream = gpu.device->stream();
  if (plans == nullptr) {
    cuda::attention_forward(stream, out.data(), log_sum.data(), d_qkv.data(), first, e);
    cuda::attention_backward(stream, dqkv.data(), scratch.data(), d_dout.data(), out.data(), log_sum.data(),
                             d_qkv.data(), first, e);
  } else if (!plans->forward(stream, out.data(), log_sum.data(), d_qkv.data(), first, e)) {
    std::printf("  %-44s %s\n", name.c_str(), plans->report().c_str());
    expect(documents || e.C / e.H % 8 != 0, name + ": no plan");
    return;
  } else {
    expect(plans->backward(stream, dqkv.data(), d_dout.data(), out.data(), log_sum.data(), d_qkv.data(), first, e),
           name + ": backward");
  }
  testing::PlainLayers plain;
  Doubles e_out(static_cast<size_t>(n)), e_sum(static_cast<size_t>(e.rows() * e.H)), e_dqkv(static_cast<size_t>(3 * n));
  const int32_t* const host_first = documents ? first_key.data() : nullptr;
  plain.attention_forward(e_out.data(), e_sum.data(), widen(qkv).data(), host_first, e);
  plain.attention_backward(e_dqkv.data(), widen(dout).data(), e_out.data(), e_sum.data(), widen(qkv).data(), host_first,
                           e);
  expect_close(out.values(), e_out, kBf16, name + ": out");
  expect_close(log_sum.values(), e_sum, 1e-4, name + ": log_sum");
  expect_close(dqkv.values(), e_dqkv, 0.008, name + ": dqkv");
}

void test_classifier(Gpu& gpu, int64_t R, int64_t C, int64_t V) {
  const std::string name = "classifier V" + std::to_string(V);
  const int64_t padded = (V + 127) / 128 * 128;
  cuda::DeviceLayers layers(*gpu.device, gpu.matmul(), nullptr, {}, 50);
  const auto hidden = random_numbers<Bf16>(R * C, 1);
  auto wte = random_numbers<Bf16>(padded * C, 2, 0.3);
  std::fill(wte.begin() + V * C, wte.end(), Bf16{0});
  std::vector<uint32_t> ids;
  std::vector<uint8_t> mask;
  for (int64_t r = 0; r < R; ++r) {
    ids.push_back(static_cast<uint32_t>(random_bits(3, 3, static_cast<uint64_t>(r)) % static_cast<uint64_t>(V)));
    mask.push_back(r % 5 != 2);
  }
  OnDevice<Bf16> d_hidden(gpu, hidden), d_wte(gpu, wte);
  OnDevice<uint32_t> d_ids(gpu, ids);
  OnDevice<uint8_t> d_mask(gpu, mask);
  auto dhidden = unwritten<Bf16>(gpu, R * C);
  OnDevice<float> dwte(gpu, std::vector<float>(wte.size()));
  layers.classifier(dhidden.data(), dwte.data(), d_hidden.data(), d_wte.data(), {d_ids.data(), d_mask.data(), R, C, V},
                    0.5);
  const double loss = layers.take_loss();
  testing::PlainLayers plain;
  Doubles e_dhidden(hidden.size()), e_dwte(wte.size());
  const double expected = plain.classifier(e_dhidden.data(), e_dwte.data(), widen(hidden).data(), widen(wte).data(),
                                           {ids.data(), mask.data(), R, C, V}, 0.5);
  expect(std::abs(loss / expected - 1) < 0.003,
         name + ": loss " + std::to_string(loss) + ", expected " + std::to_string(expected));
  expect_close(dhidden.values(), e_dhidden, 0.01, name + ": dhidden");
  expect_close(dwte.values(), e_dwte, 0.005, name + ": dwte");
}

// A model whose weights matter everywhere, exact in bfloat16.
std::vector<float> starting_weights(const ParameterLayout& layout) {
  std::vector<float> weights(static_cast<size_t>(layout.size()));
  uint64_t stream = 100;
  for (const Tensor& tensor : layout.tensors()) {
    ++stream;
    for (int64_t i = 0; i < tensor.rows_used * tensor.columns; ++i) {
      const double x =
          (tensor.start == Start::kOnes ? 1 : 0) + 0.08 * random_normal(5, stream, static_cast<uint64_t>(i));
      weights[static_cast<size_t>(tensor.offset + i)] = to_float(to_bfloat16(static_cast<float>(x)));
    }
  }
  return weights;
}

struct HostBatch {
  std::vector<uint32_t> tokens, targets;
  BatchView view(int64_t B, int64_t T) const { return {B, T, tokens.data(), targets.data(), nullptr, nullptr}; }
};

// A language that can be learned: the next token is a function of the last, but for one in eight.
HostBatch make_batch(int64_t n, int64_t V, uint64_t seed) {
  HostBatch batch;
  uint64_t token = 1;
  for (int64_t i = 0; i <= n; ++i) {
    const uint64_t bits = random_bits(seed, 2, static_cast<uint64_t>(i));
    token = bits % 8 == 0 ? bits / 8 % static_cast<uint64_t>(V) : (token * 7 + 3) % static_cast<uint64_t>(V);
    if (i < n) batch.tokens.push_back(static_cast<uint32_t>(token));
    if (i > 0) batch.targets.push_back(static_cast<uint32_t>(token));
  }
  return batch;
}

TrainerState state_of(const std::vector<float>& weights) {
  return {weights, std::vector<float>(weights.size()), std::vector<float>(weights.size())};
}

std::vector<float> gradients_of(Gpu& gpu, const ModelConfig& config, const DeviceTrainerOptions& options, int64_t B,
                                int times) {
  cuda::DeviceTrainer trainer(*gpu.device, gpu.matmul(), &gpu.cudnn(), config, options);
  trainer.load(state_of(starting_weights(trainer.layout())), 0);
  for (int i = 0; i < times; ++i) {
    trainer.add_gradients(
        make_batch(B * config.length, config.vocabulary_size, static_cast<uint64_t>(i)).view(B, config.length), 0.01);
  }
  std::vector<float> gradients(static_cast<size_t>(trainer.layout().size()));
  gpu.device->copy_to_host(gradients.data(), trainer.gradients(), gradients.size() * sizeof(float));
  return gradients;
}

void test_network(Gpu& gpu, const ModelConfig& config, int64_t B) {
  testing::PlainLayers plain;
  Network<double> reference(config, plain);
  const std::vector<float> weights = starting_weights(reference.layout());
  reference.parameters().assign(Doubles(weights.begin(), weights.end()));
  for (int i = 0; i < 2; ++i) {
    reference.accumulate_gradients(
        make_batch(B * config.length, config.vocabulary_size, static_cast<uint64_t>(i)).view(B, config.length), 0.01);
  }
  DeviceTrainerOptions options;
  options.stochastic_rounding = false;
  const std::vector<float> got = gradients_of(gpu, config, options, B, 2);
  for (const Tensor& tensor : reference.layout().tensors()) {
    const auto begin = tensor.offset, end = tensor.offset + tensor.size();
    expect_close(std::vector<float>(got.begin() + begin, got.begin() + end),
                 Doubles(reference.gradients().begin() + begin, reference.gradients().begin() + end), 0.05,
                 "network: " + tensor.name);
  }
  expect(gradients_of(gpu, config, options, B, 4) == gradients_of(gpu, config, options, B, 4), "the same bits twice");
  DeviceTrainerOptions without_graphs = options;
  without_graphs.graphs = false;
  expect(gradients_of(gpu, config, options, B, 4) == gradients_of(gpu, config, without_graphs, B, 4),
         "graphs change no bit");
  DeviceTrainerOptions recompute = options;
  recompute.recompute = Recompute::kBlocks;
  expect(gradients_of(gpu, config, options, B, 2) == gradients_of(gpu, config, recompute, B, 2),
         "recompute changes no bit");
}

// Logits of the decoder, of a prompt and of each position after it, against the network's losses: -log
// softmax(logits)[target].
void test_decoder(Gpu& gpu, const ModelConfig& config) {
  testing::PlainLayers plain;
  Network<double> reference(config, plain);
  const std::vector<float> weights = starting_weights(reference.layout());
  reference.parameters().assign(Doubles(weights.begin(), weights.end()));
  cuda::DeviceDecoder decoder(*gpu.device, gpu.matmul(), config, weights);
  const HostBatch batch = make_batch(config.length, config.vocabulary_size, 3);
  const size_t prompt = batch.tokens.size() / 2;
  double worst = 0;
  for (size_t n = prompt; n <= batch.tokens.size(); ++n) {
    const std::span<const float> logits =
        n == prompt ? decoder.read(std::span(batch.tokens).first(n)) : decoder.next(batch.tokens[n - 1]);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    std::vector<uint8_t> mask(batch.tokens.size(), 0);
    mask[n - 1] = 1;
    BatchView view = batch.view(1, config.length);
    view.loss_mask = mask.data();
    worst = std::max(
        worst, std::abs(reference.loss(view) - std::log(sum) + static_cast<double>(logits[batch.targets[n - 1]])));
  }
  std::printf("  decoder: losses at most %.4f from plain loops in double\n", worst);
  expect(worst < 0.05, "the decoder follows the network");
}

// AdamW as trainer/training/optimizer.cc has it, in double.
void plain_update(const ParameterLayout& layout, Network<double>& network, Doubles& first, Doubles& second,
                  int64_t step, double rate) {
  double squares = 0;
  for (const double g : network.gradients()) squares += g * g;
  const double clip = std::min(1.0, 1.0 / (std::sqrt(squares) + 1e-6));
  for (const Tensor& tensor : layout.tensors()) {
    for (size_t i = static_cast<size_t>(tensor.offset); i < static_cast<size_t>(tensor.offset + tensor.size()); ++i) {
      const double g = network.gradients()[i] * clip;
      first[i] = 0.9 * first[i] + 0.1 * g;
      second[i] = 0.95 * second[i] + 0.05 * g * g;
      double& p = network.parameters()[i];
      p = p * (tensor.decays ? 1 - rate * 0.1 : 1) -
          rate * first[i] / (1 - std::pow(0.9, step)) / (std::sqrt(second[i] / (1 - std::pow(0.95, step))) + 1e-8);
    }
  }
}

void test_fifty_steps(Gpu& gpu) {
  const ModelConfig config{2, 2, 64, 64, 500};
  const int64_t B = 4, R = B * config.length;
  testing::PlainLayers plain;
  Network<double> reference(config, plain);
  Doubles start(static_cast<size_t>(reference.layout().size()));
  initialise<double>(reference.layout(), config.layers, 1, start);
  reference.parameters().assign(start);
  const std::vector<float> weights(start.begin(), start.end());
  Doubles first(start.size()), second(start.size());
  cuda::DeviceTrainer trainer(*gpu.device, gpu.matmul(), &gpu.cudnn(), config, {});
  trainer.load(state_of(weights), 0);
  double worst = 0, first_loss = 0, last_loss = 0;
  for (int64_t step = 1; step <= 50; ++step) {
    const HostBatch batch = make_batch(R, config.vocabulary_size, static_cast<uint64_t>(step));
    reference.clear_gradients();
    const double expected = reference.accumulate_gradients(batch.view(B, config.length), 1.0 / static_cast<double>(R)) /
                            static_cast<double>(R);
    plain_update(reference.layout(), reference, first, second, step, 2e-3);
    trainer.zero_gradients();
    trainer.add_gradients(batch.view(B, config.length), 1.0 / static_cast<double>(R));
    const double loss = trainer.take_loss() / static_cast<double>(R);
    trainer.update(step, 2e-3, trainer.norm());
    worst = std::max(worst, std::abs(loss - expected));
    if (step == 1) first_loss = loss;
    last_loss = loss;
  }
  std::printf("  50 steps: loss %.4f to %.4f, at most %.4f from plain loops in double\n", first_loss, last_loss, worst);
  expect(worst < 0.02 && last_loss < first_loss - 0.5, "50 steps follow the CPU");
  std::vector<Bf16> rounded(weights.size());
  gpu.device->copy_to_host(rounded.data(), trainer.network().parameters().data(), rounded.size() * sizeof(Bf16));
  const TrainerState state = trainer.save();
  bool same = true;
  for (const Tensor& tensor : reference.layout().tensors()) {
    for (size_t i = static_cast<size_t>(tensor.offset); i < static_cast<size_t>(tensor.offset + tensor.size()); ++i) {
      const Philox bits = rounding_bits(1, 50, i / 8);
      same &=
          rounded[i].bits == to_bfloat16_stochastic(state.parameters[i], bits.words[i % 8 / 2] >> (16 * (i % 2))).bits;
    }
  }
  expect(same, "weights are rounded as the CPU rounds them");
}

// X (rows,columns) after five steps of Newton and Schulz, each element by itself.
Doubles plain_orthogonal(Doubles x, int64_t rows, int64_t columns) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  for (double& value : x) value /= std::sqrt(squares);
  const auto at = [&](const Doubles& m, int64_t i, int64_t j) { return m[static_cast<size_t>(i * columns + j)]; };
  const auto n = static_cast<size_t>(rows);
  for (int step = 0; step < 5; ++step) {
    Doubles a(n * n), p(n * n), next(x.size());
    for (size_t i = 0; i < n * n; ++i) {
      for (int64_t k = 0; k < columns; ++k)
        a[i] += at(x, static_cast<int64_t>(i / n), k) * at(x, static_cast<int64_t>(i % n), k);
    }
    for (size_t i = 0; i < n * n; ++i) {
      double square = 0;
      for (size_t k = 0; k < n; ++k) square += a[i / n * n + k] * a[k * n + i % n];
      p[i] = -4.7750 * a[i] + 2.0315 * square;
    }
    for (size_t i = 0; i < x.size(); ++i) {
      next[i] = 3.4445 * x[i];
      const size_t row = i / static_cast<size_t>(columns);
      for (size_t k = 0; k < n; ++k)
        next[i] += p[row * n + k] * at(x, static_cast<int64_t>(k), static_cast<int64_t>(i) % columns);
    }
    x = next;
  }
  return x;
}

// One update of weights that are zero: wide maps, of both layers at once, and tall ones, turned for plain_orthogonal().
void test_muon(Gpu& gpu) {
  const ModelConfig config{2, 2, 64, 16, 100};
  DeviceTrainerOptions options;
  options.optimizer.matrices = "muon";
  cuda::DeviceTrainer trainer(*gpu.device, gpu.matmul(), nullptr, config, options);
  const auto gradients = random_numbers<float>(trainer.layout().size(), 1);
  trainer.load(state_of(std::vector<float>(gradients.size())), 0);
  gpu.device->copy_to_device(trainer.gradients(), gradients.data(), gradients.size() * sizeof(float));
  trainer.update(1, 1, 0);
  trainer.update_matrices(1, 1);
  const TrainerState state = trainer.save();
  for (const Tensor& tensor : trainer.layout().tensors()) {
    if (tensor.maps.size() != 1) continue;
    const bool is_tall = tensor.rows > tensor.columns;
    const int64_t rows = is_tall ? tensor.columns : tensor.rows, columns = is_tall ? tensor.rows : tensor.columns;
    Doubles direction, expected;
    std::vector<float> got;
    for (int64_t i = 0; i < tensor.size(); ++i) {
      const int64_t at = tensor.offset + (is_tall ? i % columns * tensor.columns + i / columns : i);
      direction.push_back(static_cast<double>(gradients[static_cast<size_t>(at)]));
      got.push_back(state.parameters[static_cast<size_t>(at)]);
    }
    const double size = 0.2 * std::sqrt(static_cast<double>(columns));
    for (const double x : plain_orthogonal(direction, rows, columns)) expected.push_back(-size * x);
    expect_close(got, expected, 0.03, tensor.name);
  }
}

// The shape that GPT-2 124M is trained at: without a plan for it, a run is slow and nothing else shows why.
void test_cudnn_plan(Gpu& gpu) {
  const Extent e{64, 1024, 768, 12};
  const int64_t n = e.rows() * e.C;
  MemoryArray<Bf16> qkv(*gpu.device), dqkv(*gpu.device), out(*gpu.device), dout(*gpu.device);
  MemoryArray<float> log_sum(*gpu.device);
  for (MemoryArray<Bf16>* const wide : {&qkv, &dqkv}) wide->resize(static_cast<size_t>(3 * n));
  for (MemoryArray<Bf16>* const narrow : {&out, &dout}) narrow->resize(static_cast<size_t>(n));
  log_sum.resize(static_cast<size_t>(e.rows() * e.H));
  void* const stream = gpu.device->stream();
  expect(gpu.cudnn().forward(stream, out.data(), log_sum.data(), qkv.data(), nullptr, e), "forward");
  expect(gpu.cudnn().backward(stream, dqkv.data(), dout.data(), out.data(), log_sum.data(), qkv.data(), nullptr, e),
         "backward");
  gpu.device->synchronize();
  std::printf("  %s\n", gpu.cudnn().report().c_str());
}

struct Test {
  std::string name;
  std::function<void(Gpu&)> run;
};

void add_kernel_tests(std::vector<Test>& tests) {
  for (const auto& [R, C] : std::vector<std::pair<int64_t, int64_t>>{{1025, 768}, {300, 1600}, {77, 33}, {40, 2304}}) {
    tests.push_back({"layernorm_" + std::to_string(R) + "x" + std::to_string(C),
                     [R = R, C = C](Gpu& gpu) { test_layernorm(gpu, R, C); }});
  }
  tests.push_back({"encoder_768", [](Gpu& gpu) { test_encoder(gpu, {3, 100, 768, 12}, 50); }});
  tests.push_back({"encoder_33", [](Gpu& gpu) { test_encoder(gpu, {2, 33, 33, 1}, 9); }});
}

void add_product_tests(std::vector<Test>& tests) {
  const Fusion unfused{false, false, false, false};
  const std::vector<std::pair<std::string, Fusion>> fusions = {
      {"timed", {}}, {"fused", {true, true, true, true, false}}, {"plain", unfused}};
  for (const auto& [name, fusion] : fusions) {
    tests.push_back({"linear_" + name + "_256", [fusion = fusion](Gpu& g) { test_linear(g, 256, 192, 320, fusion); }});
    tests.push_back({"linear_" + name + "_33", [fusion = fusion](Gpu& g) { test_linear(g, 33, 40, 24, fusion); }});
    tests.push_back({"linear_" + name + "_5", [fusion = fusion](Gpu& g) { test_linear(g, 5, 7, 11, fusion); }});
  }
}

void add_attention_tests(std::vector<Test>& tests) {
  struct Case {
    std::string name;
    Extent extent;
    bool documents;
  };
  const std::vector<Case> cases = {{"T256", {2, 256, 128, 2}, false},
                                   {"T200_documents", {2, 200, 128, 2}, true},
                                   {"D128", {1, 130, 128, 1}, false},
                                   {"D7_documents", {1, 67, 21, 3}, true}};
  for (const Case& c : cases) {
    tests.push_back(
        {"attention_own_" + c.name, [c](Gpu& gpu) { test_attention(gpu, c.extent, c.documents, nullptr); }});
  }
  if (!is_cudnn_built_in()) return;
  tests.push_back({"cudnn_plan", test_cudnn_plan});
  for (const Case& c : cases) {
    tests.push_back(
        {"attention_cudnn_" + c.name, [c](Gpu& gpu) { test_attention(gpu, c.extent, c.documents, &gpu.cudnn()); }});
  }
  tests.push_back({"attention_cudnn_in_parts", [](Gpu& gpu) {
                     AttentionOptions options;
                     options.workspace_bytes_max = 1;
                     const auto parts = make_cudnn_attention(*gpu.device, options);
                     test_attention(gpu, {3, 256, 128, 2}, false, parts.get());
                   }});
}

std::vector<Test> all_tests() {
  std::vector<Test> tests;
  add_kernel_tests(tests);
  add_product_tests(tests);
  add_attention_tests(tests);
  tests.push_back({"classifier_1000", [](Gpu& gpu) { test_classifier(gpu, 130, 64, 1000); }});
  tests.push_back({"classifier_61", [](Gpu& gpu) { test_classifier(gpu, 20, 24, 61); }});
  tests.push_back({"network_T128", [](Gpu& gpu) { test_network(gpu, {2, 2, 128, 128, 500}, 2); }});
  tests.push_back({"network_T8", [](Gpu& gpu) { test_network(gpu, {2, 4, 32, 8, 61}, 3); }});
  tests.push_back({"decoder_T32", [](Gpu& gpu) { test_decoder(gpu, {2, 2, 128, 32, 500}); }});
  tests.push_back({"decoder_T8", [](Gpu& gpu) { test_decoder(gpu, {2, 4, 32, 8, 61}); }});
  tests.push_back({"muon", test_muon});
  tests.push_back({"fifty_steps", test_fifty_steps});
  return tests;
}

// False when the device cannot be used any more.
bool run_test(Gpu& gpu, const Test& test, int& failed) {
  std::printf("RUN %s\n", test.name.c_str());
  std::fflush(stdout);
  failures = 0;
  bool usable = true;
  try {
    test.run(gpu);
  } catch (const std::exception& error) {
    expect(false, error.what());
  }
  try {
    gpu.device->synchronize();
  } catch (const std::exception& error) {
    expect(false, error.what());
    usable = false;
  }
  std::printf("%s %s\n", failures == 0 ? "PASSED" : "FAILED", test.name.c_str());
  std::fflush(stdout);
  failed += failures != 0;
  return usable;
}

// Those that the arguments ask for, in order.
std::vector<Test> chosen_tests(const std::vector<std::string>& arguments) {
  std::vector<Test> tests = all_tests();
  if (arguments.empty()) return tests;
  if (arguments.size() == 2 && arguments[0] == "--after") {
    const auto found = std::find_if(tests.begin(), tests.end(), [&](const Test& t) { return t.name == arguments[1]; });
    if (found == tests.end()) throw Error("no test " + arguments[1]);
    tests.erase(tests.begin(), found + 1);
    return tests;
  }
  std::vector<Test> chosen;
  for (const std::string& name : arguments) {
    const auto found = std::find_if(tests.begin(), tests.end(), [&](const Test& t) { return t.name == name; });
    if (found == tests.end()) throw Error("no test " + name);
    chosen.push_back(*found);
  }
  return chosen;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments == std::vector<std::string>{"--list"}) {
    for (const Test& test : all_tests()) std::printf("%s\n", test.name.c_str());
    return EXIT_SUCCESS;
  }
  const std::vector<Test> tests = chosen_tests(arguments);
  if (const std::string problem = cuda_problem(); !problem.empty()) {
    std::printf("SKIPPED: %s\n", problem.c_str());
    return kSkipped;
  }
  Gpu gpu;
  std::printf("GPU tests on %s\n", gpu.device->name().c_str());
  int failed = 0;
  for (const Test& test : tests) {
    if (!run_test(gpu, test, failed)) std::_Exit(kDeviceLost);  // destructors would wait for it
  }
  std::printf("%zu tests, %d failed\n", tests.size(), failed);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace ftok

int main(int argc, char** argv) {
  try {
    return ftok::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
