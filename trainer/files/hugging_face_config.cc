#include "trainer/files/hugging_face_config.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "core/json.h"
#include "core/lenient_json.h"
#include "core/text_file.h"

namespace ftok {
namespace {

namespace json = simdjson::dom;

constexpr double kNormEpsilon = 1e-5;  // trainer/cpu/layernorm.cc
constexpr uint64_t kConfigBytesMax = 1 << 24;
constexpr int64_t kDefaultWindow = 4096;  // of MistralConfig and Qwen2Config, where the key is not there
constexpr int64_t kQwenFullLayers = 28;   // max_window_layers' default: so many layers, the first ones, have no window
constexpr int64_t kQwen3HeadSize = 128;   // Qwen3Config's default

constexpr std::string_view kLlamaFamilies[] = {"llama", "mistral", "qwen2", "qwen3"};

// Keys of an object, with the file's name for what is wrong with them.
class Keys {
 public:
  // `object` is one.
  Keys(const std::string& path, json::element object) : path_(path) {
    if (object.get(object_) != simdjson::SUCCESS) throw Error(fmt::format("{}: not a JSON object", path));
  }

  // Absent and null are the same.
  template <typename T>
  std::optional<T> find(std::string_view key) const {
    json::element value;
    T out;
    if (!get_last(object_, key, value) || value.is_null()) return std::nullopt;
    if (value.get(out) != simdjson::SUCCESS) throw Error(fmt::format("{}: {} is of another type", path_, key));
    return out;
  }
  template <typename T>
  T need(std::string_view key) const {
    if (const std::optional<T> value = find<T>(key)) return *value;
    throw Error(fmt::format("{}: no {}", path_, key));
  }
  std::optional<Keys> object(std::string_view key) const {
    json::element value;
    if (!get_last(object_, key, value) || value.is_null()) return std::nullopt;
    if (!value.is_object()) throw Error(fmt::format("{}: {} is of another type", path_, key));
    return Keys(path_, value);
  }
  // A number, a list of them, or nothing.
  std::vector<uint32_t> ids(std::string_view key) const {
    json::element value;
    std::vector<uint32_t> ids;
    if (!get_last(object_, key, value) || value.is_null()) return ids;
    json::array list;
    const auto add = [&](json::element element) {
      uint64_t id = 0;
      if (element.get(id) != simdjson::SUCCESS || id > UINT32_MAX)
        throw Error(fmt::format("{}: {} is of another type", path_, key));
      ids.push_back(static_cast<uint32_t>(id));
    };
    if (value.get(list) != simdjson::SUCCESS) {
      add(value);
    } else {
      for (const json::element element : list) add(element);
    }
    return ids;
  }
  bool has(std::string_view key) const { return object_[key].error() == simdjson::SUCCESS; }
  bool flag(std::string_view key, bool fallback) const { return find<bool>(key).value_or(fallback); }

  [[noreturn]] void refuse(std::string_view key, std::string_view expected) const {
    throw Error(fmt::format("{}: {} is not {}: not a model that ftok computes", path_, key, expected));
  }

 private:
  const std::string& path_;
  json::object object_;
};

// Refuses what ftok would not compute exactly, by key.
ModelConfig read_gpt2(const Keys& keys) {
  const std::string_view activation = keys.find<std::string_view>("activation_function").value_or("gelu_new");
  if (activation != "gelu_new" && activation != "gelu_pytorch_tanh") keys.refuse("activation_function", "gelu_new");
  if (keys.find<double>("layer_norm_epsilon").value_or(kNormEpsilon) != kNormEpsilon)
    keys.refuse("layer_norm_epsilon", "1e-05");
  if (keys.flag("scale_attn_by_inverse_layer_idx", false)) keys.refuse("scale_attn_by_inverse_layer_idx", "false");
  if (!keys.flag("scale_attn_weights", true)) keys.refuse("scale_attn_weights", "true");
  if (!keys.flag("tie_word_embeddings", true)) keys.refuse("tie_word_embeddings", "true");
  ModelConfig config;
  config.heads = keys.need<int64_t>("n_head");
  return config;
}

// n_ctx is what n_positions was called before.
std::map<std::string, int64_t> read_gpt2_sizes(const Keys& keys) {
  std::map<std::string, int64_t> sizes;
  for (const char* const key : {"n_layer", "n_embd", "n_positions", "n_ctx", "vocab_size", "n_inner"}) {
    if (const std::optional<int64_t> size = keys.find<int64_t>(key)) sizes[key] = *size;
  }
  if (sizes.count("n_positions") > 0) sizes.erase("n_ctx");
  return sizes;
}

// rope_theta and rope_scaling, or both in rope_parameters (transformers 5).
void read_rotary(const Keys& keys, ModelConfig& config) {
  config.positions = "rotary";
  config.rope_theta = keys.find<double>("rope_theta").value_or(config.rope_theta);
  if (keys.find<double>("partial_rotary_factor").value_or(1) != 1) keys.refuse("partial_rotary_factor", "1");
  for (const char* const name : {"rope_scaling", "rope_parameters"}) {
    const std::optional<Keys> scaling = keys.object(name);
    if (!scaling) continue;
    config.rope_theta = scaling->find<double>("rope_theta").value_or(config.rope_theta);
    if (scaling->find<double>("partial_rotary_factor").value_or(1) != 1) keys.refuse("partial_rotary_factor", "1");
    const std::string_view type = scaling->find<std::string_view>("rope_type")
                                      .value_or(scaling->find<std::string_view>("type").value_or("default"));
    if (type == "default") continue;
    if (type != "linear" && type != "llama3")
      keys.refuse(fmt::format("{}.rope_type", name), "default, linear or llama3");
    config.rope_scaling = type;
    config.rope_factor = scaling->need<double>("factor");
    if (type == "linear") continue;
    config.rope_low_factor = scaling->need<double>("low_freq_factor");
    config.rope_high_factor = scaling->need<double>("high_freq_factor");
    config.rope_original_length = scaling->need<int64_t>("original_max_position_embeddings");
  }
}

// The window of all layers, 0: none. Some with and some without is refused. What each key means, and its default, is
// what transformers' class of the family makes of it: Llama's has no window whatever the file says, Mistral's one for
// all layers.
int64_t read_window(const Keys& keys, std::string_view family, int64_t layers) {
  if (family == "llama") return 0;
  const bool has_window = family == "mistral" || keys.flag("use_sliding_window", false);
  const int64_t given = keys.has("sliding_window") ? keys.find<int64_t>("sliding_window").value_or(0) : kDefaultWindow;
  const int64_t window = has_window ? given : 0;
  const int64_t first = family == "mistral" ? 0 : keys.find<int64_t>("max_window_layers").value_or(kQwenFullLayers);
  int64_t with_window = window == 0 ? 0 : layers - std::clamp<int64_t>(first, 0, layers);
  if (const std::optional<json::array> types = keys.find<json::array>("layer_types")) {
    int64_t full = 0, sliding = 0;
    for (const json::element type : *types) {
      std::string_view word;
      if (type.get(word) != simdjson::SUCCESS || (word != "full_attention" && word != "sliding_attention"))
        keys.refuse("layer_types", "full_attention or sliding_attention");
      ++(word == "full_attention" ? full : sliding);
    }
    if (full + sliding != layers || (full != 0 && sliding != 0)) keys.refuse("layer_types", "the same for all layers");
    if (sliding != 0 && window == 0) keys.refuse("layer_types", "full_attention, which a model without a window has");
    if (family == "mistral" && full != 0 && window != 0)
      keys.refuse("layer_types", "sliding_attention, as sliding_window says");
    with_window = sliding;
  }
  if (with_window == 0) return 0;
  if (with_window < layers) keys.refuse("max_window_layers", fmt::format("0 or {}", layers));
  return window;
}

ModelConfig read_llama(const Keys& keys, std::string_view family) {
  const std::string_view activation = keys.find<std::string_view>("hidden_act").value_or("silu");
  if (activation != "silu" && activation != "relu") keys.refuse("hidden_act", "silu, nor relu");
  ModelConfig config;
  config.layers = keys.need<int64_t>("num_hidden_layers");
  config.heads = keys.need<int64_t>("num_attention_heads");
  config.channels = keys.need<int64_t>("hidden_size");
  config.length = keys.need<int64_t>("max_position_embeddings");
  config.vocabulary_size = keys.need<int64_t>("vocab_size");
  config.norm = "rmsnorm";
  config.norm_epsilon = keys.find<double>("rms_norm_eps").value_or(1e-6);
  config.mlp = activation == "silu" ? "swiglu" : "relu2";
  config.mlp_channels = keys.need<int64_t>("intermediate_size");
  config.kv_heads = family == "llama" ? keys.find<int64_t>("num_key_value_heads").value_or(config.heads)
                                      : keys.need<int64_t>("num_key_value_heads");
  config.head_size = keys.find<int64_t>("head_dim").value_or(family == "qwen3" ? kQwen3HeadSize : 0);
  const bool attention_bias = keys.flag("attention_bias", false) && (family == "llama" || family == "qwen3");
  config.qkv_bias = family == "qwen2" || attention_bias;
  config.projection_bias = attention_bias;
  config.mlp_bias = family == "llama" && keys.flag("mlp_bias", false);
  config.qk_norm = family == "qwen3";
  config.tied_head = keys.flag("tie_word_embeddings", false);
  config.window = read_window(keys, family, config.layers);
  read_rotary(keys, config);
  return config;
}

// Without what hugging_face_family has settled.
void write_llama(JsonWriter& json, const ModelConfig& config, const std::string& family) {
  json.field("vocab_size", config.vocabulary_size).field("max_position_embeddings", config.length);
  json.field("hidden_size", config.channels).field("intermediate_size", config.inner_channels());
  json.field("num_hidden_layers", config.layers).field("num_attention_heads", config.heads);
  json.field("num_key_value_heads", config.key_heads()).field("head_dim", config.head_channels());
  json.field("hidden_act", config.has_swiglu() ? "silu" : "relu")
      .field("rms_norm_eps", config.norm_epsilon)
      .field("rope_theta", config.rope_theta);
  if (config.rope_scaling != "none") {
    json.key("rope_scaling").begin_object().field("rope_type", config.rope_scaling).field("factor", config.rope_factor);
    if (config.rope_scaling == "llama3") {
      json.field("low_freq_factor", config.rope_low_factor).field("high_freq_factor", config.rope_high_factor);
      json.field("original_max_position_embeddings", config.rope_original_length);
    }
    json.end_object();
  }
  if (family == "llama" || family == "qwen3") json.field("attention_bias", config.qkv_bias);
  if (family == "llama") json.field("mlp_bias", config.mlp_bias);
  if (family == "mistral") {
    json.key("sliding_window");
    config.window > 0 ? json.value(config.window) : json.null();
  } else if (family != "llama") {
    json.field("use_sliding_window", config.window > 0);
    if (config.window > 0) json.field("sliding_window", config.window).field("max_window_layers", 0);
  }
  json.field("attention_dropout", 0.0).field("initializer_range", 0.02);
}

void write_gpt2(JsonWriter& json, const ModelConfig& config) {
  json.field("vocab_size", config.vocabulary_size).field("n_positions", config.length).field("n_ctx", config.length);
  json.field("n_embd", config.channels).field("n_layer", config.layers).field("n_head", config.heads);
  json.field("activation_function", "gelu_new")
      .field("layer_norm_epsilon", kNormEpsilon)
      .field("initializer_range", 0.02);
  json.field("attn_pdrop", 0.0).field("embd_pdrop", 0.0).field("resid_pdrop", 0.0).field("scale_attn_weights", true);
}

std::string_view architecture_of(std::string_view family) {
  if (family == "gpt2") return "GPT2LMHeadModel";
  if (family == "llama") return "LlamaForCausalLM";
  if (family == "mistral") return "MistralForCausalLM";
  return family == "qwen2" ? "Qwen2ForCausalLM" : "Qwen3ForCausalLM";
}

}  // namespace

HuggingFaceConfig read_hugging_face_config(const std::string& path) {
  json::parser parser;
  json::element root;
  const std::string text = read_text_file(path, kConfigBytesMax);
  std::string plain;
  if (parse_json(parser, text, root, plain) != simdjson::SUCCESS || !root.is_object())
    throw Error(fmt::format("{}: not a JSON object", path));
  const Keys keys(path, root);
  HuggingFaceConfig config;
  const std::vector<uint32_t> begins = keys.ids("bos_token_id");
  if (!begins.empty()) config.begin_of_text = begins[0];
  config.ends_of_text = keys.ids("eos_token_id");
  const std::string family(keys.find<std::string_view>("model_type").value_or("gpt2"));
  if (family == "gpt2") {
    config.model = read_gpt2(keys);
    config.gpt2_sizes = read_gpt2_sizes(keys);
  } else if (std::find(std::begin(kLlamaFamilies), std::end(kLlamaFamilies), family) != std::end(kLlamaFamilies)) {
    config.model = read_llama(keys, family);
  } else {
    keys.refuse("model_type", "gpt2, llama, mistral, qwen2 or qwen3");
  }
  return config;
}

std::string hugging_face_family(const ModelConfig& config) {
  if (config.score_head) throw UsageError("a reward model (model.score_head) is not written in Hugging Face's form");
  if (config.is_gpt2()) return "gpt2";
  const bool alike = !config.has_layernorm() && config.has_rotary() && config.mlp != "gelu";
  const bool all_biases = config.qkv_bias && config.projection_bias,
             no_bias = !config.qkv_bias && !config.projection_bias;
  const bool window = config.canonical().window > 0;
  if (alike && !config.mlp_bias && config.qk_norm && (all_biases || no_bias)) return "qwen3";
  if (alike && !config.qk_norm) {
    if (!config.mlp_bias && config.qkv_bias && !config.projection_bias) return "qwen2";
    if (!config.mlp_bias && no_bias && window) return "mistral";
    if (!window && (all_biases || no_bias)) return "llama";
  }
  throw UsageError("no model of Hugging Face's has the equations of this one (gpt2, llama, mistral, qwen2, qwen3)");
}

std::string hugging_face_config(const ModelConfig& config, int64_t end_of_text, const std::string& type) {
  const std::string family = hugging_face_family(config);
  JsonWriter json(true);
  json.begin_object().field("model_type", family).key("architectures").begin_array().value(architecture_of(family));
  json.end_array();
  family == "gpt2" ? write_gpt2(json, config) : write_llama(json, config, family);
  json.field("tie_word_embeddings", config.tied_head).field("torch_dtype", type);
  if (end_of_text >= 0) json.field("bos_token_id", end_of_text).field("eos_token_id", end_of_text);
  return json.end_object().take() + "\n";
}

}  // namespace ftok
