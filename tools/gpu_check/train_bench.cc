// How fast a step of training is on a GPU: `train_bench [--seconds S] [--settings sizes|choices] [--budget S]`. GPT-2
// at four sizes with T = 1024 and 524,288 tokens a step, and what can be chosen tried both ways at 124M; one JSON
// object a line. A setting begins only where as much of the budget is left as the slowest so far took; the others are
// named as skipped. Tokens are made up (Zipf's law, so that the encoder's backward pass sees frequent tokens), weights
// too: neither changes the work.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "trainer/cuda/cublaslt_matmul.h"
#include "trainer/cuda/cudnn_attention.h"
#include "trainer/cuda/device_trainer.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr int64_t kTokensPerStep = 524288, kLength = 1024, kVocabulary = 50257;
// Peaks in bfloat16 that MFU is given against: an H200's datasheet, and a matrix product of 8192^3 measured on one.
constexpr double kDatasheetTeraflops = 989, kMeasuredTeraflops = 788;

struct Setting {
  std::string name, what;
  ModelConfig model;
  int64_t micro_batch = 64;
  DeviceTrainerOptions options;
  bool cudnn = true;
  bool choice = false;  // what can be chosen, at 124M; else a size
};

struct Arguments {
  double seconds = 4, budget = 1e9;
  std::string settings;  // "sizes", "choices"; empty: all
};

struct Tokens {
  std::vector<uint32_t> tokens, targets;
};

// The rank of token r is drawn with probability in proportion to 1 / r: ranks are V^u with u uniform.
Tokens make_tokens(int64_t n, uint64_t seed) {
  Tokens made;
  for (int64_t i = 0; i <= n; ++i) {
    const double u = random_uniform(seed, 1, static_cast<uint64_t>(i));
    const uint32_t token =
        static_cast<uint32_t>(std::min<double>(kVocabulary - 1, std::pow(static_cast<double>(kVocabulary), u) - 1));
    if (i < n) made.tokens.push_back(token);
    if (i > 0) made.targets.push_back(token);
  }
  return made;
}

// llm.c's count: 6 N + 6 L C T.
double flops_per_token(const ModelConfig& m, int64_t parameters) {
  return 6.0 * static_cast<double>(parameters) + 6.0 * static_cast<double>(m.layers * m.channels * m.length);
}

void bench(Device& device, const Setting& setting, double seconds) {
  const std::unique_ptr<TunedMatmul> matmul = make_cublaslt_matmul(device);
  const std::unique_ptr<AttentionPlans> cudnn = setting.cudnn ? make_cudnn_attention(device) : nullptr;
  if (setting.cudnn && !cudnn) {
    std::printf("{\"model\":\"%s\",\"what\":\"%s\",\"skipped\":\"no cuDNN attention in this build\"}\n",
                setting.name.c_str(), setting.what.c_str());
    return;
  }
  cuda::DeviceTrainer trainer(device, *matmul, cudnn.get(), setting.model, setting.options);
  const ParameterLayout& layout = trainer.layout();
  TrainerState state;
  initialise(layout, setting.model.layers, 1, state.parameters);
  state.first_moments.resize(state.parameters.size());
  state.second_moments.resize(state.parameters.size());
  trainer.load(state, 0);
  const int64_t B = setting.micro_batch, count = kTokensPerStep / (B * kLength);
  const Tokens tokens = make_tokens(B * kLength, 1);
  const BatchView view{B, kLength, tokens.tokens.data(), tokens.targets.data(), nullptr, nullptr};
  const auto step = [&](int64_t number) {
    trainer.zero_gradients();
    for (int64_t i = 0; i < count; ++i) trainer.add_gradients(view, 1.0 / kTokensPerStep);
    const double loss = trainer.take_loss() / kTokensPerStep;
    trainer.update(number, 1e-4, trainer.norm());
    return loss;
  };
  double loss = 0, best = INFINITY, total = 0;
  loss = step(1);  // chooses algorithms, records the graph
  step(2);
  device.synchronize();
  int64_t steps = 0;
  while (steps < 2 || total < seconds) {
    const auto begin = std::chrono::steady_clock::now();
    loss = step(3 + steps++);
    device.synchronize();
    const double time = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    best = std::min(best, time), total += time;
  }
  const double rate = kTokensPerStep * static_cast<double>(steps) / total;
  const double teraflops = rate * flops_per_token(setting.model, layout.parameters()) / 1e12;
  std::printf(
      "{\"model\":\"%s\",\"what\":\"%s\",\"micro_batch\":%lld,\"steps\":%lld,\"tokens_per_second\":%.0f,\"best\":%.0f,"
      "\"teraflops\":%.1f,\"mfu_of_datasheet\":%.3f,\"mfu_of_measured\":%.3f,\"loss\":%.4f,\"free_gb\":%.1f}\n",
      setting.name.c_str(), setting.what.c_str(), static_cast<long long>(B), static_cast<long long>(steps), rate,
      kTokensPerStep / best, teraflops, teraflops / kDatasheetTeraflops, teraflops / kMeasuredTeraflops, loss,
      static_cast<double>(device.free_bytes()) / 1e9);
  std::fflush(stdout);
}

std::vector<Setting> settings() {
  const ModelConfig small{12, 12, 768, kLength, kVocabulary}, medium{24, 16, 1024, kLength, kVocabulary};
  const ModelConfig large{36, 20, 1280, kLength, kVocabulary}, huge{48, 25, 1600, kLength, kVocabulary};
  std::vector<Setting> all = {{"124M", "default", small, 64, {}, true, false},
                              {"350M", "default", medium, 32, {}, true, false},
                              {"774M", "default", large, 16, {}, true, false},
                              {"1558M", "default", huge, 16, {}, true, false},
                              {"124M", "own attention", small, 64, {}, false, true}};
  Setting other{"124M", "", small, 64, {}, true, true};
  const auto add = [&](const char* what, const auto& change) {
    Setting setting = other;
    setting.what = what;
    change(setting);
    all.push_back(setting);
  };
  add("no fused bias", [](Setting& s) { s.options.fusion.bias = false; });
  add("no fused GELU", [](Setting& s) { s.options.fusion.gelu = false; });
  add("no fused GELU gradient", [](Setting& s) { s.options.fusion.gelu_gradient = false; });
  add("no fused bias gradient", [](Setting& s) { s.options.fusion.bias_gradient = false; });
  add("no graphs", [](Setting& s) { s.options.graphs = false; });
  add("recompute GELU", [](Setting& s) { s.options.recompute = Recompute::kGelu; });
  add("recompute blocks", [](Setting& s) { s.options.recompute = Recompute::kBlocks; });
  add("micro-batch 32", [](Setting& s) { s.micro_batch = 32; });
  return all;
}

void run(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  const Clock::time_point start = Clock::now();
  double slowest = 0;
  for (const Setting& setting : settings()) {
    if (!arguments.settings.empty() && setting.choice != (arguments.settings == "choices")) continue;
    if (arguments.budget - since(start) < slowest) {
      std::printf("{\"model\":\"%s\",\"what\":\"%s\",\"skipped\":\"no time left\"}\n", setting.name.c_str(),
                  setting.what.c_str());
      continue;
    }
    const Clock::time_point begin = Clock::now();
    try {
      const std::unique_ptr<Device> device = make_cuda_device(0);
      bench(*device, setting, arguments.seconds);
    } catch (const Error& error) {  // one that does not fit is no reason to leave the others out
      std::printf("{\"model\":\"%s\",\"what\":\"%s\",\"failed\":\"%s\"}\n", setting.name.c_str(), setting.what.c_str(),
                  error.what());
    }
    std::fflush(stdout);
    slowest = std::max(slowest, since(begin));
  }
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--seconds") arguments.seconds = std::atof(argv[i + 1]);
    if (flag == "--budget") arguments.budget = std::atof(argv[i + 1]);
    if (flag == "--settings") arguments.settings = argv[i + 1];
  }
  return arguments;
}

}  // namespace
}  // namespace ftok

int main(int argc, char** argv) {
  try {
    if (const std::string problem = ftok::cuda_problem(); !problem.empty()) throw ftok::Error(problem);
    ftok::run(ftok::parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
