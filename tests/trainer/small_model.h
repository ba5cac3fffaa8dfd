// A tiny model and batches for it, made from a seed.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "trainer/cpu/cpu_layers.h"
#include "trainer/layers/network.h"
#include "trainer/loader.h"
#include "trainer/random.h"

namespace ftok::testing {

inline ModelConfig small_config() { return {2, 4, 32, 8, 61}; }

inline Batch random_batch(const ModelConfig& config, int64_t B, uint64_t seed) {
  Batch batch;
  batch.B = B, batch.T = config.length;
  const auto id = [&](uint64_t i) {
    return static_cast<uint32_t>(random_bits(seed, 7, i) % static_cast<uint64_t>(config.vocabulary_size));
  };
  for (int64_t i = 0; i < B * config.length; ++i) {
    batch.tokens.push_back(id(static_cast<uint64_t>(2 * i)));
    batch.targets.push_back(id(static_cast<uint64_t>(2 * i + 1)));
  }
  return batch;
}

// n normal numbers.
template <typename Real>
std::vector<Real> random_numbers(int64_t n, uint64_t stream, double deviation = 1) {
  std::vector<Real> numbers;
  for (int64_t i = 0; i < n; ++i) {
    numbers.push_back(static_cast<Real>(deviation * random_normal(3, stream, static_cast<uint64_t>(i))));
  }
  return numbers;
}

// A copy of an array of a network.
template <typename Real>
std::vector<Real> vector_of(const MemoryArray<Real>& array) {
  return {array.begin(), array.end()};
}

// Layers and a network on them, with weights large enough that every part of the model matters.
template <typename Real>
struct SmallModel {
  explicit SmallModel(const ModelConfig& config = small_config(), int threads = 1)
      : layers(make_cpu_layers<Real>(threads)), network(config, *layers) {
    initialise<Real>(network.layout(), config.layers, 11, network.parameters());
    uint64_t stream = 100;
    for (const Tensor& tensor : network.layout().tensors()) {
      ++stream;
      const double deviation = tensor.decays ? 0.15 : 0.1;
      for (int64_t i = 0; i < tensor.rows_used * tensor.columns; ++i) {
        const double noise = deviation * random_normal(5, stream, static_cast<uint64_t>(i));
        network.parameters()[static_cast<size_t>(tensor.offset + i)] += static_cast<Real>(noise);
      }
    }
  }
  std::unique_ptr<Layers<Real>> layers;
  Network<Real> network;
};

// The norm of the difference of two gradients over the norm of the first.
template <typename A, typename B>
double relative_difference(const A& expected, const B& got) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto value = static_cast<double>(expected[i]);
    difference += std::pow(value - static_cast<double>(got[i]), 2);
    norm += value * value;
  }
  return std::sqrt(difference / norm);
}

}  // namespace ftok::testing
