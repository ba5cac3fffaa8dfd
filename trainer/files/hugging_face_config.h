// config.json of Hugging Face's models, and the descriptions they stand for.
//
//   gpt2                            GPT-2
//   llama                           Llama 1 to 3.x, SmolLM; rotary positions, RMSNorm, SwiGLU
//   mistral                         the same, with a window
//   qwen2, qwen3                    the same, with biases of queries, keys and values; with their norm
//
// Squared ReLU is the gated MLP of these with hidden_act "relu" and gate and up alike: relu(x) x = max(x, 0)^2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trainer/model.h"

namespace ftok {

struct HuggingFaceConfig {
  ModelConfig model;
  std::map<std::string, int64_t> gpt2_sizes;  // n_layer, n_embd, n_positions, vocab_size, n_inner: those that it says
  std::optional<uint32_t> begin_of_text;      // bos_token_id
  std::vector<uint32_t> ends_of_text;         // eos_token_id: none, one or several
};

// Reads the file at `path`. The sizes of a GPT-2 are left to its tensors, which must be those of gpt2_sizes: of
// its config only heads are set. Throws Error naming the file and the key where it says what ftok does not compute, or
// lacks what it must say.
HuggingFaceConfig read_hugging_face_config(const std::string& path);

// The model_type that such a model has for Hugging Face. Throws UsageError where there is none for its equations.
std::string hugging_face_family(const ModelConfig& config);

// The JSON. `end_of_text` < 0: none is named; `type`: "float32" or "bfloat16".
std::string hugging_face_config(const ModelConfig& config, int64_t end_of_text, const std::string& type);

}  // namespace ftok
