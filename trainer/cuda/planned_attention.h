// Attention by a library that makes a plan per shape (cudnn_attention.cc has one). What is here knows of no library:
// plans are made when they are first needed, in parts of the batch where one for all of it would take too much memory,
// and whatever a library throws turns into a reason that is kept, and ftok's own kernels.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "trainer/cuda/device_layers.h"

namespace ftok {

// Arrays of a call; those of the backward pass are null in the forward pass.
struct AttentionArrays {
  const Bf16* qkv = nullptr;
  Bf16* out = nullptr;       // read by the backward pass
  float* log_sum = nullptr;  // read by the backward pass
  const Bf16* dout = nullptr;
  Bf16* dqkv = nullptr;
};

// One direction of one shape.
class AttentionPlan {
 public:
  virtual ~AttentionPlan() = default;
  virtual size_t workspace_bytes() const = 0;
  // Throws std::exception, with nothing queued, when it cannot.
  virtual void run(void* stream, const AttentionArrays& arrays, void* workspace) = 0;
};

class AttentionLibrary {
 public:
  virtual ~AttentionLibrary() = default;
  virtual std::string name() const = 0;
  // Causal attention without documents. Throws std::exception saying why there is no plan.
  virtual std::unique_ptr<AttentionPlan> make_plan(const Extent& extent, bool backward) = 0;
};

struct AttentionOptions {
  // Of the backward pass: no atomic additions, the same bits each time.
  bool deterministic = true;
  // A plan that takes more is made for a part of the sequences, down to a single one, which may take what it needs.
  // cuDNN's deterministic backward pass takes 2 B H T^2 bytes.
  size_t workspace_bytes_max = size_t{2} << 30;
};

class PlannedAttention final : public AttentionPlans {
 public:
  // `library` null: there is none, for the reason `problem`. `device` outlives it.
  PlannedAttention(Device& device, std::unique_ptr<AttentionLibrary> library, std::string problem,
                   const AttentionOptions& options);
  ~PlannedAttention() override;

  bool forward(void* stream, Bf16* out, float* log_sum, const Bf16* qkv, const int32_t* first_key,
               const Extent& extent) override;
  bool backward(void* stream, Bf16* dqkv, const Bf16* dout, const Bf16* out, const float* log_sum, const Bf16* qkv,
                const int32_t* first_key, const Extent& extent) override;
  bool available() const override { return library_ != nullptr; }
  std::string report() const override;

 private:
  struct Entry {
    std::unique_ptr<AttentionPlan> plan;  // null: there is none, for the reason `problem`
    int64_t sequences = 0;                // that a call of the plan takes; divides B
    std::string problem;
    bool has_run = false;
  };
  using Key = std::array<int64_t, 8>;  // B, T, C, H, K, D, window, backward

  Entry& entry_for(const Extent& extent, bool backward);
  void make_plan(Entry& entry, const Extent& extent, bool backward);
  bool run(void* stream, const AttentionArrays& arrays, const int32_t* first_key, const Extent& extent, bool backward);

  AttentionOptions options_;
  std::unique_ptr<AttentionLibrary> library_;
  std::string problem_;
  bool documents_ = false;  // some were there: own kernels
  MemoryArray<char> workspace_;
  std::map<Key, Entry> entries_;
};

}  // namespace ftok
