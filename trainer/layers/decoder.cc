#include "trainer/layers/decoder.h"

#include <algorithm>
#include <cassert>

namespace ftok {
namespace {

constexpr int64_t kPositionsMin = 1024;  // that the cache begins with; contexts of today are up to a million
constexpr int64_t kRowAlignment = 128;   // elements between arrays (trainer/layers/network.cc)

int64_t aligned(int64_t n) { return (n + kRowAlignment - 1) / kRowAlignment * kRowAlignment; }

}  // namespace

template <typename Real>
Decoder<Real>::Decoder(const ModelConfig& config, Layers<Real>& layers, const Real* parameters)
    : Decoder(config, layers, parameters, 1, std::min(config.length, kPositionsMin)) {}

template <typename Real>
Decoder<Real>::Decoder(const ModelConfig& config, Layers<Real>& layers, const Real* parameters, int64_t sequences,
                       int64_t positions)
    : config_(config),
      layout_(config),
      layers_(layers),
      pass_(config_, layout_, layers),
      cache_row_(2 * config.key_heads() * config.head_channels()),
      cache_(layers.memory()),
      scratch_(layers.memory()),
      statistics_(layers.memory()),
      tokens_(layers.memory()),
      positions_(static_cast<size_t>(sequences)) {
  pass_.set_parameters(parameters);
  reserve_positions(positions);
  make_room(sequences);
}

template <typename Real>
void Decoder<Real>::make_room(int64_t rows) {
  if (rows_ >= rows) return;
  rows_ = rows;
  const Extent e = extent_of(config_, rows, 1);
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

// More room for keys and values, of a single sequence: twice as much, what is there moves over.
template <typename Real>
void Decoder<Real>::reserve_positions(int64_t positions) {
  if (positions <= capacity_) return;
  assert(capacity_ == 0 || positions_.size() == 1);
  const int64_t before = capacity_, kept = positions_[0] * cache_row_;
  std::vector<Real> old(static_cast<size_t>(config_.layers * kept));
  for (int64_t layer = 0; layer < config_.layers && kept > 0; ++layer)
    layers_.memory().read(old.data() + layer * kept, cache(layer), static_cast<size_t>(kept) * sizeof(Real));
  capacity_ = std::min(config_.length, std::max(positions, 2 * before));
  cache_.resize(positions_.size() * static_cast<size_t>(config_.layers * capacity_ * cache_row_));
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
  const int64_t position = positions_[0];
  assert(R >= 1 && position + R <= config_.length && (R == 1 || position == 0));
  assert(*std::max_element(tokens.begin(), tokens.end()) < static_cast<uint64_t>(config_.vocabulary_size));
  reserve_positions(position + R);
  const Extent extent = extent_of(config_, 1, R);
  layers_.memory().write(tokens_.data(), tokens.data(), tokens.size_bytes());
  pass_.embed(block_.out, tokens_.data(), position, extent);
  pass_.norm(0, block_.norm_1, block_.out, R);
  for (int64_t layer = 0; layer < config_.layers; ++layer) {
    pass_.forward(layer, block_.out, block_, sum_, position, extent, [&](const BlockActivations<Real>& a) {
      layers_.keep_keys_values(cache(layer), a.heads, position, extent);
      if (R == 1) {
        layers_.decode_attention(a.attention, a.heads, cache(layer), position, extent);
      } else {
        layers_.attention_forward(a.attention, a.log_sum, a.heads, nullptr, extent);
      }
    });
    pass_.finish(layer, block_, sum_, block_.norm_1, R);
  }
  positions_[0] += R;
  return logits_of(R - 1, 1);
}

template <typename Real>
std::span<const float> Decoder<Real>::logits_of(int64_t first_row, int64_t R) {
  logits_.resize(static_cast<size_t>(R * config_.vocabulary_size));
  layers_.logits(logits_.data(), block_.norm_1.out + first_row * config_.channels, pass_.weight(layout_.head), R,
                 config_.vocabulary_size, config_.channels);
  return logits_;
}

// Rows of sequences at positions of their own: those turn queries and keys here, row by row.
template <typename Real>
void Decoder<Real>::attend_each(int64_t layer, const BlockActivations<Real>& a, std::span<const int64_t> sequences) {
  const Extent one = extent_of(config_, 1, 1);
  for (size_t r = 0; r < sequences.size(); ++r) {
    const int64_t sequence = sequences[r], position = positions_[static_cast<size_t>(sequence)];
    Real* const heads = a.heads + static_cast<int64_t>(r) * one.qkv_channels();
    pass_.turn(heads, false, position, one);
    layers_.keep_keys_values(cache(layer, sequence), heads, position, one);
    layers_.decode_attention(a.attention + static_cast<int64_t>(r) * one.attention_channels(), heads,
                             cache(layer, sequence), position, one);
  }
}

template <typename Real>
std::span<const float> Decoder<Real>::next_of(std::span<const int64_t> sequences, std::span<const uint32_t> tokens,
                                              bool wants_logits) {
  const int64_t R = static_cast<int64_t>(tokens.size());
  assert(R >= 1 && R <= rows_ && sequences.size() == tokens.size());
  layers_.memory().write(tokens_.data(), tokens.data(), tokens.size_bytes());
  const Extent one = extent_of(config_, 1, 1), all = extent_of(config_, R, 1);
  for (int64_t r = 0; r < R; ++r) {
    const int64_t position = positions_[static_cast<size_t>(sequences[static_cast<size_t>(r)])];
    assert(position < capacity_);
    pass_.embed(block_.out + r * config_.channels, tokens_.data() + r, position, one);
  }
  pass_.norm(0, block_.norm_1, block_.out, R);
  for (int64_t layer = 0; layer < config_.layers; ++layer) {
    // At position 0 the pass itself turns by no angle.
    pass_.forward(layer, block_.out, block_, sum_, 0, all,
                  [&](const BlockActivations<Real>& a) { attend_each(layer, a, sequences); });
    pass_.finish(layer, block_, sum_, block_.norm_1, R);
  }
  for (const int64_t sequence : sequences) ++positions_[static_cast<size_t>(sequence)];
  return wants_logits ? logits_of(0, R) : std::span<const float>();
}

template <typename Real>
void Decoder<Real>::copy_sequence(int64_t from, int64_t to) {
  const int64_t positions = positions_[static_cast<size_t>(from)];
  std::vector<Real> read(static_cast<size_t>(positions * cache_row_));
  const size_t bytes = read.size() * sizeof(Real);
  for (int64_t layer = 0; layer < config_.layers && bytes > 0; ++layer) {
    layers_.memory().read(read.data(), cache(layer, from), bytes);
    layers_.memory().write(cache(layer, to), read.data(), bytes);
  }
  positions_[static_cast<size_t>(to)] = positions;
}

template class Decoder<float>;
template class Decoder<Bf16>;

}  // namespace ftok
