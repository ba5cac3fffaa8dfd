// Small models of the families that trainer/model.h describes, each key of a description used by at least one.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "trainer/model.h"

namespace ftok::testing {

inline ModelConfig small_llama() {
  ModelConfig config{2, 4, 16, 9, 17};
  config.norm = "rmsnorm", config.norm_epsilon = 1e-6, config.positions = "rotary", config.mlp = "swiglu";
  config.mlp_channels = 20, config.kv_heads = 2;
  config.qkv_bias = config.projection_bias = config.mlp_bias = config.tied_head = false;
  return config;
}

struct Family {
  std::string name;
  ModelConfig config;
};
inline void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

inline std::vector<Family> small_families() {
  std::vector<Family> families = {{"gpt2", {2, 4, 16, 9, 17}}};
  const auto add = [&](const char* name, auto change) {
    ModelConfig config = small_llama();
    change(config);
    families.push_back({name, config});
  };
  add("llama2", [](ModelConfig& c) { c.kv_heads = 0; });
  add("llama3", [](ModelConfig& c) {
    c.rope_theta = 500, c.rope_scaling = "llama3", c.rope_factor = 8, c.rope_original_length = 30;
  });
  add("llama_biases", [](ModelConfig& c) {
    c.qkv_bias = c.projection_bias = c.mlp_bias = true;
    c.rope_scaling = "linear", c.rope_factor = 4;
  });
  add("smollm", [](ModelConfig& c) { c.heads = 3, c.kv_heads = 1, c.channels = 18, c.tied_head = true; });
  add("mistral", [](ModelConfig& c) { c.window = 3, c.head_size = 6; });
  add("qwen2", [](ModelConfig& c) { c.qkv_bias = c.tied_head = true; });
  add("qwen3", [](ModelConfig& c) { c.qk_norm = true, c.head_size = 10, c.kv_heads = 1; });
  add("relu2", [](ModelConfig& c) { c.mlp = "relu2", c.mlp_channels = 0, c.qk_norm = true, c.tied_head = true; });
  return families;
}

}  // namespace ftok::testing
