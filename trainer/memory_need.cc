#include "trainer/memory_need.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "trainer/training/muon_groups.h"

namespace ftok {
namespace {

constexpr uint64_t kFloat = sizeof(float), kBf16 = 2;
constexpr int64_t kLogits = int64_t{1} << 22;  // of a chunk (trainer/cpu/classifier.cc), or 256 rows of them

double gigabytes(uint64_t bytes) { return static_cast<double>(bytes) * 1e-9; }

// What a GPU's libraries take: products (trainer/cuda/cublaslt_matmul.h), and the deterministic backward pass of
// cuDNN's attention, which is done in parts beyond a limit (trainer/cuda/planned_attention.h).
constexpr uint64_t kProductScratch = uint64_t{256} << 20, kAttentionScratch = uint64_t{2} << 30;
constexpr int64_t kGpuLogitRows = 8192;  // of a chunk (trainer/cuda/device_trainer.h)
constexpr uint64_t kGpuBatchRow = 25;    // bytes: ids, their order, documents, mask, loss

// A run on one kind of processor; the micro-batch and what is made again may be others than the recipe's.
struct Asked {
  const TrainRecipe& recipe;
  int processes;
  Processor processor;

  uint64_t need_with(int64_t micro_batch, const char* recompute) const {
    TrainRecipe other = recipe;
    other.run.micro_batch = micro_batch;
    other.run.recompute = recompute;
    return memory_need(other, processes, processor).total();
  }
  // The largest micro-batch that fits, 0 when none does.
  int64_t largest_batch(const char* recompute, uint64_t available) const {
    int64_t fits = 0;
    for (int64_t B = 1; B <= recipe.run.micro_batch && need_with(B, recompute) <= available; ++B) fits = B;
    return fits;
  }
};

// Per position of a batch: elements of activations that are kept for the backward pass, and of statistics.
struct Kept {
  uint64_t activations, statistics;
};

// As trainer/layers/network.cc lays them out.
Kept kept_of(const TrainRecipe& recipe) {
  const ModelConfig& m = recipe.model;
  const int64_t C = m.channels, L = m.layers, W = m.qkv_channels(), F = m.inner_channels();
  int64_t block = 4 * C + W + m.attention_channels() + m.fc_channels() + F;  // 4 C: two norms, middle, out
  int64_t sums = (m.has_layernorm() ? 4 : 2) + m.heads;
  if (m.qk_norm) block += W, sums += m.heads + m.key_heads();
  int64_t activations = L * block, statistics = L * sums;
  if (recipe.run.recompute == "blocks") activations = block + (L - 1) * C, statistics = sums;
  if (recipe.run.recompute == "gelu") activations = L * (block - F) + F;
  return {static_cast<uint64_t>(activations), static_cast<uint64_t>(statistics)};
}

// Per position: elements of the gradients of activations.
uint64_t gradient_elements(const ModelConfig& m) {
  const int64_t narrow = std::max(m.channels, m.attention_channels());
  return static_cast<uint64_t>(m.channels + narrow + m.fc_channels() + (m.has_swiglu() ? m.inner_channels() : 0) +
                               m.qkv_channels());
}

uint64_t rotary_bytes(const ModelConfig& m) {
  return m.has_rotary() ? static_cast<uint64_t>(m.length * m.head_channels()) * kFloat : 0;
}

void add_cpu_memory(const TrainRecipe& recipe, uint64_t parameters, uint64_t shards, MemoryNeed& need) {
  const ModelConfig& m = recipe.model;
  const Kept kept = kept_of(recipe);
  const uint64_t C = static_cast<uint64_t>(m.channels);
  const uint64_t R = static_cast<uint64_t>(recipe.run.micro_batch * m.length);
  need.fixed_bytes = parameters * kFloat * 2 + 2 * parameters * kFloat / shards + rotary_bytes(m);
  need.sequence_bytes = R * (kept.activations + kept.statistics + 3 * C) * kFloat;
  const int64_t rows =
      std::min<int64_t>(m.length * recipe.run.micro_batch, std::max<int64_t>(256, kLogits / m.vocabulary_size));
  need.shared_bytes = R * gradient_elements(m) * kFloat + static_cast<uint64_t>(rows * m.vocabulary_size) * kFloat;
}

void add_gpu_memory(const TrainRecipe& recipe, uint64_t parameters, uint64_t shards, MemoryNeed& need) {
  const ModelConfig& m = recipe.model;
  const Kept kept = kept_of(recipe);
  const uint64_t C = static_cast<uint64_t>(m.channels), T = static_cast<uint64_t>(m.length);
  const uint64_t R = static_cast<uint64_t>(recipe.run.micro_batch) * T;
  // Weights in bfloat16, gradients in fp32, and the share of masters and moments.
  need.fixed_bytes =
      parameters * (kBf16 + kFloat) + 3 * parameters * kFloat / shards + kProductScratch + rotary_bytes(m);
  if (recipe.optimizer.has_muon()) {  // at most: of a slice there may be fewer maps
    const ParameterLayout layout(m);
    need.fixed_bytes += muon_scratch_bytes(muon_groups(layout, {0, layout.size()}));
  }
  need.sequence_bytes = R * ((kept.activations + 3 * C) * kBf16 + (kept.statistics + 2) * kFloat);
  const uint64_t rows = std::min<uint64_t>(R, static_cast<uint64_t>(kGpuLogitRows));
  const uint64_t of_sequence = 2 * static_cast<uint64_t>(m.heads) * T * T;  // cuDNN's, in bytes
  const uint64_t attention =
      std::max(of_sequence, std::min(static_cast<uint64_t>(recipe.run.micro_batch) * of_sequence, kAttentionScratch));
  need.shared_bytes = R * (gradient_elements(m) * kBf16 + kGpuBatchRow) +
                      rows * static_cast<uint64_t>(m.padded_vocabulary()) * kBf16 + attention;
}

}  // namespace

MemoryNeed memory_need(const TrainRecipe& recipe, int processes, Processor processor) {
  const uint64_t parameters = static_cast<uint64_t>(ParameterLayout(recipe.model).size());
  const uint64_t shards = recipe.run.shard_optimizer ? static_cast<uint64_t>(processes) : 1;
  MemoryNeed need;
  (processor == Processor::kGpu ? add_gpu_memory : add_cpu_memory)(recipe, parameters, shards, need);
  return need;
}

std::string memory_complaint(const TrainRecipe& recipe, int processes, uint64_t available, Processor processor,
                             bool may_recompute) {
  const MemoryNeed need = memory_need(recipe, processes, processor);
  if (need.total() <= available) return "";
  std::string text = fmt::format("run.micro_batch = {} needs {:.1f} GB of memory, but there are {:.1f}",
                                 recipe.run.micro_batch, gigabytes(need.total()), gigabytes(available));
  const Asked asked{recipe, processes, processor};
  const int64_t as_it_is = asked.largest_batch(recipe.run.recompute.c_str(), available);
  const int64_t recomputed = may_recompute ? asked.largest_batch("blocks", available) : as_it_is;
  if (as_it_is > 0) text += fmt::format("; {} would fit", as_it_is);
  if (recomputed > as_it_is) text += fmt::format("; {} with run.recompute = \"blocks\"", recomputed);
  if (recomputed == 0)
    text += "; no micro-batch fits: weights, gradients and moments alone take " +
            fmt::format("{:.1f} GB", gigabytes(need.fixed_bytes));
  return text;
}

std::string sampling_complaint(const ModelConfig& config, int64_t rows, int64_t positions, uint64_t available) {
  const uint64_t cache = static_cast<uint64_t>(config.layers * 2 * config.key_heads() * config.head_channels());
  const uint64_t row =
      (static_cast<uint64_t>(positions) * cache + static_cast<uint64_t>(config.vocabulary_size)) * kFloat;
  const uint64_t need = row * static_cast<uint64_t>(rows);
  if (need <= available) return "";
  return fmt::format("{} texts of {} tokens at a time need {:.1f} GB of memory, but there are {:.1f}; {} would fit",
                     rows, positions, gigabytes(need), gigabytes(available), available / row);
}

uint64_t physical_memory_bytes() {
  uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  if (std::FILE* const file = std::fopen("/sys/fs/cgroup/memory.max", "r")) {
    unsigned long long limit = 0;
    if (std::fscanf(file, "%llu", &limit) == 1 && limit > 0) bytes = std::min<uint64_t>(bytes, limit);
    std::fclose(file);
  }
  return bytes;
}

}  // namespace ftok
