// Muon against its equations written down once more, in double and one matrix at a time; ranges; and runs with it.
#include "trainer/training/muon.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "core/file.h"
#include "shards/format.h"
#include "tests/support/test_data.h"
#include "tests/trainer/small_model.h"
#include "trainer/checkpoint.h"
#include "trainer/train.h"

namespace ftok {
namespace {

using Rows = std::vector<std::vector<double>>;

Rows product(const Rows& a, const Rows& b) {
  Rows out(a.size(), std::vector<double>(b[0].size()));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t k = 0; k < b.size(); ++k) {
      for (size_t j = 0; j < b[0].size(); ++j) out[i][j] += a[i][k] * b[k][j];
    }
  }
  return out;
}

Rows turned(const Rows& a) {
  Rows out(a[0].size(), std::vector<double>(a.size()));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a[0].size(); ++j) out[j][i] = a[i][j];
  }
  return out;
}

Rows sum(double x, const Rows& a, double y, const Rows& b) {
  Rows out = a;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a[0].size(); ++j) out[i][j] = x * a[i][j] + y * b[i][j];
  }
  return out;
}

// Newton and Schulz as Jordan et al. have it: a tall matrix is turned first.
Rows orthogonal(Rows x) {
  if (x.size() > x[0].size()) return turned(orthogonal(turned(x)));
  double squares = 0;
  for (const std::vector<double>& row : x) {
    for (const double value : row) squares += value * value;
  }
  x = sum(1 / std::max(1e-7, std::sqrt(squares)), x, 0, x);
  for (int step = 0; step < 5; ++step) {
    const Rows a = product(x, turned(x));
    x = sum(3.4445, x, 1, product(sum(-4.7750, a, 2.0315, product(a, a)), x));
  }
  return x;
}

// The columns [begin, end) of a tensor.
Rows columns_of(const std::vector<double>& flat, const Tensor& tensor, int64_t begin, int64_t end) {
  Rows rows;
  for (int64_t r = 0; r < tensor.rows; ++r) {
    const auto row = flat.begin() + tensor.offset + r * tensor.columns;
    rows.emplace_back(row + begin, row + end);
  }
  return rows;
}

// Muon of every matrix in a model, slowly.
struct SlowMuon {
  std::vector<double> momentum;

  void update(const ParameterLayout& layout, const OptimizerOptions& options, std::vector<double>& parameters,
              const std::vector<double>& gradients, double rate, double norm) {
    momentum.resize(parameters.size());
    const double b = options.muon_momentum, scale = std::min(1.0, options.clip_norm / (norm + 1e-6));
    for (const Tensor& tensor : layout.tensors()) {
      int64_t begin = 0;
      for (const int64_t columns : tensor.maps) {
        const Rows g = columns_of(gradients, tensor, begin, begin + columns);
        const Rows m = sum(b, columns_of(momentum, tensor, begin, begin + columns), (1 - b) * scale, g);
        const Rows o = orthogonal(sum((1 - b) * scale, g, b, m));
        const double size = rate * options.muon_rate * 0.2 * std::sqrt(std::max(tensor.rows, columns));
        for (int64_t r = 0; r < tensor.rows; ++r) {
          for (int64_t c = 0; c < columns; ++c) {
            const size_t at = static_cast<size_t>(tensor.offset + r * tensor.columns + begin + c);
            momentum[at] = m[static_cast<size_t>(r)][static_cast<size_t>(c)];
            parameters[at] = parameters[at] * (1 - rate * options.weight_decay) -
                             size * o[static_cast<size_t>(r)][static_cast<size_t>(c)];
          }
        }
        begin += columns;
      }
    }
  }
};

OptimizerOptions muon_options() {
  OptimizerOptions options;
  options.matrices = "muon", options.muon_rate = 1.5, options.clip_norm = 20;
  return options;
}

// Fewer heads of keys than of queries, and gate and up in one matrix.
ModelConfig swiglu_config() {
  ModelConfig config = testing::small_config();
  config.mlp = "swiglu", config.mlp_channels = 40, config.kv_heads = 2;
  return config;
}

template <typename Real>
double distance_from_slow_muon(const ModelConfig& config) {
  const ParameterLayout layout(config);
  const auto layers = make_cpu_layers<Real>(1);
  const OptimizerOptions options = muon_options();
  std::vector<Real> momentum(static_cast<size_t>(layout.size())),
      parameters = testing::random_numbers<Real>(layout.size(), 1);
  std::vector<double> expected(parameters.begin(), parameters.end());
  Muon<Real> muon(layout, options, *layers, {0, layout.size()}, momentum);
  SlowMuon slow;
  for (uint64_t step = 0; step < (testing::kSanitized ? 2 : 3); ++step) {
    std::vector<Real> gradients = testing::random_numbers<Real>(layout.size(), 10 + step);
    slow.update(layout, options, expected, {gradients.begin(), gradients.end()}, 0.02, 100);
    muon.direct(gradients, 100);
    muon.update(parameters, gradients, 0.02);
  }
  return testing::relative_difference(expected, parameters);
}

TEST(Muon, FollowsItsEquations) {
  for (const ModelConfig& config : {testing::small_config(), swiglu_config()}) {
    EXPECT_LT(distance_from_slow_muon<double>(config), 1e-13);
    EXPECT_LT(distance_from_slow_muon<float>(config), 1e-6);
  }
}

TEST(Muon, ItsMatricesAreNotAdamWs) {
  const ParameterLayout layout(testing::small_config());
  const auto layers = make_cpu_layers<float>(1);
  std::vector<float> parameters(static_cast<size_t>(layout.size()), 1.0f);
  const std::vector<float> gradients = testing::random_numbers<float>(layout.size(), 2);
  AdamW<float> adamw(layout, muon_options(), *layers);
  adamw.update(parameters, gradients, 1, 0.1, 1);
  for (const Tensor& tensor : layout.tensors()) {
    const bool moved = parameters[static_cast<size_t>(tensor.offset)] != 1.0f;
    EXPECT_EQ(moved, tensor.maps.empty()) << tensor.name;
    EXPECT_TRUE(tensor.maps.empty() || tensor.rows > 1) << tensor.name;
  }
}

// Ranges that cut matrices in two make the bits of the whole.
TEST(Muon, RangesMakeTheWhole) {
  const ParameterLayout layout(swiglu_config());
  const auto layers = make_cpu_layers<float>(1);
  const std::vector<float> gradients = testing::random_numbers<float>(layout.size(), 2);
  std::vector<float> whole = testing::random_numbers<float>(layout.size(), 1), parts = whole, all = gradients,
                     cut = gradients;
  std::vector<float> momentum(whole.size());
  Muon<float> muon(layout, muon_options(), *layers, {0, layout.size()}, momentum);
  muon.direct(all, 5);
  muon.update(whole, all, 0.1);
  for (const bool directs : {true, false}) {
    for (int64_t begin = 0; begin < layout.size(); begin += 1008) {
      const ParameterRange range{begin, std::min(layout.size(), begin + 1008)};
      std::vector<float> own(static_cast<size_t>(range.end - range.begin));
      Muon<float> part(layout, muon_options(), *layers, range, own);
      directs ? part.direct(cut, 5) : part.update(parts, cut, 0.1);
      EXPECT_EQ(own[7], directs ? momentum[static_cast<size_t>(begin + 7)] : 0);
    }
  }
  EXPECT_EQ(all, cut);
  EXPECT_EQ(whole, parts);
}

class Quiet final : public TrainObserver {
 public:
  void on_start(int64_t, int64_t, int64_t, uint64_t) override {}
  void on_step(const StepReport& report, const LossCurve&) override { loss = report.loss; }
  void on_validation(int64_t, double) override {}
  void on_sample(int64_t, const std::vector<uint32_t>&) override {}

  double loss = 0;
};

// `nano`'s equations and optimizer on a small language: stopped and resumed, on one thread and three, the same bits;
// and they learn.
TEST(Muon, RunsResumeToTheSameBits) {
  testing::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "data");
  std::string bytes = encode_shard_header(2, 3000);
  for (int i = 0; i < 3000; ++i) bytes.push_back(static_cast<char>(i * i % 61)), bytes.push_back(0);
  write_file(folder / "data/x_train_0.bin", bytes);
  const auto train_to = [&](const std::string& output, int64_t steps, int64_t threads) {
    TrainRecipe recipe =
        load_train_recipe("nano", {"model.layers=2", "model.heads=2", "model.channels=32", "model.length=8",
                                   "model.vocabulary_size=61", "training.tokens_per_step=64", "run.sample_every=0",
                                   "schedule.warmup_steps=5", "schedule.shape=constant", "vocabulary=''"});
    recipe.run.steps = steps, recipe.run.threads = threads;
    TrainInputs inputs;
    inputs.data = {{folder / "data", 0}};
    inputs.output = folder / output;
    Quiet quiet;
    train(recipe, inputs, quiet, [](LogLevel, const std::string&) {});
    return quiet.loss;
  };
  const auto last = [&](const std::string& output) {
    return *read_latest_checkpoint(folder / (output + "/checkpoints"), [](LogLevel, const std::string&) {});
  };
  const double first = train_to("stopped", 1, 1);
  train_to("stopped", 20, 3);
  EXPECT_LT(train_to("whole", 60, 1), first - 1);
  train_to("stopped", 60, 1);
  EXPECT_EQ(last("whole").parameters, last("stopped").parameters);
  EXPECT_EQ(last("whole").first_moments, last("stopped").first_moments);
}

}  // namespace
}  // namespace ftok
