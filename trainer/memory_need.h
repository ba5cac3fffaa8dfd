// How much memory a training run needs, in bytes, and what would fit.
#pragma once

#include <cstdint>
#include <string>

#include "trainer/train_recipe.h"

namespace ftok {

enum class Processor { kCpu, kGpu };

struct MemoryNeed {
  uint64_t fixed_bytes = 0;     // weights, gradients, moments
  uint64_t sequence_bytes = 0;  // activations of the micro-batch
  uint64_t shared_bytes = 0;    // activations' gradients, logits and scratch, of the whole micro-batch
  uint64_t total() const { return fixed_bytes + sequence_bytes + shared_bytes; }
};

// The need of one of `processes` data-parallel processes: main memory, or GPU memory including the libraries' scratch
// memory.
MemoryNeed memory_need(const TrainRecipe& recipe, int processes, Processor processor = Processor::kCpu);

// "" when the run fits into `available` bytes; otherwise one line that says what is needed and which run.micro_batch or
// run.recompute would fit; that only where the run `may_recompute`.
std::string memory_complaint(const TrainRecipe& recipe, int processes, uint64_t available,
                             Processor processor = Processor::kCpu, bool may_recompute = true);

// "" when the keys and values of `rows` texts of `positions` tokens fit into `available` bytes on the CPU; otherwise
// one line that says how many texts at a time would.
std::string sampling_complaint(const ModelConfig& config, int64_t rows, int64_t positions, uint64_t available);

// This machine's RAM, or the control group's limit where that is lower.
uint64_t physical_memory_bytes();

}  // namespace ftok
