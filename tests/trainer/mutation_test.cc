// The tests' tests: a model that is wrong in one place must be found out. Two checks stand between an error and a
// release: the loss against the definition (tests/reference/naive_gpt2.h) and the gradients against differences of the
// loss. Each mutation must fail one of them, and the model as it is must pass both.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/reference/naive_gpt2.h"
#include "tests/trainer/small_model.h"

namespace ftok {
namespace {

enum class Mutation { kNone, kDropBias, kShiftTargets, kSwapQueriesAndKeys, kNoScale, kNoMask, kWrongGelu };

// The CPU's layers with one mistake, forward and backward alike where it has both.
class MutatedLayers final : public Layers<double> {
 public:
  explicit MutatedLayers(Mutation mutation) : mutation_(mutation), layers_(make_cpu_layers<double>(1)) {}

  void encoder_forward(double* out, const uint32_t* tokens, const double* wte, const double* wpe,
                       const Extent& e) override {
    layers_->encoder_forward(out, tokens, wte, wpe, e);
  }
  void encoder_backward(double* dwte, double* dwpe, const double* dout, const uint32_t* tokens,
                        const Extent& e) override {
    layers_->encoder_backward(dwte, dwpe, dout, tokens, e);
  }
  void layernorm_forward(double* out, double* mean, double* rstd, const double* in, const double* gain,
                         const double* bias, int64_t R, int64_t C) override {
    layers_->layernorm_forward(out, mean, rstd, in, gain, bias, R, C);
  }
  void layernorm_backward(double* din, double* dgain, double* dbias, const double* dout, const double* in,
                          const double* gain, const double* mean, const double* rstd, int64_t R, int64_t C) override {
    layers_->layernorm_backward(din, dgain, dbias, dout, in, gain, mean, rstd, R, C);
  }
  void linear_forward(double* out, const double* in, const double* weight, const double* bias, int64_t R, int64_t I,
                      int64_t O) override {
    const std::vector<double> none(static_cast<size_t>(O));
    layers_->linear_forward(out, in, weight, mutation_ == Mutation::kDropBias ? none.data() : bias, R, I, O);
  }
  void linear_backward(double* din, double* dweight, double* dbias, const double* dout, const double* in,
                       const double* weight, int64_t R, int64_t I, int64_t O) override {
    std::vector<double> nowhere(static_cast<size_t>(O));
    layers_->linear_backward(din, dweight, mutation_ == Mutation::kDropBias ? nowhere.data() : dbias, dout, in, weight,
                             R, I, O);
  }
  void attention_forward(double* out, double* log_sum, const double* qkv, const int32_t* first_key,
                         const Extent& e) override {
    layers_->attention_forward(out, log_sum, seen(qkv, e).data(), mutation_ == Mutation::kNoMask ? nullptr : first_key,
                               e);
  }
  void attention_backward(double* dqkv, const double* dout, const double* out, const double* log_sum, const double* qkv,
                          const int32_t* first_key, const Extent& e) override {
    layers_->attention_backward(dqkv, dout, out, log_sum, seen(qkv, e).data(),
                                mutation_ == Mutation::kNoMask ? nullptr : first_key, e);
    for (int64_t r = 0; r < e.rows(); ++r) {
      for (int64_t c = 0; c < e.C; ++c) {
        if (mutation_ == Mutation::kSwapQueriesAndKeys) std::swap(dqkv[r * 3 * e.C + c], dqkv[r * 3 * e.C + e.C + c]);
        if (mutation_ == Mutation::kNoScale) dqkv[r * 3 * e.C + c] *= std::sqrt(static_cast<double>(e.C / e.H));
      }
    }
  }
  void gelu_forward(double* out, const double* in, int64_t n) override {
    if (mutation_ != Mutation::kWrongGelu) return layers_->gelu_forward(out, in, n);
    for (int64_t i = 0; i < n; ++i) out[i] = 0.5 * in[i] * (1 + std::erf(in[i] / std::sqrt(2.0)));  // the exact form
  }
  void gelu_backward(double* din, const double* dout, const double* in, int64_t n) override {
    if (mutation_ != Mutation::kWrongGelu) return layers_->gelu_backward(din, dout, in, n);
    for (int64_t i = 0; i < n; ++i) {
      din[i] = dout[i] * (0.5 * (1 + std::erf(in[i] / std::sqrt(2.0))) +
                          in[i] * std::exp(-in[i] * in[i] / 2) / std::sqrt(2 * M_PI));
    }
  }
  void residual_forward(double* out, const double* a, const double* b, int64_t n) override {
    layers_->residual_forward(out, a, b, n);
  }
  double classifier(double* dhidden, double* dwte, const double* hidden, const double* wte, const Targets& targets,
                    double scale) override {
    Targets read = targets;
    std::vector<uint32_t> ids(targets.ids, targets.ids + targets.R);
    if (mutation_ == Mutation::kShiftTargets) std::rotate(ids.begin(), ids.begin() + 1, ids.end());
    read.ids = ids.data();
    return layers_->classifier(dhidden, dwte, hidden, wte, read, scale);
  }

 private:
  // qkv as the mistaken attention sees it.
  std::vector<double> seen(const double* qkv, const Extent& e) const {
    std::vector<double> copy(qkv, qkv + e.rows() * 3 * e.C);
    for (int64_t r = 0; r < e.rows(); ++r) {
      for (int64_t c = 0; c < e.C; ++c) {
        double& q = copy[static_cast<size_t>(r * 3 * e.C + c)];
        if (mutation_ == Mutation::kSwapQueriesAndKeys) std::swap(q, copy[static_cast<size_t>(r * 3 * e.C + e.C + c)]);
        if (mutation_ == Mutation::kNoScale) q *= std::sqrt(static_cast<double>(e.C / e.H));
      }
    }
    return copy;
  }

  Mutation mutation_;
  std::unique_ptr<Layers<double>> layers_;
};

class MutationTest : public ::testing::Test {
 protected:
  static ModelConfig config() { return {1, 2, 8, 5, 11}; }

  MutationTest()
      : batch_(testing::random_batch(config(), 2, 9)),
        parameters_(testing::vector_of(testing::SmallModel<double>(config()).network.parameters())) {
    batch_.first_key = {0, 0, 2, 2, 2, 0, 1, 1, 3, 3};
    mask_ = {1, 1, 1, 0, 1, 1, 1, 1, 1, 1};
    view_ = batch_.view();
    view_.loss_mask = mask_.data();
  }

  bool loss_is_right(Network<double>& network) const {
    const double expected = reference::NaiveGpt2(config(), parameters_).loss(view_);
    return std::abs(network.loss(view_) - expected) <= 1e-10 * expected;
  }

  // Every parameter against a central difference of fourth order; `gradients` stand for the network's own.
  bool gradients_are_right(Network<double>& network, const std::vector<double>& gradients) const {
    constexpr double kStep = 1e-3;
    double largest = 0;
    for (const double g : gradients) largest = std::max(largest, std::abs(g));
    for (size_t i = 0; i < gradients.size(); ++i) {
      double& x = network.parameters()[i];
      const double start = x;
      const auto value = [&](double offset) {
        x = start + offset;
        return network.loss(view_);
      };
      const double numeric =
          (8 * (value(kStep) - value(-kStep)) - (value(2 * kStep) - value(-2 * kStep))) / (12 * kStep);
      x = start;
      if (std::abs(numeric - gradients[i]) >
          1e-6 * std::max({std::abs(numeric), std::abs(gradients[i]), 1e-4 * largest}))
        return false;
    }
    return true;
  }

  // Of the network with this mistake: whether the loss and the gradients pass.
  std::pair<bool, bool> checks(Mutation mutation) const {
    MutatedLayers layers(mutation);
    Network<double> network(config(), layers);
    network.parameters().assign(parameters_);
    network.accumulate_gradients(view_, 1);
    const bool loss = loss_is_right(network);
    return {loss, gradients_are_right(network, testing::vector_of(network.gradients()))};
  }

  Batch batch_;
  std::vector<double> parameters_;
  std::vector<uint8_t> mask_;
  BatchView view_;
};

TEST_F(MutationTest, TheModelAsItIsPasses) { EXPECT_EQ(checks(Mutation::kNone), (std::pair{true, true})); }

// These mistakes have gradients that fit: the definition finds them.
TEST_F(MutationTest, DroppedBiasIsFound) { EXPECT_EQ(checks(Mutation::kDropBias), (std::pair{false, true})); }
TEST_F(MutationTest, ShiftedTargetsAreFound) { EXPECT_EQ(checks(Mutation::kShiftTargets), (std::pair{false, true})); }
TEST_F(MutationTest, SwappedQueriesAndKeysAreFound) {
  EXPECT_EQ(checks(Mutation::kSwapQueriesAndKeys), (std::pair{false, true}));
}
TEST_F(MutationTest, MissingScaleIsFound) { EXPECT_EQ(checks(Mutation::kNoScale), (std::pair{false, true})); }
TEST_F(MutationTest, MissingDocumentMaskIsFound) { EXPECT_EQ(checks(Mutation::kNoMask), (std::pair{false, true})); }
TEST_F(MutationTest, OtherGeluIsFound) { EXPECT_EQ(checks(Mutation::kWrongGelu), (std::pair{false, true})); }

// The gradient of each tensor, zeroed: differences find every one.
TEST_F(MutationTest, AZeroedGradientIsFound) {
  MutatedLayers layers(Mutation::kNone);
  Network<double> network(config(), layers);
  network.parameters().assign(parameters_);
  network.accumulate_gradients(view_, 1);
  for (const Tensor& tensor : network.layout().tensors()) {
    std::vector<double> gradients = testing::vector_of(network.gradients());
    std::fill_n(gradients.begin() + tensor.offset, tensor.size(), 0.0);
    EXPECT_FALSE(gradients_are_right(network, gradients)) << tensor.name;
  }
}

}  // namespace
}  // namespace ftok
