// Texts to many prompts at once: the model reads a token of each of them in one pass, with the keys and values of all
// kept. For questions asked many times and for reinforcement learning; one text as it comes is trainer/sample.h's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "trainer/model.h"

namespace ftok {

struct BatchSampleOptions {
  double temperature = 1;      // 0: always the likeliest
  int64_t tokens_max = 64;     // of a text, at least 1
  std::vector<uint32_t> ends;  // tokens that end one
};

// A prompt (not empty, ids below V), and what its text is drawn by.
struct SampleRequest {
  std::span<const uint32_t> prompt;
  uint64_t seed = 0;
  int64_t tokens_max = 0;  // of this text; 0: as the options have it
};

struct SampledText {
  std::vector<uint32_t> ids;  // without what ended it
  uint32_t end = 0;           // that, where `complete`
  bool complete = false;      // else it is as long as may be
};

// Not thread-safe.
class BatchSampler {
 public:
  virtual ~BatchSampler() = default;
  // A text for each request, in their order. Each is a function of the model, its prompt and its seed, to rounding: the
  // rounding depends on the requests that are read together. Throws Error where a prompt does not leave room for a
  // token in the model's context, or logits are not numbers.
  virtual std::vector<SampledText> sample(std::span<const SampleRequest> requests,
                                          const BatchSampleOptions& options) = 0;
};

// On the CPU, in fp32, on `threads` threads (at least 1), at most `rows` (at least 1) texts at a time. `parameters` are
// as ParameterLayout(config) lays them out and must outlive it.
std::unique_ptr<BatchSampler> make_cpu_batch_sampler(const ModelConfig& config, std::span<const float> parameters,
                                                     int threads, int64_t rows);

// Draws from softmax(logits / temperature), all of it, by a number in (0, 1); temperature 0: the likeliest, of equals
// the smallest id. Throws Error as draw_token does (trainer/sample.h).
uint32_t draw_from_all(std::span<const float> logits, double temperature, double uniform);

}  // namespace ftok
