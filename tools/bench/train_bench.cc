// The speed of a training step on the CPU, without files: random weights and tokens, forward, backward, clipping,
// AdamW. Prints one JSON line: tokens per second of wall time and of CPU time, from the median step.
//   ftok_train_bench LAYERS HEADS CHANNELS LENGTH VOCABULARY BATCH THREADS STEPS
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "tools/bench/cpu_time.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/layers/network.h"
#include "trainer/random.h"
#include "trainer/training/optimizer.h"

int main(int argc, char** argv) {
  if (argc != 9) {
    fmt::print(stderr, "usage: ftok_train_bench LAYERS HEADS CHANNELS LENGTH VOCABULARY BATCH THREADS STEPS\n");
    return 2;
  }
  int64_t n[8];
  for (int i = 0; i < 8; ++i) n[i] = std::atoll(argv[i + 1]);
  const ftok::ModelConfig config{n[0], n[1], n[2], n[3], n[4]};
  const int64_t B = n[5], steps = n[7], size = B * config.length;
  const auto layers = ftok::make_cpu_layers<float>(static_cast<int>(n[6]));
  ftok::Network<float> network(config, *layers);
  ftok::initialise<float>(network.layout(), config.layers, 1, network.parameters());
  ftok::AdamW<float> optimizer(network.layout(), ftok::OptimizerOptions{}, *layers);
  std::vector<uint32_t> tokens;
  for (int64_t i = 0; i < size + 1; ++i) {
    tokens.push_back(
        static_cast<uint32_t>(ftok::random_bits(1, 1, static_cast<uint64_t>(i)) % static_cast<uint64_t>(n[4])));
  }
  ftok::BatchView batch;
  batch.B = B, batch.T = config.length, batch.tokens = tokens.data(), batch.targets = tokens.data() + 1;
  std::vector<double> wall, cpu;
  double loss = 0;
  for (int64_t step = 1; step <= steps; ++step) {
    const double wall_start = ftok::seconds_of(CLOCK_MONOTONIC), cpu_start = ftok::process_cpu_seconds();
    network.clear_gradients();
    loss = network.accumulate_gradients(batch, 1 / static_cast<double>(size)) / static_cast<double>(size);
    optimizer.update(network.parameters(), network.gradients(), step, 6e-4, optimizer.norm(network.gradients()));
    wall.push_back(ftok::seconds_of(CLOCK_MONOTONIC) - wall_start);
    cpu.push_back(ftok::process_cpu_seconds() - cpu_start);
  }
  const double count = static_cast<double>(size);
  fmt::print(
      "{{\"tokens_per_second\":{:.1f},\"tokens_per_cpu_second\":{:.1f},\"step_seconds\":{:.4f},\"cpu_seconds\":{:.4f},"
      "\"loss\":{:.4f},\"parameters\":{}}}\n",
      count / ftok::median(wall), count / ftok::median(cpu), ftok::median(wall), ftok::median(cpu), loss,
      network.layout().parameters());
  return 0;
}
