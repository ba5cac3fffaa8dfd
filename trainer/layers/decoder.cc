#include "trainer/layers/decoder.h"

#include <algorithm>
#include <cassert>

namespace ftok {
namespace {

constexpr int64_t kPositionsMin = 1024;  // that the cache begins with; contexts of today are up to a million
constexpr int64_t kAlignment = 128;      // elements between arrays (trainer/layers/network.cc)

int64_t aligned(int64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

template <typename Real>
Decoder<Real>::Decoder(const ModelConfig& config, Layers<Real>& layers, const Real* parameters)
    : config_(config),
      layout_(config),
      layers_(layers),
      pass_(config_, layout_, layers),
      cache_row_(2 * config.key_heads() * config.head_channels()),
      cache_(layers.memory()),
      scratch_(layers.memory()),
      statistics_(layers.memory()),
      tokens_(layers.memory()),
      logits_(static_cast<size_t>(config.vocabulary_size)) {
  pass_.set_parameters(parameters);
  reserve_positions(std::min(config.length, kPositionsMin));
  make_room(1);
}

template <typename Real>
void Decoder<Real>::make_room(int64_t rows) {
  if (rows_ >= rows) return;
  rows_ = rows;
  const Extent e = extent_of(config_, 1, rows);
  BlockActivations<Real>& a = block_;
  const std::vector<std::pair<Real**, int64_t>> arrays = {{&a.norm_1.out, e.C},
                                                          {&a.qkv, e.qkv_channels()},
                                                          {&a.heads, config_.qk_norm ? e.qkv_channels() : 0},
                                                          {&a.attention, e.attention_channels()},
                                                          {&a.middle, e.C},
                                                          {&a.norm_2.out, e.C},
                                                          {&a.fc, config_.fc_channels()},
                                                          {&a.inner, config_.inner_channels()},
                                                          {&a.out, e.C},
                                                          {&sum_, e.C}};
  const std::vector<std::pair<Sum**, int64_t>> statistics = {
      {&a.norm_1.mean, 1}, {&a.norm_1.rstd, 1}, {&a.qk_rstd, e.H + e.key_heads()}, {&a.log_sum, e.H}};
  const auto lay_out = [&](auto& memory, const auto& pieces) {
    int64_t size = 0, at = 0;
    for (const auto& [pointer, width] : pieces) size += aligned(rows * width);
    memory.resize(static_cast<size_t>(size));
    for (const auto& [pointer, width] : pieces) {
      *pointer = memory.data() + at;
      at += aligned(rows * width);
    }
  };
  lay_out(scratch_, arrays), lay_out(statistics_, statistics);
  if (!config_.qk_norm) a.heads = a.qkv;
  a.norm_2.mean = a.norm_1.mean, a.norm_2.rstd = a.norm_1.rstd;  // nobody reads them
  tokens_.resize(static_cast<size_t>(rows));
}

// More room for keys and values: twice as much, what is there moves over.
template <typename Real>
void Decoder<Real>::reserve_positions(int64_t positions) {
  if (positions <= capacity_) return;
  const int64_t before = capacity_, kept = position_ * cache_row_;
  std::vector<Real> old(static_cast<size_t>(config_.layers * kept));
  for (int64_t layer = 0; layer < config_.layers && kept > 0; ++layer)
    layers_.memory().read(old.data() + layer * kept, cache(layer), static_cast<size_t>(kept) * sizeof(Real));
  capacity_ = std::min(config_.length, std::max(positions, 2 * before));
  cache_.resize(static_cast<size_t>(config_.layers * capacity_ * cache_row_));
  for (int64_t layer = 0; layer < config_.layers && kept > 0; ++layer)
    layers_.memory().write(cache(layer), old.data() + layer * kept, static_cast<size_t>(kept) * sizeof(Real));
  pass_.reserve(capacity_);
}

template <typename Real>
std::span<const float> Decoder<Real>::read(std::span<const uint32_t> tokens) {
  reset();
  make_room(static_cast<int64_t>(tokens.size()));
  return forward(tokens);
}

// Several tokens at once begin at position 0.
template <typename Real>
std::span<const float> Decoder<Real>::forward(std::span<const uint32_t> tokens) {
  const int64_t R = static_cast<int64_t>(tokens.size());
  assert(R >= 1 && position_ + R <= config_.length && (R == 1 || position_ == 0));
  assert(*std::max_element(tokens.begin(), tokens.end()) < static_cast<uint64_t>(config_.vocabulary_size));
  reserve_positions(position_ + R);
  const Extent extent = extent_of(config_, 1, R);
  layers_.memory().write(tokens_.data(), tokens.data(), tokens.size_bytes());
  pass_.embed(block_.out, tokens_.data(), position_, extent);
  pass_.norm(0, block_.norm_1, block_.out, R);
  for (int64_t layer = 0; layer < config_.layers; ++layer) {
    pass_.forward(layer, block_.out, block_, sum_, position_, extent, [&](const BlockActivations<Real>& a) {
      layers_.keep_keys_values(cache(layer), a.heads, position_, extent);
      if (R == 1) {
        layers_.decode_attention(a.attention, a.heads, cache(layer), position_, extent);
      } else {
        layers_.attention_forward(a.attention, a.log_sum, a.heads, nullptr, extent);
      }
    });
    pass_.finish(layer, block_, sum_, block_.norm_1, R);
  }
  position_ += R;
  layers_.logits(logits_.data(), block_.norm_1.out + (R - 1) * config_.channels, pass_.weight(layout_.head),
                 config_.vocabulary_size, config_.channels);
  return logits_;
}

template class Decoder<float>;
template class Decoder<Bf16>;

}  // namespace ftok
