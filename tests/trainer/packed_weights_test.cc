// Weights in fewer bits: what is kept of them, and that a decoder computes the model that they are rounded to.
#include "trainer/packed_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "tests/trainer/families.h"
#include "tests/trainer/small_model.h"
#include "trainer/cpu/packed_layers.h"
#include "trainer/layers/bfloat16.h"
#include "trainer/sample.h"

namespace ftok {
namespace {

using testing::random_numbers;
using testing::SmallModel;

constexpr WeightType kPackedTypes[] = {WeightType::kBfloat16, WeightType::kInt8};

std::vector<float> logits_of(TokenPredictor& model, const ModelConfig& config, int64_t read_at_once) {
  const auto id = [&](int64_t t) { return static_cast<uint32_t>(t * 7 % config.vocabulary_size); };
  std::vector<uint32_t> tokens;
  for (int64_t t = 0; t < read_at_once; ++t) tokens.push_back(id(t));
  std::span<const float> logits = model.read(tokens);
  std::vector<float> all(logits.begin(), logits.end());
  for (int64_t t = read_at_once; t < config.length; ++t) {
    logits = model.next(id(t));
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

TEST(PackedWeights, NamesOfTypes) {
  EXPECT_EQ(parse_weight_type("f32"), WeightType::kFloat32);
  EXPECT_EQ(parse_weight_type("bf16"), WeightType::kBfloat16);
  EXPECT_EQ(parse_weight_type("int8"), WeightType::kInt8);
  EXPECT_THROW(parse_weight_type("int4"), UsageError);
}

TEST(PackedWeights, AnInt8IsWithinHalfAStepOfItsGroup) {
  constexpr int64_t kOutputs = 3, kInputs = 150;  // two groups of 64 and one of 22
  std::vector<float> weights = random_numbers<float>(kOutputs * kInputs, 1);
  std::fill_n(weights.begin() + kInputs, kScaleGroup, 0.0f);  // a group of zeros
  const PackedMatrix packed(weights.data(), false, kOutputs, kInputs, WeightType::kInt8);
  EXPECT_EQ(packed.bytes(), static_cast<uint64_t>(kOutputs * kInputs + 4 * 3 * kOutputs));
  std::vector<float> row(kInputs);
  for (int64_t o = 0; o < kOutputs; ++o) {
    packed.read_row(o, row.data());
    for (int64_t i = 0; i < kInputs; ++i) {
      const float* const given = weights.data() + o * kInputs;
      const int64_t begin = i / kScaleGroup * kScaleGroup, end = std::min(kInputs, begin + kScaleGroup);
      float most = 0;
      for (int64_t k = begin; k < end; ++k) most = std::max(most, std::abs(given[k]));
      EXPECT_LE(std::abs(given[i] - row[static_cast<size_t>(i)]), most / 127 * 0.5001f) << o << ' ' << i;
      if (std::abs(given[i]) == most) {
        EXPECT_FLOAT_EQ(row[static_cast<size_t>(i)], given[i]);
      }
    }
  }
}

TEST(PackedWeights, AProductIsThatOfTheRoundedWeights) {
  for (const WeightType type : kPackedTypes) {
    for (const int64_t inputs : {1, 15, 16, 64, 65, 200}) {
      const int64_t outputs = 5;
      const std::vector<float> weights = random_numbers<float>(inputs * outputs, 2),
                               in = random_numbers<float>(inputs, 3);
      const PackedMatrix packed(weights.data(), true, outputs, inputs, type);
      std::vector<float> row(static_cast<size_t>(inputs)), out(3);
      packed.multiply(out.data(), in.data(), 1, 4);
      for (int64_t o = 1; o < 4; ++o) {
        packed.read_row(o, row.data());
        double sum = 0, size = 0;
        for (size_t i = 0; i < row.size(); ++i) {
          sum += double{row[i]} * in[i];
          size += std::abs(double{row[i]} * in[i]);
          if (type == WeightType::kBfloat16) {
            EXPECT_EQ(row[i], to_float(to_bfloat16(weights[i * 5 + static_cast<size_t>(o)])));
          }
        }
        EXPECT_NEAR(out[static_cast<size_t>(o - 1)], sum, 1e-6 * size);
      }
    }
  }
}

class PackedFamilies : public ::testing::TestWithParam<testing::Family> {};

// Read at once, many rows and few, and one by one; the bits do not depend on the threads, and the parameters may go.
TEST_P(PackedFamilies, DecodeAsTheRoundedModel) {
  const ModelConfig& config = GetParam().config;
  SmallModel<float> model(config);
  const std::vector<float> parameters = testing::vector_of(model.network.parameters());
  const ParameterLayout layout(config);
  for (const WeightType type : kPackedTypes) {
    std::vector<float> rounded = parameters;
    round_weights(layout, type, rounded);
    EXPECT_NE(rounded, parameters);
    for (const int64_t at_once : {int64_t{1}, int64_t{3}, config.length}) {
      const auto expected = logits_of(*make_cpu_decoder(config, rounded, 1), config, at_once);
      std::vector<float> copy = parameters;
      const auto decoder = make_cpu_decoder(config, copy, 1, type);
      std::fill(copy.begin(), copy.end(), NAN);
      const auto got = logits_of(*decoder, config, at_once);
      EXPECT_LT(testing::relative_difference(expected, got), 1e-5) << at_once;
      EXPECT_EQ(got, logits_of(*make_cpu_decoder(config, parameters, 2, type), config, at_once));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, PackedFamilies, ::testing::ValuesIn(testing::small_families()),
                         [](const auto& family) { return family.param.name; });

TEST(PackedWeights, OtherTensorsStay) {
  const ModelConfig config = testing::small_families()[0].config;
  const ParameterLayout layout(config);
  SmallModel<float> model(config);
  const std::vector<float> before = testing::vector_of(model.network.parameters());
  std::vector<float> after = before;
  round_weights(layout, WeightType::kInt8, after);
  for (const Tensor& tensor : layout.tensors()) {
    const auto at = tensor.offset;
    const bool same = std::equal(before.begin() + at, before.begin() + at + tensor.size(), after.begin() + at);
    EXPECT_EQ(same, !is_packed(tensor, layout)) << tensor.name;
  }
  EXPECT_FALSE(is_packed(layout.tensors().back(), layout));
}

TEST(PackedWeights, AreNotTrained) {
  const ModelConfig config = testing::small_config();
  SmallModel<float> model(config);
  const auto layers = make_packed_layers(config, testing::vector_of(model.network.parameters()), WeightType::kInt8, 1);
  EXPECT_THROW(layers->linear_backward(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 1, 1, 1), Error);
}

}  // namespace
}  // namespace ftok
