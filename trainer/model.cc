#include "trainer/model.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "core/check_range.h"
#include "core/error.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr int64_t kAlignment = 16;                    // elements: a cache line of floats
constexpr int64_t kParametersMax = int64_t{1} << 36;  // 256 GiB of fp32 weights: beyond any machine this runs on
constexpr double kDeviation = 0.02;                   // GPT-2's published code, model.py

}  // namespace

void ModelConfig::check() const {
  check_range("model.layers", layers, 1, 1000);
  check_range("model.heads", heads, 1, 1000);
  check_range("model.channels", channels, 1, 1 << 17);
  check_range("model.length", length, 1, 1 << 20);
  check_range("model.vocabulary_size", vocabulary_size, 1, 1 << 24);
  if (channels % heads != 0) {
    throw UsageError("model.channels = " + std::to_string(channels) +
                     ": expected a multiple of model.heads = " + std::to_string(heads));
  }
  const double parameters =
      static_cast<double>(padded_vocabulary() + length) * static_cast<double>(channels) +
      12.0 * static_cast<double>(layers) * static_cast<double>(channels) * static_cast<double>(channels);
  if (parameters > static_cast<double>(kParametersMax)) {
    throw UsageError("model: " + std::to_string(static_cast<int64_t>(parameters / 1e9)) +
                     " billion parameters are more than " + std::to_string(kParametersMax));
  }
}

double ModelConfig::flops_per_token() const {
  const ParameterLayout layout(*this);
  const double N = static_cast<double>(layout.parameters() + (padded_vocabulary() - vocabulary_size) * channels);
  return 6 * N + 6.0 * static_cast<double>(layers) * static_cast<double>(channels) * static_cast<double>(length);
}

int64_t ParameterLayout::add(std::string name, int64_t rows, int64_t columns, Start start) {
  Tensor tensor{
      std::move(name), rows, columns, rows, size_, start, start == Start::kNormal || start == Start::kResidualNormal};
  parameters_ += tensor.size();
  size_ += (tensor.size() + kAlignment - 1) / kAlignment * kAlignment;
  tensors_.push_back(std::move(tensor));
  return tensors_.back().offset;
}

ParameterLayout::ParameterLayout(const ModelConfig& config) {
  config.check();
  const int64_t C = config.channels;
  wte = add("wte.weight", config.padded_vocabulary(), C, Start::kNormal);
  tensors_.back().rows_used = config.vocabulary_size;
  parameters_ -= (config.padded_vocabulary() - config.vocabulary_size) * C;
  wpe = add("wpe.weight", config.length, C, Start::kNormal);
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const std::string h = "h." + std::to_string(layer) + ".";
    BlockOffsets block{};
    block.ln_1_gain = add(h + "ln_1.weight", 1, C, Start::kOnes);
    block.ln_1_bias = add(h + "ln_1.bias", 1, C, Start::kZeros);
    block.qkv_weight = add(h + "attn.c_attn.weight", C, 3 * C, Start::kNormal);
    block.qkv_bias = add(h + "attn.c_attn.bias", 1, 3 * C, Start::kZeros);
    block.attention_projection_weight = add(h + "attn.c_proj.weight", C, C, Start::kResidualNormal);
    block.attention_projection_bias = add(h + "attn.c_proj.bias", 1, C, Start::kZeros);
    block.ln_2_gain = add(h + "ln_2.weight", 1, C, Start::kOnes);
    block.ln_2_bias = add(h + "ln_2.bias", 1, C, Start::kZeros);
    block.fc_weight = add(h + "mlp.c_fc.weight", C, 4 * C, Start::kNormal);
    block.fc_bias = add(h + "mlp.c_fc.bias", 1, 4 * C, Start::kZeros);
    block.projection_weight = add(h + "mlp.c_proj.weight", 4 * C, C, Start::kResidualNormal);
    block.projection_bias = add(h + "mlp.c_proj.bias", 1, C, Start::kZeros);
    blocks_.push_back(block);
  }
  ln_f_gain = add("ln_f.weight", 1, C, Start::kOnes);
  ln_f_bias = add("ln_f.bias", 1, C, Start::kZeros);
}

namespace {

// A stretch of one tensor's elements.
struct Stretch {
  const Tensor* tensor;
  uint64_t stream;
  int64_t begin, end;
};

constexpr int64_t kStretchElements = 1 << 20;

// Every element is a function of its tensor and place alone: who works on it does not matter.
template <typename Real>
void initialise_stretch(const Stretch& stretch, int64_t layers, uint64_t seed, Real* parameters) {
  const Tensor& tensor = *stretch.tensor;
  Real* const out = parameters + tensor.offset;
  const double deviation =
      tensor.start == Start::kResidualNormal ? kDeviation / std::sqrt(2.0 * static_cast<double>(layers)) : kDeviation;
  for (int64_t i = stretch.begin; i < stretch.end; ++i) {
    out[i] = tensor.start == Start::kOnes
                 ? Real(1)
                 : static_cast<Real>(deviation * random_normal(seed, stretch.stream, static_cast<uint64_t>(i)));
  }
}

std::vector<Stretch> stretches_of(const ParameterLayout& layout) {
  std::vector<Stretch> stretches;
  uint64_t stream = 0;
  for (const Tensor& tensor : layout.tensors()) {
    ++stream;
    if (tensor.start == Start::kZeros) continue;
    const int64_t n = tensor.rows_used * tensor.columns;
    for (int64_t at = 0; at < n; at += kStretchElements)
      stretches.push_back({&tensor, stream, at, std::min(n, at + kStretchElements)});
  }
  return stretches;
}

}  // namespace

template <typename Real>
void initialise(const ParameterLayout& layout, int64_t layers, uint64_t seed, std::vector<Real>& parameters) {
  parameters.assign(static_cast<size_t>(layout.size()), Real(0));
  const std::vector<Stretch> stretches = stretches_of(layout);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < stretches.size(); i = next++)
      initialise_stretch(stretches[i], layers, seed, parameters.data());
  };
  std::vector<std::thread> helpers;
  const size_t threads =
      std::min<size_t>(std::thread::hardware_concurrency(), static_cast<size_t>(layout.size() / kStretchElements));
  for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
}

template void initialise(const ParameterLayout&, int64_t, uint64_t, std::vector<float>&);
template void initialise(const ParameterLayout&, int64_t, uint64_t, std::vector<double>&);

}  // namespace ftok
