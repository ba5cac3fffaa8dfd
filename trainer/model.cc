#include "trainer/model.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <numeric>
#include <thread>

#include "core/check_range.h"
#include "core/error.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr int64_t kTensorAlignment = 16;              // elements: a cache line of floats
constexpr int64_t kParametersMax = int64_t{1} << 36;  // 256 GiB of fp32 weights: beyond any machine this runs on
constexpr double kDeviation = 0.02;                   // GPT-2's published code, model.py
constexpr double kLayerNormEpsilon = 1e-5;            // the same, norm(); the layers have no other

}  // namespace

void ModelConfig::visit(OptionVisitor& visitor) {
  visitor.field("layers", layers, "transformer blocks (GPT-2, table 2)");
  visitor.field("heads", heads, "attention heads; divides channels");
  visitor.field("channels", channels, "width of the residual stream");
  visitor.field("length", length, "positions: the longest context, in tokens");
  visitor.field("vocabulary_size", vocabulary_size, "token ids are below it; rows are padded to a multiple of 128");
  visitor.choice("norm", norm, {"layernorm", "rmsnorm"}, "before attention and MLP, and at the end");
  visitor.field("norm_epsilon", norm_epsilon, "added to the variance, or to the mean square; layernorm: 1e-5");
  visitor.choice("positions", positions, {"learned", "rotary"}, "rotary: queries and keys are turned (Su et al. 2021)");
  visitor.field("rope_theta", rope_theta, "rotary: pair i of a head turns by theta^(-2 i / D) per position");
  visitor.choice(
      "rope_scaling", rope_scaling, {"none", "linear", "llama3"},
      "rotary: slower turns, for longer contexts; linear: all by rope_factor; llama3: slow ones (Llama 3.1)");
  visitor.field("rope_factor", rope_factor, "linear and llama3: how much slower");
  visitor.field("rope_low_factor", rope_low_factor,
                "llama3: fewer turns than this in rope_original_length are slowed in full");
  visitor.field("rope_high_factor", rope_high_factor, "llama3: more turns than this are not slowed");
  visitor.field("rope_original_length", rope_original_length, "llama3: positions that turns are counted in");
  visitor.choice("mlp", mlp, {"gelu", "relu2", "swiglu"},
                 "relu2: squared ReLU (So et al. 2021); swiglu: silu(gate) up (Shazeer 2020)");
  visitor.field("mlp_channels", mlp_channels, "inside the MLP; 0: 4 channels");
  visitor.field("kv_heads", kv_heads, "heads of keys and values, which groups of heads share; 0: heads");
  visitor.field("head_size", head_size, "channels of a head; 0: channels / heads");
  visitor.field("qkv_bias", qkv_bias, "of queries, keys and values");
  visitor.field("projection_bias", projection_bias, "of attention's output");
  visitor.field("mlp_bias", mlp_bias, "of the MLP's linear layers");
  visitor.field("qk_norm", qk_norm, "RMSNorm of each head's queries and keys, before they are turned");
  visitor.field("tied_head", tied_head, "the output head is the token embedding");
  visitor.field("score_head", score_head,
                "a reward model: a linear map of what the last norm gives to one number (Stiennon et al. 2020)");
  visitor.field("window", window, "a position sees that many, its own included; 0: all before it");
}

bool ModelConfig::is_gpt2() const {
  ModelConfig sizes;
  sizes.layers = layers, sizes.heads = heads, sizes.channels = channels, sizes.length = length;
  sizes.vocabulary_size = vocabulary_size;
  return canonical() == sizes;
}

ModelConfig ModelConfig::canonical() const {
  const ModelConfig defaults;
  ModelConfig c = *this;
  if (c.mlp_channels == 4 * channels) c.mlp_channels = 0;
  if (c.kv_heads == heads) c.kv_heads = 0;
  if (channels % heads == 0 && c.head_size == channels / heads) c.head_size = 0;
  if (c.window >= length) c.window = 0;
  if (!has_rotary()) c.rope_theta = defaults.rope_theta, c.rope_scaling = "none";
  if (c.rope_scaling == "none") c.rope_factor = defaults.rope_factor;
  if (c.rope_scaling != "llama3") {
    c.rope_low_factor = defaults.rope_low_factor, c.rope_high_factor = defaults.rope_high_factor;
    c.rope_original_length = defaults.rope_original_length;
  }
  return c;
}

void ModelConfig::check() const {
  check_range("model.layers", layers, 1, 1000);
  check_range("model.heads", heads, 1, 1000);
  check_range("model.channels", channels, 1, 1 << 17);
  check_range("model.length", length, 1, 1 << 20);
  check_range("model.vocabulary_size", vocabulary_size, 1, 1 << 24);
  check_range("model.norm_epsilon", norm_epsilon, 1e-12, 1);
  check_range("model.rope_theta", rope_theta, 1, 1e12);
  check_range("model.rope_factor", rope_factor, 1, 1e6);
  check_range("model.rope_low_factor", rope_low_factor, 1e-6, 1e6);
  check_range("model.rope_high_factor", rope_high_factor, 1e-6, 1e6);
  check_range("model.rope_original_length", rope_original_length, 1, 1 << 20);
  check_range("model.mlp_channels", mlp_channels, 0, 1 << 20);
  check_range("model.kv_heads", kv_heads, 0, 1000);
  check_range("model.head_size", head_size, 0, 1 << 16);
  check_range("model.window", window, 0, 1 << 30);
  const auto refuse = [](const char* key, int64_t value, const std::string& expected) {
    throw UsageError(std::string(key) + " = " + std::to_string(value) + ": expected " + expected);
  };
  if (head_size == 0 && channels % heads != 0)
    refuse("model.channels", channels, "a multiple of model.heads = " + std::to_string(heads));
  if (heads % key_heads() != 0)
    refuse("model.kv_heads", kv_heads, "a divisor of model.heads = " + std::to_string(heads));
  if (has_rotary() && head_channels() % 2 != 0)
    refuse(head_size > 0 ? "model.head_size" : "model.channels / model.heads", head_channels(),
           "an even number: rotary");
  if (rope_scaling == "llama3" && rope_high_factor <= rope_low_factor)
    throw UsageError("model.rope_high_factor: expected more than model.rope_low_factor");
  if (has_layernorm() && norm_epsilon != kLayerNormEpsilon)
    throw UsageError("model.norm_epsilon: expected 1e-5 with model.norm = \"layernorm\"");
  const double C = static_cast<double>(channels);
  const double parameters =
      static_cast<double>(padded_vocabulary() * (tied_head ? 1 : 2) + (has_rotary() ? 0 : length)) * C +
      static_cast<double>(layers) * C *
          static_cast<double>(qkv_channels() + attention_channels() + fc_channels() + inner_channels());
  if (parameters > static_cast<double>(kParametersMax)) {
    throw UsageError("model: " + std::to_string(static_cast<int64_t>(parameters / 1e9)) +
                     " billion parameters are more than " + std::to_string(kParametersMax));
  }
}

double ModelConfig::flops_per_token() const {
  const ParameterLayout layout(*this);
  const int64_t looked_up = tied_head ? 0 : vocabulary_size;  // rows that no product has
  const double N =
      static_cast<double>(layout.parameters() + (padded_vocabulary() - vocabulary_size - looked_up) * channels);
  const int64_t seen = window > 0 ? std::min(window, length) : length;
  return 6 * N +
         6.0 * static_cast<double>(layers) * static_cast<double>(attention_channels()) * static_cast<double>(seen);
}

ModelConfig llama_124m_model() {
  ModelConfig model{12, 12, 768, 1024, 50257};
  model.norm = "rmsnorm", model.positions = "rotary", model.mlp = "swiglu", model.mlp_channels = 2048;
  model.qkv_bias = model.projection_bias = model.mlp_bias = false;
  return model;
}

int64_t ParameterLayout::add(std::string name, int64_t rows, int64_t columns, Start start) {
  Tensor tensor{
      std::move(name), rows, columns, rows, size_, start, start == Start::kNormal || start == Start::kResidualNormal};
  parameters_ += tensor.size();
  size_ += (tensor.size() + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
  tensors_.push_back(std::move(tensor));
  return tensors_.back().offset;
}

int64_t ParameterLayout::add_matrix(std::string name, int64_t rows, std::vector<int64_t> maps, Start start) {
  const int64_t offset = add(std::move(name), rows, std::accumulate(maps.begin(), maps.end(), int64_t{0}), start);
  tensors_.back().maps = std::move(maps);
  return offset;
}

int64_t ParameterLayout::add_embedding(std::string name, const ModelConfig& config) {
  const int64_t offset = add(std::move(name), config.padded_vocabulary(), config.channels, Start::kNormal);
  tensors_.back().rows_used = config.vocabulary_size;
  parameters_ -= (config.padded_vocabulary() - config.vocabulary_size) * config.channels;
  return offset;
}

BlockOffsets ParameterLayout::add_block(const std::string& h, const ModelConfig& config) {
  const int64_t C = config.channels, W = config.qkv_channels(), A = config.attention_channels();
  const int64_t D = config.head_channels(), F = config.inner_channels(), G = config.fc_channels();
  const int64_t kv = config.key_heads() * D;
  const bool norm_bias = config.has_layernorm();
  const auto vector = [&](bool has, const char* name, int64_t n, Start start) {
    return has ? add(h + name, 1, n, start) : kAbsent;
  };
  BlockOffsets block;
  block.ln_1_gain = add(h + "ln_1.weight", 1, C, Start::kOnes);
  block.ln_1_bias = vector(norm_bias, "ln_1.bias", C, Start::kZeros);
  block.qkv_weight = add_matrix(h + "attn.c_attn.weight", C, {A, kv, kv}, Start::kNormal);
  block.qkv_bias = vector(config.qkv_bias, "attn.c_attn.bias", W, Start::kZeros);
  block.q_norm_gain = vector(config.qk_norm, "attn.q_norm.weight", D, Start::kOnes);
  block.k_norm_gain = vector(config.qk_norm, "attn.k_norm.weight", D, Start::kOnes);
  block.attention_projection_weight = add_matrix(h + "attn.c_proj.weight", A, {C}, Start::kResidualNormal);
  block.attention_projection_bias = vector(config.projection_bias, "attn.c_proj.bias", C, Start::kZeros);
  block.ln_2_gain = add(h + "ln_2.weight", 1, C, Start::kOnes);
  block.ln_2_bias = vector(norm_bias, "ln_2.bias", C, Start::kZeros);
  block.fc_weight =
      add_matrix(h + "mlp.c_fc.weight", C, std::vector<int64_t>(static_cast<size_t>(G / F), F), Start::kNormal);
  block.fc_bias = vector(config.mlp_bias, "mlp.c_fc.bias", G, Start::kZeros);
  block.projection_weight = add_matrix(h + "mlp.c_proj.weight", F, {C}, Start::kResidualNormal);
  block.projection_bias = vector(config.mlp_bias, "mlp.c_proj.bias", C, Start::kZeros);
  return block;
}

ParameterLayout::ParameterLayout(const ModelConfig& config) {
  config.check();
  const int64_t C = config.channels;
  wte = add_embedding("wte.weight", config);
  if (!config.has_rotary()) wpe = add("wpe.weight", config.length, C, Start::kNormal);
  for (int64_t layer = 0; layer < config.layers; ++layer)
    blocks_.push_back(add_block("h." + std::to_string(layer) + ".", config));
  ln_f_gain = add("ln_f.weight", 1, C, Start::kOnes);
  if (config.has_layernorm()) ln_f_bias = add("ln_f.bias", 1, C, Start::kZeros);
  head = config.tied_head ? wte : add_embedding("lm_head.weight", config);
  if (config.score_head) score = add("score.weight", 1, C, Start::kNormal);
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
void initialise(const ParameterLayout& layout, int64_t layers, uint64_t seed, std::span<Real> parameters) {
  assert(static_cast<int64_t>(parameters.size()) == layout.size());
  std::fill(parameters.begin(), parameters.end(), Real(0));
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

template void initialise(const ParameterLayout&, int64_t, uint64_t, std::span<float>);
template void initialise(const ParameterLayout&, int64_t, uint64_t, std::span<double>);

}  // namespace ftok
