// Attention by a library, with a library that is the shim's own kernels: plans, parts of a batch, what is kept of a
// failure. And where libraries are looked for.
#include "trainer/cuda/planned_attention.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "core/error.h"
#include "tests/trainer/cuda/arrays.h"
#include "tests/trainer/cuda/fake_device.h"
#include "trainer/cuda/shared_library.h"

namespace ftok {
namespace {

using namespace testing;  // NOLINT: all of arrays.h

// What a fake library is told to do, and what it was asked for.
struct Script {
  size_t bytes_per_sequence = 0;  // of the backward pass's workspace
  std::string no_forward, no_backward;
  int fail_from_run = -1;  // which call of a plan's run() fails, counted from 0
  int runs = 0;
  std::vector<std::pair<int64_t, bool>> plans;  // sequences, backward
};

class FakePlan final : public AttentionPlan {
 public:
  FakePlan(Script& script, const Extent& extent, bool backward)
      : script_(script), extent_(extent), backward_(backward) {}
  size_t workspace_bytes() const override {
    return backward_ ? static_cast<size_t>(extent_.B) * script_.bytes_per_sequence : 0;
  }
  void run(void*, const AttentionArrays& a, void* workspace) override {
    if (script_.runs++ == script_.fail_from_run) throw std::runtime_error("the engine has gone");
    if (!backward_) return shim::attention_forward(nullptr, a.out, a.log_sum, a.qkv, nullptr, extent_);
    EXPECT_EQ(workspace != nullptr, workspace_bytes() > 0);
    Floats scratch(static_cast<size_t>(extent_.rows() * extent_.H));
    shim::attention_backward(nullptr, a.dqkv, scratch.data(), a.dout, a.out, a.log_sum, a.qkv, nullptr, extent_);
  }

 private:
  Script& script_;
  Extent extent_;
  bool backward_;
};

class FakeLibrary final : public AttentionLibrary {
 public:
  explicit FakeLibrary(Script& script) : script_(script) {}
  std::string name() const override { return "fake"; }
  std::unique_ptr<AttentionPlan> make_plan(const Extent& extent, bool backward) override {
    script_.plans.emplace_back(extent.B, backward);
    const std::string& problem = backward ? script_.no_backward : script_.no_forward;
    if (!problem.empty()) throw std::runtime_error(problem);  // not an Error: what cuDNN's frontend throws
    return std::make_unique<FakePlan>(script_, extent, backward);
  }

 private:
  Script& script_;
};

class PlannedAttentionTest : public ::testing::Test {
 protected:
  static constexpr Extent kExtent{6, 9, 16, 2};
  struct Results {
    Bf16s out = unwritten_bf16(kExtent.rows() * kExtent.C), dqkv = unwritten_bf16(3 * kExtent.rows() * kExtent.C);
    Floats log_sum = unwritten_floats(kExtent.rows() * kExtent.H);
  };
  using Plans = std::vector<std::pair<int64_t, bool>>;

  std::unique_ptr<PlannedAttention> make(size_t workspace_bytes_max) {
    AttentionOptions options;
    options.workspace_bytes_max = workspace_bytes_max;
    return std::make_unique<PlannedAttention>(device_, std::make_unique<FakeLibrary>(script_), "", options);
  }
  // Both directions as a network has them done, by the library or by the kernels.
  Results run(AttentionPlans& plans, const int32_t* first_key = nullptr) {
    EmulatedLayers layers(device_, plans);
    Results r;
    layers.layers.attention_forward(r.out.data(), r.log_sum.data(), qkv_.data(), first_key, kExtent);
    layers.layers.attention_backward(r.dqkv.data(), dout_.data(), r.out.data(), r.log_sum.data(), qkv_.data(),
                                     first_key, kExtent);
    return r;
  }
  Results expected() {
    PlannedAttention none(device_, nullptr, "none", {});
    return run(none);
  }
  static bool same(const Results& a, const Results& b) {
    return same_bits(a.out, b.out) && same_bits(a.dqkv, b.dqkv) && same_bits(a.log_sum, b.log_sum);
  }

  Script script_;
  FakeDevice device_;
  const Bf16s qkv_ = random_bf16(3 * kExtent.rows() * kExtent.C, 1, 1.2),
              dout_ = random_bf16(kExtent.rows() * kExtent.C, 2);

 private:
  class NoMatmul final : public Matmul {
   public:
    bool run(void*, const MatmulCall&) override { throw std::logic_error("a product"); }
    bool is_chosen(const MatmulCall&) const override { return true; }
    float milliseconds(void*, const MatmulCall&) override { return 0; }
    void decline(const MatmulCall&) override {}
  };
  struct EmulatedLayers {
    EmulatedLayers(Device& device, AttentionPlans& plans) : layers(device, matmul, &plans, {}, 1) {}
    NoMatmul matmul;
    shim::DeviceLayers layers;
  };
};

TEST_F(PlannedAttentionTest, OnePlanPerShapeAndDirectionWhenItIsNeeded) {
  script_.bytes_per_sequence = 100;
  const auto plans = make(600);
  Results r;
  EXPECT_TRUE(plans->forward(nullptr, r.out.data(), r.log_sum.data(), qkv_.data(), nullptr, kExtent));
  EXPECT_EQ(script_.plans, (Plans{{6, false}})) << "no plan of a backward pass that nobody asks for";
  EXPECT_EQ(device_.bytes, 0u);
  EXPECT_TRUE(same(run(*plans), expected()));
  run(*plans);
  EXPECT_EQ(script_.plans, (Plans{{6, false}, {6, true}}));
  EXPECT_EQ(plans->report(), "attention by fake");
}

TEST_F(PlannedAttentionTest, PartsOfTheBatchWhereAPlanTakesTooMuch) {
  script_.bytes_per_sequence = 100;
  const auto check = [&](size_t limit, const Plans& backward, const std::string& report) {
    SCOPED_TRACE(limit);
    script_.plans.clear();
    device_.bytes_max = 0;
    const auto plans = make(limit);
    EXPECT_TRUE(same(run(*plans), expected())) << "parts change no bit";
    script_.plans.erase(script_.plans.begin());
    EXPECT_EQ(script_.plans, backward);
    EXPECT_EQ(plans->report(), report);
  };
  const std::string at = " sequences at a time at B 6, T 9, 2 heads of 8, backward";
  check(600, {{6, true}}, "attention by fake");
  check(599, {{6, true}, {3, true}}, "attention by fake; 3" + at);
  check(299, {{6, true}, {3, true}, {2, true}}, "attention by fake; 2" + at);
  check(99, {{6, true}, {3, true}, {2, true}, {1, true}}, "attention by fake; 1" + at);
}

TEST_F(PlannedAttentionTest, WhateverALibraryThrowsIsKeptAndTheKernelsGoOn) {
  script_.no_forward = "Unable to load any libcudart library";
  const auto plans = make(1);
  EXPECT_TRUE(same(run(*plans), expected()));
  run(*plans);
  EXPECT_EQ(script_.plans.size(), 2u) << "forward is not asked for again";
  EXPECT_NE(plans->report().find("by ftok's own kernels at B 6, T 9, 2 heads of 8, forward: Unable to load any"),
            std::string::npos)
      << plans->report();
}

TEST_F(PlannedAttentionTest, TheKernelsDoTheDirectionThatHasNoPlan) {
  script_.no_backward = "not supported";
  const auto plans = make(1);
  EXPECT_TRUE(same(run(*plans), expected()));
  EXPECT_EQ(script_.runs, 1);
  EXPECT_NE(plans->report().find("backward: not supported"), std::string::npos) << plans->report();
}

TEST_F(PlannedAttentionTest, AFirstRunThatFailsIsLikeNoPlanALaterOneIsAnError) {
  script_.fail_from_run = 0;
  const auto plans = make(1);
  EXPECT_TRUE(same(run(*plans), expected()));
  EXPECT_NE(plans->report().find("forward: the engine has gone"), std::string::npos) << plans->report();
  script_.runs = 0, script_.fail_from_run = 2;
  const auto later = make(1);
  run(*later);
  EXPECT_THROW(run(*later), Error);
}

TEST_F(PlannedAttentionTest, DocumentsGoToTheKernels) {
  std::vector<int32_t> first_key(static_cast<size_t>(kExtent.rows()), 0);
  const auto plans = make(1);
  EXPECT_TRUE(same(run(*plans, first_key.data()), expected()));
  EXPECT_TRUE(script_.plans.empty());
  EXPECT_EQ(plans->report(), "attention by fake; by ftok's own kernels where documents are kept apart");
}

TEST_F(PlannedAttentionTest, NoLibrarySaysWhy) {
  PlannedAttention none(device_, nullptr, "cannot load libcudnn.so.9", {});
  EXPECT_FALSE(none.available());
  EXPECT_EQ(none.report(), "attention by ftok's own kernels: cannot load libcudnn.so.9");
}

// A folder of its own with the variables that a search reads, put back at the end.
class SharedLibraryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("ftok_libraries_" + std::to_string(getpid()));
    std::filesystem::create_directories(root_);
    const char* const path = std::getenv("PATH");
    path_ = path == nullptr ? "" : path;
    Dl_info info{};
    ASSERT_NE(dladdr(reinterpret_cast<void*>(&std::strtod), &info), 0);
    any_library_ = std::filesystem::canonical(info.dli_fname);
  }
  void TearDown() override {
    setenv("PATH", path_.c_str(), 1);
    unsetenv("FTOK_CUDA_LIBRARIES");
    std::filesystem::remove_all(root_);
  }
  std::string link_in(const std::string& folder, const std::string& name) {
    std::filesystem::create_directories(root_ / folder);
    std::filesystem::create_symlink(any_library_, root_ / folder / name);
    return (root_ / folder / name).string();
  }

  std::filesystem::path root_, any_library_;
  std::string path_;
};

TEST_F(SharedLibraryTest, IsFoundInPythonsPackages) {
  const std::string name = "libftok_made_up.so.1";
  EXPECT_THROW(SharedLibrary{name}, Error);
  const std::string found = link_in("env/lib/python3.12/site-packages/nvidia/cudnn/lib", name);
  std::filesystem::create_directories(root_ / "env/bin");
  std::ofstream(root_ / "env/bin/python3") << "#!/bin/sh\n";
  setenv("PATH", ((root_ / "nowhere").string() + ":" + (root_ / "env/bin").string()).c_str(), 1);
  EXPECT_EQ(SharedLibrary(name).path(), found);
  EXPECT_EQ(python_library_folders(),
            (std::vector<std::string>{(root_ / "env/lib/python3.12/site-packages/nvidia/cudnn/lib").string()}));
}

TEST_F(SharedLibraryTest, IsFoundInSeveralFolders) {
  const std::string name = "libftok_made_up.so.2", found = link_in("second", name);
  std::filesystem::create_directories(root_ / "first");
  setenv("FTOK_CUDA_LIBRARIES", ((root_ / "first").string() + "::" + (root_ / "second").string()).c_str(), 1);
  EXPECT_EQ(SharedLibrary(name).path(), found);
}

TEST_F(SharedLibraryTest, ThatCannotBeLoadedSaysWhy) {
  const std::string name = "libftok_made_up.so.3";
  std::ofstream(root_ / name) << "not a library";
  setenv("FTOK_CUDA_LIBRARIES", root_.c_str(), 1);
  try {
    SharedLibrary library(name);
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("cannot load " + name + ": "), std::string::npos) << message;
    EXPECT_NE(message.find("FTOK_CUDA_LIBRARIES"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace ftok
