#include "trainer/cuda/planned_attention.h"

#include <exception>
#include <utility>

#include "core/error.h"

namespace ftok {
namespace {

// The largest divisor of n below `below`, which is above 1.
int64_t divisor_below(int64_t n, int64_t below) {
  int64_t divisor = below - 1;
  while (n % divisor != 0) --divisor;
  return divisor;
}

AttentionArrays at_sequence(const AttentionArrays& a, int64_t b, const Extent& e) {
  AttentionArrays part = a;
  const int64_t narrow = b * e.T * e.C;
  part.qkv += 3 * narrow, part.out += narrow, part.log_sum += b * e.H * e.T;
  if (part.dout != nullptr) part.dout += narrow, part.dqkv += 3 * narrow;
  return part;
}

std::string shape_text(const std::array<int64_t, 8>& key) {
  return "B " + std::to_string(key[0]) + ", T " + std::to_string(key[1]) + ", " + std::to_string(key[3]) +
         " heads of " + std::to_string(key[5]) + (key.back() != 0 ? ", backward" : ", forward");
}

}  // namespace

PlannedAttention::PlannedAttention(Device& device, std::unique_ptr<AttentionLibrary> library, std::string problem,
                                   const AttentionOptions& options)
    : options_(options), library_(std::move(library)), problem_(std::move(problem)), workspace_(device) {}

PlannedAttention::~PlannedAttention() { entries_.clear(); }  // before the library

bool PlannedAttention::forward(void* stream, Bf16* out, float* log_sum, const Bf16* qkv, const int32_t* first_key,
                               const Extent& extent) {
  return run(stream, {qkv, out, log_sum, nullptr, nullptr}, first_key, extent, false);
}

bool PlannedAttention::backward(void* stream, Bf16* dqkv, const Bf16* dout, const Bf16* out, const float* log_sum,
                                const Bf16* qkv, const int32_t* first_key, const Extent& extent) {
  // What the backward pass reads alone is not const in AttentionArrays, which the forward pass writes.
  return run(stream, {qkv, const_cast<Bf16*>(out), const_cast<float*>(log_sum), dout, dqkv}, first_key, extent, true);
}

void PlannedAttention::make_plan(Entry& entry, const Extent& extent, bool backward) {
  if (extent.key_heads() != extent.H || extent.attention_channels() != extent.C || extent.window > 0)
    throw Error("heads that share keys, heads of another width, or a window");
  for (int64_t sequences = extent.B;; sequences = divisor_below(extent.B, sequences)) {
    entry.plan = library_->make_plan({sequences, extent.T, extent.C, extent.H}, backward);
    entry.sequences = sequences;
    if (sequences == 1 || entry.plan->workspace_bytes() <= options_.workspace_bytes_max) return;
  }
}

PlannedAttention::Entry& PlannedAttention::entry_for(const Extent& e, bool backward) {
  const auto [found, is_new] =
      entries_.try_emplace(Key{e.B, e.T, e.C, e.H, e.key_heads(), e.head_channels(), e.window, backward});
  Entry& entry = found->second;
  if (!is_new) return entry;
  try {
    make_plan(entry, e, backward);
  } catch (const std::exception& error) {
    entry.plan = nullptr;
    entry.problem = error.what();
  }
  return entry;
}

bool PlannedAttention::run(void* stream, const AttentionArrays& arrays, const int32_t* first_key, const Extent& e,
                           bool backward) {
  if (library_ == nullptr) return false;
  if (first_key != nullptr) {
    documents_ = true;
    return false;
  }
  Entry& entry = entry_for(e, backward);
  if (entry.plan == nullptr) return false;
  const size_t bytes = entry.plan->workspace_bytes();
  if (workspace_.size() < bytes) workspace_.resize(bytes);
  for (int64_t b = 0; b < e.B; b += entry.sequences) {
    try {
      entry.plan->run(stream, at_sequence(arrays, b, e), workspace_.data());
    } catch (const std::exception& error) {
      if (entry.has_run) throw Error(library_->name() + ": attention failed: " + error.what());
      entry.plan = nullptr;
      entry.problem = error.what();
      return false;
    }
    entry.has_run = true;
  }
  return true;
}

std::string PlannedAttention::report() const {
  if (library_ == nullptr) return "attention by ftok's own kernels: " + problem_;
  std::string text = "attention by " + library_->name();
  for (const auto& [key, entry] : entries_) {
    if (entry.plan == nullptr) text += "; by ftok's own kernels at " + shape_text(key) + ": " + entry.problem;
    if (entry.plan != nullptr && entry.sequences < key[0])
      text += "; " + std::to_string(entry.sequences) + " sequences at a time at " + shape_text(key);
  }
  if (documents_) text += "; by ftok's own kernels where documents are kept apart";
  return text;
}

}  // namespace ftok
