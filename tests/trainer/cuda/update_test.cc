// The GPU's classifier, gradient norm and AdamW on the CPU; rounding; and that the shim itself notices what kernels
// must not do.
#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

#include "tests/trainer/cuda/arrays.h"
#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/philox.h"

namespace ftok {
namespace {

using namespace testing;  // NOLINT: all of arrays.h

struct ClassifierShape {
  int64_t rows, V, V_padded;
};

void check_classifier(const ClassifierShape& s, bool masked) {
  SCOPED_TRACE(::testing::Message() << s.rows << " x " << s.V);
  const Bf16s logits = random_bf16(s.rows * s.V_padded, 1, 4, -3);
  std::vector<uint32_t> ids;
  std::vector<uint8_t> mask;
  for (int64_t r = 0; r < s.rows; ++r) {
    ids.push_back(static_cast<uint32_t>(random_bits(1, 1, static_cast<uint64_t>(r)) % static_cast<uint64_t>(s.V)));
    mask.push_back(r % 3 == 1 ? 0 : 1);
  }
  ids[0] = static_cast<uint32_t>(s.V - 1);
  const float scale = 0.25f;
  Floats losses;
  const auto run = [&](bool gradient) {
    Bf16s result = logits;
    losses = unwritten_floats(s.rows);
    shim::classifier_rows(nullptr, {result.data(), losses.data(), ids.data(), masked ? mask.data() : nullptr, s.rows,
                                    s.V, s.V_padded, scale, nullptr, gradient});
    return result;
  };
  const Bf16s dlogits = run_in_every_order([&] { return run(true); });
  Doubles expected(dlogits.size()), expected_losses(losses.size());
  for (int64_t r = 0; r < s.rows; ++r) {
    if (masked && mask[static_cast<size_t>(r)] == 0) continue;
    const auto logit = [&](int64_t v) {
      return static_cast<double>(to_float(logits[static_cast<size_t>(r * s.V_padded + v)]));
    };
    double sum = 0;
    for (int64_t v = 0; v < s.V; ++v) sum += std::exp(logit(v));
    const int64_t target = ids[static_cast<size_t>(r)];
    expected_losses[static_cast<size_t>(r)] = std::log(sum) - logit(target);
    for (int64_t v = 0; v < s.V; ++v) {
      expected[static_cast<size_t>(r * s.V_padded + v)] = scale * (std::exp(logit(v)) / sum - (v == target ? 1 : 0));
    }
  }
  expect_near(dlogits, expected, 0.004, 1e-6, "dlogits");
  const Floats with_gradient = losses;
  expect_near(losses, expected_losses, 1e-5, 1e-5, "losses");
  EXPECT_TRUE(same_bits(run(false), logits));
  EXPECT_TRUE(same_bits(losses, with_gradient));
}

TEST(ShimClassifier, LossesAndGradients) {
  check_classifier({3, 61, 128}, true);
  check_classifier({2, 128, 128}, false);
  check_classifier({2, 5000, 5120}, true);  // more than one vector a thread
  check_classifier({1, 1, 128}, false);
}

// The exponential of 92 is more than a float holds: a row that does not count must not take one.
TEST(ShimClassifier, MaskedRowsWithLargeLogitsHaveNoGradient) {
  for (const float logit : {88.0f, 92.0f, INFINITY}) {
    SCOPED_TRACE(logit);
    const int64_t V = 61, padded = 128;
    Bf16s logits = random_bf16(2 * padded, 1);
    logits[5] = logits[static_cast<size_t>(padded) + 5] = to_bfloat16(logit);
    logits[static_cast<size_t>(padded) + 5] = to_bfloat16(std::min(logit, 92.0f));
    const std::vector<uint32_t> ids = {5, 5};
    const std::vector<uint8_t> mask = {0, 1};
    Floats losses = unwritten_floats(2);
    const Bf16s dlogits = run_in_every_order([&] {
      Bf16s result = logits;
      shim::classifier_rows(nullptr,
                            {result.data(), losses.data(), ids.data(), mask.data(), 2, V, padded, 1, nullptr, true});
      return result;
    });
    EXPECT_EQ(losses[0], 0);
    EXPECT_NEAR(losses[1], 0, 1e-6);
    for (int64_t v = 0; v < padded; ++v) EXPECT_EQ(dlogits[static_cast<size_t>(v)].bits, 0) << v;
    for (const double x : widen(dlogits)) EXPECT_LT(std::abs(x), 1e-6);
  }
}

// A row that waits in shared memory, one that is read twice, and one that does not fit: the same bits.
TEST(ShimClassifier, WhereTheRowWaitsChangesNoBit) {
  for (const int64_t V : {61, 3000, 50257}) {
    SCOPED_TRACE(V);
    const int64_t padded = (V + 127) / 128 * 128;
    const Bf16s logits = random_bf16(padded, 1, 3);
    const std::vector<uint32_t> ids = {static_cast<uint32_t>(V / 2)};
    Floats losses;
    const auto run = [&](bool two_reads) {
      Bf16s result = logits;
      losses = unwritten_floats(1);
      shim::classifier_rows(
          nullptr, {result.data(), losses.data(), ids.data(), nullptr, 1, V, padded, 0.5f, nullptr, true, two_reads});
      return result;
    };
    const Bf16s kept = run_in_every_order([&] { return run(false); });
    const Floats loss = losses;
    EXPECT_TRUE(same_bits(kept, run(true)));
    EXPECT_TRUE(same_bits(loss, losses));
  }
}

// 115,200 logits fill the 225 KiB that a block may ask for.
TEST(ShimClassifier, RowsBeyondSharedMemoryAreReadTwice) {
  for (const int64_t V : {115'200, 115'328}) {
    SCOPED_TRACE(V);
    const Bf16s logits = random_bf16(V, 1);
    const std::vector<uint32_t> ids = {7};
    Bf16s result = logits;
    Floats losses = unwritten_floats(1);
    shim::classifier_rows(nullptr, {result.data(), losses.data(), ids.data(), nullptr, 1, V, V, 1, nullptr, true});
    double sum = 0, gradient = 0;
    for (const double x : widen(logits)) sum += std::exp(x);
    for (const double x : widen(result)) gradient += x;
    EXPECT_NEAR(losses[0], std::log(sum) - static_cast<double>(to_float(logits[7])), 1e-4);
    EXPECT_NEAR(gradient, 0, 0.02);
  }
}

TEST(ShimClassifier, ReadsItsScaleFromTheDevice) {
  const Bf16s logits = random_bf16(128, 1);
  const std::vector<uint32_t> ids = {3};
  const auto run = [&](float scale, const float* scale_at) {
    Bf16s result = logits;
    Floats losses = unwritten_floats(1);
    shim::classifier_rows(nullptr,
                          {result.data(), losses.data(), ids.data(), nullptr, 1, 61, 128, scale, scale_at, true});
    return result;
  };
  const float scale = 0.25f;
  EXPECT_TRUE(same_bits(run(7, &scale), run(0.25f, nullptr)));
}

TEST(ShimClassifier, AddsMoreLossesThanThreads) {
  const Floats losses = random_floats(2500, 1);
  const Doubles total = run_in_every_order([&] {
    Doubles sum{7};
    shim::add_losses(nullptr, sum.data(), losses.data(), 2500);
    return sum;
  });
  double sum = 7;
  for (const float loss : losses) sum += static_cast<double>(loss);
  EXPECT_NEAR(total[0], sum, 1e-9);
}

TEST(ShimClassifier, LargeLogitsStayFinite) {
  Bf16s logits(128, to_bfloat16(-3e38f));
  logits[2] = to_bfloat16(3e38f);
  Floats losses(1);
  const uint32_t id = 2;
  shim::classifier_rows(nullptr, {logits.data(), losses.data(), &id, nullptr, 1, 100, 128, 1.0f, nullptr, true});
  EXPECT_EQ(losses[0], 0);
  for (const Bf16 x : logits) EXPECT_EQ(to_float(x), 0);
}

TEST(ShimNorm, IsTheRootOfTheSumOfSquares) {
  for (const int64_t n : {1, 3, 1000, 65536, 65537, 140003}) {
    const Floats gradients = random_floats(n, 1, 1e-3);
    const Doubles norm = run_in_every_order([&] {
      Doubles result{-1}, scratch(static_cast<size_t>(shim::norm_scratch(n)), std::nan(""));
      shim::global_norm(nullptr, result.data(), scratch.data(), gradients.data(), n);
      return result;
    });
    double squares = 0;
    for (const float g : gradients) squares += static_cast<double>(g) * static_cast<double>(g);
    EXPECT_NEAR(norm[0] / std::sqrt(squares), 1, 1e-7) << n;
  }
}

struct State {
  Floats master, first, second;
  Bf16s parameters;
};

// Pieces that begin and end off the vector, one with decay, one without, a gap between them.
const std::vector<shim::ParameterPiece> kPieces = {{0, 2050, 1}, {2051, 8192, 0}, {10243, 5, 1}};
constexpr int64_t kElements = 10248;

State updated(const std::vector<shim::ParameterPiece>& pieces, uint64_t step, bool stochastic) {
  State s{random_floats(kElements, 1), random_floats(kElements, 2, 0.1), random_floats(kElements, 3, 0.01),
          unwritten_bf16(kElements)};
  for (float& v : s.second) v *= v;
  const Floats gradients = random_floats(kElements, 4);
  shim::AdamWStep call{};
  call.master = s.master.data(), call.first = s.first.data(), call.second = s.second.data();
  call.parameters = s.parameters.data(), call.gradients = gradients.data();
  call.pieces = pieces.data(), call.pieces_count = static_cast<int64_t>(pieces.size());
  call.scale = 0.5f, call.b1 = 0.9f, call.b2 = 0.95f, call.c1 = 0.1f, call.c2 = 0.05f;
  call.rate = 1e-3f, call.root = 1.1f, call.epsilon = 1e-8f, call.keep = 0.999f;
  call.seed = 5, call.step = step, call.stochastic = stochastic;
  shim::adamw(nullptr, call);
  return s;
}

TEST(ShimAdamW, IsTheFormulaAndRoundsWhatItStores) {
  const State before{
      random_floats(kElements, 1), random_floats(kElements, 2, 0.1), random_floats(kElements, 3, 0.01), {}};
  const Floats gradients = random_floats(kElements, 4);
  const State after = updated(kPieces, 3, false);
  for (size_t i = 0; i < kElements; ++i) {
    if (i == 2050) {  // the gap
      EXPECT_EQ(after.master[i], before.master[i]);
      EXPECT_EQ(after.parameters[i].bits, 0xFFFF);
      continue;
    }
    const double g = 0.5 * static_cast<double>(gradients[i]);
    const double m = 0.9 * static_cast<double>(before.first[i]) + 0.1 * g;
    const double v =
        0.95 * static_cast<double>(before.second[i]) * static_cast<double>(before.second[i]) + 0.05 * g * g;
    const double keep = i < 2050 || i >= 10243 ? 0.999 : 1;
    const double p = static_cast<double>(before.master[i]) * keep - 1e-3 * m / (std::sqrt(v) * 1.1 + 1e-8);
    ASSERT_NEAR(static_cast<double>(after.first[i]), m, 1e-6) << i;
    ASSERT_NEAR(static_cast<double>(after.second[i]), v, 1e-6) << i;
    ASSERT_NEAR(static_cast<double>(after.master[i]), p, 1e-6) << i;
    ASSERT_EQ(after.parameters[i].bits, to_bfloat16(after.master[i]).bits) << i;
  }
}

TEST(ShimAdamW, BitsDoNotDependOnOrderOrCutting) {
  const State whole = updated({{0, kElements, 1}}, 3, true);
  std::vector<shim::ParameterPiece> cut;
  for (int64_t at = 0; at < kElements; at += 333) {
    cut.push_back({at, static_cast<int32_t>(std::min<int64_t>(333, kElements - at)), 1});
  }
  for (const shim::Schedule schedule : {shim::Schedule::kBackward, shim::Schedule::kShuffled}) {
    shim::set_schedule(schedule);
    const State parts = updated(cut, 3, true);
    EXPECT_TRUE(same_bits(whole.master, parts.master) && same_bits(whole.first, parts.first));
    EXPECT_TRUE(same_bits(whole.second, parts.second) && same_bits(whole.parameters, parts.parameters));
  }
  shim::set_schedule(shim::Schedule::kForward);
  EXPECT_FALSE(same_bits(whole.parameters, updated(cut, 4, true).parameters));  // other random numbers in another step
}

TEST(ShimAdamW, RoundingAgainGivesTheSameParameters) {
  State s = updated(kPieces, 3, true);
  const Bf16s parameters = s.parameters;
  s.parameters = unwritten_bf16(kElements);
  shim::AdamWStep call{};
  call.master = s.master.data(), call.parameters = s.parameters.data(), call.pieces = kPieces.data(),
  call.pieces_count = 3;
  call.seed = 5, call.step = 3, call.stochastic = true;
  shim::round_parameters(nullptr, call);
  EXPECT_TRUE(same_bits(s.parameters, parameters));
}

TEST(Rounding, StochasticRoundingIsRightOnAverage) {
  const float low = 1.0f, high = 1.0078125f, x = 1.00234375f;  // 0.3 of the way
  int ups = 0;
  constexpr int kTimes = 40000;
  for (int i = 0; i < kTimes; ++i) {
    const Philox bits = rounding_bits(1, 2, static_cast<uint64_t>(i / 8));
    const float y = to_float(to_bfloat16_stochastic(x, bits.words[i % 8 / 2] >> (16 * (i % 2))));
    ASSERT_TRUE(y == low || y == high);
    ups += y == high;
  }
  EXPECT_NEAR(static_cast<double>(ups) / kTimes, 0.3, 0.012);  // five standard deviations
  for (const float exact : {0.0f, -2.5f, 1.0f, INFINITY, -INFINITY}) {
    EXPECT_EQ(to_float(to_bfloat16_stochastic(exact, 0xFFFF)), exact);
  }
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16_stochastic(NAN, 0xFFFF))));
}

// The published vectors of the generator (Random123's known answers for philox4x32-10).
TEST(Rounding, PhiloxGivesThePublishedNumbers) {
  const Philox zeros = philox(Philox{{0, 0, 0, 0}}, 0);
  EXPECT_EQ(zeros.words[0], 0x6627e8d5u);
  EXPECT_EQ(zeros.words[1], 0xe169c58du);
  EXPECT_EQ(zeros.words[2], 0xbc57ac4cu);
  EXPECT_EQ(zeros.words[3], 0x9b00dbd8u);
  const Philox ones = philox(Philox{{0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu}}, 0xffffffffffffffffu);
  EXPECT_EQ(ones.words[0], 0x408f276du);
  EXPECT_EQ(ones.words[1], 0x41c83b0eu);
  EXPECT_EQ(ones.words[2], 0xa20bc7c6u);
  EXPECT_EQ(ones.words[3], 0x6d5451fdu);
}

TEST(Rounding, ToNearestTiesToEven) {
  EXPECT_EQ(to_bfloat16(1.00390625f).bits, 0x3F80);  // between 1 and its neighbour: the even one
  EXPECT_EQ(to_bfloat16(1.01171875f).bits, 0x3F82);
  EXPECT_EQ(to_bfloat16(1.0040f).bits, 0x3F81);
  EXPECT_EQ(to_bfloat16(3.4e38f).bits, 0x7F80);  // beyond the largest: infinite
}

TEST(Shim, NoticesRacesAndBrokenRules) {
  const auto last_writer = [] {
    static float value;
    shim::run_grid(1, 1, 1, 64, [] { value = static_cast<float>(shim::thread_x()); });
    return value;
  };
  shim::set_schedule(shim::Schedule::kBackward);
  EXPECT_EQ(last_writer(), 0);
  shim::set_schedule(shim::Schedule::kForward);
  EXPECT_EQ(last_writer(), 63);
  EXPECT_THROW(shim::run_grid(1, 1, 1, 64,
                              [] {
                                if (shim::thread_x() < 32) shim::barrier();
                              }),
               std::logic_error);
  EXPECT_THROW(shim::run_grid(1, 1, 1, 32,
                              [] {
                                if (shim::thread_x() < 5) shim::warp_sum(1);
                              }),
               std::logic_error);
  EXPECT_THROW(shim::run_grid(1, 1, 1, 32, [] { shim::thread_x() < 5 ? shim::warp_sum(1) : shim::lane_value(1, 1); }),
               std::logic_error);
  EXPECT_THROW(shim::run_grid(1, 1, 1, 33, [] {}), std::logic_error);
  EXPECT_THROW(shim::run_grid(1, 70000, 1, 32, [] {}), std::logic_error);
  EXPECT_THROW(shim::run_grid(1, 1, 1, 32, [] { shim::shared_memory(49153); }), std::logic_error);
}

}  // namespace
}  // namespace ftok
