// Text from a model: token by token, each drawn from the distribution that the model gives.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tokenizer/encoding.h"
#include "trainer/model.h"
#include "trainer/packed_weights.h"

namespace ftok {

struct SampleOptions {
  double temperature = 1.0;  // 0: always the likeliest
  int64_t top_k = 0;         // only the k likeliest; 0: all
  double top_p = 1.0;        // only the likeliest that together reach this share (Holtzman et al. 2020)
  uint64_t seed = 1;
  // Logits of tokens that the context holds are divided by it where positive, multiplied where negative (CTRL, Keskar
  // et al. 2019, section 4.1); 1: none.
  double repetition_penalty = 1.0;
  // Ids that are not tokens of it, which a model with more ids has, are never drawn; null: any id is.
  const Encoding* encoding = nullptr;
};

// Applies the penalty to the logits of the tokens in `context`, once each.
void penalise_repetition(std::span<float> logits, std::span<const uint32_t> context, double penalty);

// Sets the logits of ids that are not tokens of `encoding` to -infinity; null: of none.
void leave_out_no_tokens(std::span<float> logits, const Encoding* encoding);

// Throws Error where no token can be drawn: a logit is NaN or +infinity, or all are -infinity.
void check_logits(std::span<const float> logits);

// A token, its logit and its probability, between 0 and 1.
struct TokenProbability {
  uint32_t token = 0;
  float logit = 0;
  double probability = 0;
};

// The `count` likeliest tokens of softmax(logits / temperature), the likeliest first; ties go to the smaller id.
// Temperature > 0. Throws Error as draw_token does.
std::vector<TokenProbability> likeliest_tokens(std::span<const float> logits, double temperature, size_t count);

// Draws from softmax(logits / temperature), cut as the options say; ties go to the smaller id. The draw is a function
// of (options.seed, counter). Throws Error where a logit is NaN or +infinity, or all are -infinity.
uint32_t draw_token(std::span<const float> logits, const SampleOptions& options, uint64_t counter);

// A model that is read from left to right. Not thread-safe.
class TokenPredictor {
 public:
  virtual ~TokenPredictor() = default;

  // Reads the next token and returns the logits (V) of the one after it, valid until the next call. There is no
  // position T: the caller starts over with read() before.
  virtual std::span<const float> next(uint32_t token) = 0;
  // Starts over and reads 1..T tokens at once; returns the logits (V) of the token after the last.
  virtual std::span<const float> read(std::span<const uint32_t> tokens) = 0;
  virtual int64_t position() const = 0;  // tokens read since the start
};

// On the CPU, in fp32, on `threads` threads (at least 1); the logits do not depend on how many. `parameters` are as
// ParameterLayout(config) lays them out and must outlive it, unless `weights` are packed. On GPUs:
// trainer/cuda_back_end.h.
std::unique_ptr<TokenPredictor> make_cpu_decoder(const ModelConfig& config, std::span<const float> parameters,
                                                 int threads, WeightType weights = WeightType::kFloat32);

// Goes on from `prompt` (not empty, ids below V) for up to `count` tokens, calling each(token) for each; stops after a
// token for which it returns false. When the context is full, the last half of it is read in again.
void generate(TokenPredictor& model, const ModelConfig& config, std::span<const uint32_t> prompt, int64_t count,
              const SampleOptions& options, const std::function<bool(uint32_t)>& each);

// The same where each(token, read_in) may put tokens into `read_in` (empty, ids below V) that the model reads after its
// own, as if it had given them; they do not count.
void generate(TokenPredictor& model, const ModelConfig& config, std::span<const uint32_t> prompt, int64_t count,
              const SampleOptions& options,
              const std::function<bool(uint32_t token, std::vector<uint32_t>& read_in)>& each);

}  // namespace ftok
