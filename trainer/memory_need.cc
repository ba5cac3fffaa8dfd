#include "trainer/memory_need.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace ftok {
namespace {

constexpr uint64_t kFloat = sizeof(float);
constexpr int64_t kLogits = int64_t{1} << 22;  // of a chunk (trainer/cpu/classifier.cc), or 256 rows of them

double gigabytes(uint64_t bytes) { return static_cast<double>(bytes) * 1e-9; }

uint64_t need_with(TrainRecipe recipe, int processes, int64_t micro_batch, const char* recompute) {
  recipe.run.micro_batch = micro_batch;
  recipe.run.recompute = recompute;
  return memory_need(recipe, processes).total();
}

// The largest micro-batch that fits, 0 when none does.
int64_t largest_batch(const TrainRecipe& recipe, int processes, const char* recompute, uint64_t available) {
  int64_t fits = 0;
  for (int64_t B = 1; B <= recipe.run.micro_batch && need_with(recipe, processes, B, recompute) <= available; ++B)
    fits = B;
  return fits;
}

}  // namespace

MemoryNeed memory_need(const TrainRecipe& recipe, int processes) {
  const ModelConfig& m = recipe.model;
  const uint64_t parameters = static_cast<uint64_t>(ParameterLayout(m).size());
  const uint64_t C = static_cast<uint64_t>(m.channels), T = static_cast<uint64_t>(m.length),
                 L = static_cast<uint64_t>(m.layers);
  const uint64_t B = static_cast<uint64_t>(recipe.run.micro_batch);
  const uint64_t shards = recipe.run.shard_optimizer ? static_cast<uint64_t>(processes) : 1;
  // A block (trainer/layers/network.cc): ln_1, qkv, attention, middle, ln_2, fc, gelu, out = 16 C a position, four
  // statistics, H sums.
  const uint64_t block = 16 * C + 4 + static_cast<uint64_t>(m.heads);
  const bool blocks = recipe.run.recompute == "blocks", gelu = recipe.run.recompute == "gelu";
  const uint64_t kept = blocks ? block + (L - 1) * C : gelu ? L * (block - 4 * C) + 4 * C : L * block;
  MemoryNeed need;
  need.fixed_bytes = parameters * kFloat * 2 + 2 * parameters * kFloat / shards;
  need.sequence_bytes = B * T * (kept + 3 * C) * kFloat;
  const int64_t rows =
      std::min<int64_t>(m.length * recipe.run.micro_batch, std::max<int64_t>(256, kLogits / m.vocabulary_size));
  need.shared_bytes = B * T * 9 * C * kFloat + static_cast<uint64_t>(rows * m.vocabulary_size) * kFloat;
  return need;
}

std::string memory_complaint(const TrainRecipe& recipe, int processes, uint64_t available) {
  const uint64_t needed = memory_need(recipe, processes).total();
  if (needed <= available) return "";
  std::string text = fmt::format("run.micro_batch = {} needs {:.1f} GB of memory, there are {:.1f}",
                                 recipe.run.micro_batch, gigabytes(needed), gigabytes(available));
  const int64_t as_it_is = largest_batch(recipe, processes, recipe.run.recompute.c_str(), available);
  const int64_t recomputed = largest_batch(recipe, processes, "blocks", available);
  if (as_it_is > 0) text += fmt::format("; {} would fit", as_it_is);
  if (recomputed > as_it_is) text += fmt::format("; {} with run.recompute = \"blocks\"", recomputed);
  if (recomputed == 0)
    text += "; no micro-batch fits: weights, gradients and moments alone are " +
            fmt::format("{:.1f} GB", gigabytes(memory_need(recipe, processes).fixed_bytes));
  return text;
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
