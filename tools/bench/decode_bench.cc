// How fast a model of random weights gives tokens one by one on the CPU, by how its weights are held. The types take
// turns; a line of JSON for each has the median of the rounds, and the ratio to fp32.
//   ftok_decode_bench LAYERS HEADS CHANNELS VOCABULARY THREADS TOKENS ROUNDS
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tools/bench/cpu_time.h"
#include "trainer/sample.h"

namespace {

struct Times {
  std::vector<double> wall, cpu;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    fmt::print(stderr, "usage: ftok_decode_bench LAYERS HEADS CHANNELS VOCABULARY THREADS TOKENS ROUNDS\n");
    return 2;
  }
  int64_t n[7];
  for (int i = 0; i < 7; ++i) n[i] = std::atoll(argv[i + 1]);
  const int64_t tokens = std::max<int64_t>(1, n[5]);
  const ftok::ModelConfig config{n[0], n[1], n[2], tokens, n[3]};
  const ftok::ParameterLayout layout(config);
  std::vector<float> parameters(static_cast<size_t>(layout.size()));
  ftok::initialise<float>(layout, config.layers, 1, parameters);
  const auto& names = ftok::weight_type_names();
  std::vector<std::unique_ptr<ftok::TokenPredictor>> decoders;
  for (const std::string& name : names) {
    decoders.push_back(
        ftok::make_cpu_decoder(config, parameters, static_cast<int>(n[4]), ftok::parse_weight_type(name)));
  }
  std::vector<Times> times(names.size());
  for (int64_t round = 0; round < std::max<int64_t>(1, n[6]); ++round) {
    for (size_t type = 0; type < names.size(); ++type) {
      const uint32_t first = 0;
      decoders[type]->read({&first, 1});
      const double wall = ftok::seconds_of(CLOCK_MONOTONIC), cpu = ftok::process_cpu_seconds();
      for (int64_t t = 1; t < tokens; ++t) decoders[type]->next(static_cast<uint32_t>(t % config.vocabulary_size));
      times[type].wall.push_back((ftok::seconds_of(CLOCK_MONOTONIC) - wall) / static_cast<double>(tokens - 1));
      times[type].cpu.push_back((ftok::process_cpu_seconds() - cpu) / static_cast<double>(tokens - 1));
    }
  }
  for (size_t type = 0; type < names.size(); ++type) {
    fmt::print("{{\"weights\":\"{}\",\"tokens_per_second\":{:.1f},\"cpu_ms_per_token\":{:.3f},\"cpu_ratio\":{:.2f}}}\n",
               names[type], 1 / ftok::median(times[type].wall), 1000 * ftok::median(times[type].cpu),
               ftok::median(times[0].cpu) / ftok::median(times[type].cpu));
  }
  return 0;
}
