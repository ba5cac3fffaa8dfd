// How fast a step of training is on a GPU: `train_bench [--seconds S] [--settings sizes|choices] [--only MODEL]
// [--budget S] [--profile]`. GPT-2 at four sizes and `llama-124m` (Llama's equations at 124M) with T = 1024 and 524,288
// tokens per step, and what can be chosen tried both ways at 124M; one JSON object a line, which says who did
// attention. A setting begins only where as much of the budget is left as the slowest so far took; the others are named
// as skipped. Tokens are made up (Zipf's law, so that the encoder's backward pass sees frequent tokens), weights too:
// neither changes the work. --profile runs one micro-batch, without a graph, between two calls of cudaProfilerStart and
// Stop, for a profiler that begins there.
#include <cuda_profiler_api.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "tools/gpu_check/bench.h"
#include "trainer/cuda/cublaslt_matmul.h"
#include "trainer/cuda/cuda_check.h"
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
  bool cudnn = true, deterministic = true;
  bool choice = false;  // what can be chosen, at 124M; else a size
};

struct Arguments {
  double seconds = 4, budget = 1e9;
  std::string settings;  // "sizes", "choices"; empty: all
  std::string only;      // a size; empty: all
  bool profile = false;
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

// A model in training, and steps of it.
class Trial {
 public:
  Trial(Device& device, const Setting& setting)
      : device_(device),
        matmul_(make_cublaslt_matmul(device)),
        attention_(make_cudnn_attention(device, attention_options(setting))),
        trainer_(device, *matmul_, setting.cudnn ? attention_.get() : nullptr, setting.model, setting.options),
        B_(setting.micro_batch),
        tokens_(make_tokens(setting.micro_batch * kLength, 1)) {
    TrainerState state;
    state.parameters.resize(static_cast<size_t>(trainer_.layout().size()));
    initialise<float>(trainer_.layout(), setting.model.layers, 1, state.parameters);
    trainer_.load(state, 0);
  }

  // Returns the loss; waits for the device.
  double step(int64_t number) {
    const int64_t count = kTokensPerStep / (B_ * kLength);
    trainer_.zero_gradients();
    for (int64_t i = 0; i < count; ++i) add_gradients();
    const double loss = trainer_.take_loss() / kTokensPerStep;
    trainer_.update(number, 1e-4, trainer_.norm());
    device_.synchronize();
    return loss;
  }
  void add_gradients() {
    trainer_.add_gradients({B_, kLength, tokens_.tokens.data(), tokens_.targets.data(), nullptr, nullptr},
                           1.0 / kTokensPerStep);
  }
  std::string attention() const { return attention_->report(); }

 private:
  static AttentionOptions attention_options(const Setting& setting) {
    AttentionOptions options;
    options.deterministic = setting.deterministic;
    return options;
  }

  Device& device_;
  std::unique_ptr<TunedMatmul> matmul_;
  std::unique_ptr<AttentionPlans> attention_;
  cuda::DeviceTrainer trainer_;
  int64_t B_;
  Tokens tokens_;
};

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void bench(Device& device, const Setting& setting, double seconds) {
  const Clock::time_point start = Clock::now();
  Trial trial(device, setting);
  trial.step(1);  // chooses algorithms, records the graph
  trial.step(2);
  const double prepared = since(start);
  double loss = 0, best = INFINITY, total = 0;
  int64_t steps = 0;
  while (steps < 2 || total < seconds) {
    const Clock::time_point begin = Clock::now();
    loss = trial.step(3 + steps++);
    const double time = since(begin);
    best = std::min(best, time), total += time;
  }
  const double rate = kTokensPerStep * static_cast<double>(steps) / total;
  const double teraflops = rate * setting.model.flops_per_token() / 1e12;
  const std::string attention =
      setting.cudnn ? trial.attention() : std::string("attention by ftok's own kernels: as asked");
  std::printf(
      "{\"model\":\"%s\",\"what\":\"%s\",\"micro_batch\":%lld,\"steps\":%lld,\"tokens_per_second\":%.0f,\"best\":%.0f,"
      "\"teraflops\":%.1f,\"mfu_of_datasheet\":%.4f,\"mfu_of_measured\":%.4f,\"loss\":%.4f,\"free_gb\":%.1f,"
      "\"seconds_to_prepare\":%.1f,\"attention\":\"%s\"}\n",
      setting.name.c_str(), setting.what.c_str(), static_cast<long long>(setting.micro_batch),
      static_cast<long long>(steps), rate, kTokensPerStep / best, teraflops, teraflops / kDatasheetTeraflops,
      teraflops / kMeasuredTeraflops, loss, static_cast<double>(device.free_bytes()) / 1e9, prepared,
      bench::quotable(attention).c_str());
  std::fflush(stdout);
}

// The first micro-batch has chosen algorithms and allocated; the second is looked at.
void profile(Device& device, Setting setting) {
  setting.options.graphs = false;
  Trial trial(device, setting);
  trial.add_gradients();
  device.synchronize();
  cuda::check(cudaProfilerStart(), "cannot start a profile");
  trial.add_gradients();
  device.synchronize();
  cuda::check(cudaProfilerStop(), "cannot end a profile");
  std::printf("{\"model\":\"%s\",\"what\":\"profile\",\"attention\":\"%s\"}\n", setting.name.c_str(),
              bench::quotable(trial.attention()).c_str());
}

std::vector<Setting> settings() {
  const ModelConfig small{12, 12, 768, kLength, kVocabulary}, medium{24, 16, 1024, kLength, kVocabulary};
  const ModelConfig large{36, 20, 1280, kLength, kVocabulary}, huge{48, 25, 1600, kLength, kVocabulary};
  std::vector<Setting> all = {{"124M", "default", small, 64, {}},
                              {"350M", "default", medium, 32, {}},
                              {"774M", "default", large, 16, {}},
                              {"1558M", "default", huge, 16, {}},
                              {"llama-124m", "default", llama_124m_model(), 64, {}},
                              {"124M", "own attention", small, 64, {}, false, true, true}};
  const Setting other{"124M", "", small, 64, {}, true, true, true};
  const auto add = [&](const char* what, const auto& change) {
    Setting setting = other;
    setting.what = what;
    change(setting);
    all.push_back(setting);
  };
  add("fused wherever possible", [](Setting& s) { s.options.fusion.timed = false; });
  add("attention not deterministic", [](Setting& s) { s.deterministic = false; });
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

bool is_asked_for(const Setting& setting, const Arguments& arguments) {
  if (!arguments.only.empty() && setting.name != arguments.only) return false;
  return arguments.settings.empty() || setting.choice == (arguments.settings == "choices");
}

// Returns whether all that ran did.
bool run(const Arguments& arguments) {
  const Clock::time_point start = Clock::now();
  double slowest = 0;
  bool passed = true;
  for (const Setting& setting : settings()) {
    if (!is_asked_for(setting, arguments)) continue;
    if (arguments.budget - since(start) < slowest) {
      std::printf("{\"model\":\"%s\",\"what\":\"%s\",\"skipped\":\"no time left\"}\n", setting.name.c_str(),
                  setting.what.c_str());
      continue;
    }
    const Clock::time_point begin = Clock::now();
    try {
      const std::unique_ptr<Device> device = make_cuda_device(0);
      arguments.profile ? profile(*device, setting) : bench(*device, setting, arguments.seconds);
    } catch (const Error& error) {  // one that does not fit is no reason to leave the others out
      passed = false;
      std::printf("{\"model\":\"%s\",\"what\":\"%s\",\"failed\":\"%s\"}\n", setting.name.c_str(), setting.what.c_str(),
                  bench::quotable(error.what()).c_str());
    }
    std::fflush(stdout);
    slowest = std::max(slowest, since(begin));
  }
  return passed;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const char* const value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--profile") {
      arguments.profile = true;
      continue;
    }
    if (flag == "--seconds") arguments.seconds = std::atof(value);
    if (flag == "--budget") arguments.budget = std::atof(value);
    if (flag == "--settings") arguments.settings = value;
    if (flag == "--only") arguments.only = value;
    ++i;
  }
  return arguments;
}

}  // namespace
}  // namespace ftok

int main(int argc, char** argv) {
  try {
    if (const std::string problem = ftok::cuda_problem(); !problem.empty()) throw ftok::Error(problem);
    if (!ftok::run(ftok::parse(argc, argv))) return EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
