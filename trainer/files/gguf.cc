#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <map>

#include "core/error.h"
#include "core/file.h"
#include "trainer/files/hugging_face_config.h"
#include "trainer/layers/bfloat16.h"
#include "trainer/layers/rotary_table.h"
#include "trainer/model_file.h"

namespace ftok {
namespace {

// github.com/ggml-org/ggml, docs/gguf.md
constexpr uint32_t kGgufVersion = 3;
constexpr uint64_t kGgufAlignment = 32;
enum Type : uint32_t { kUint32 = 4, kInt32 = 5, kFloat32 = 6, kBool = 7, kString = 8, kArray = 9 };
enum TensorKind : uint32_t { kF32 = 0, kTypeBf16 = 30 };
constexpr uint32_t kFileIsF32 = 0, kFileIsBf16 = 32;
enum TokenKind : int32_t { kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5 };

template <typename T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& out, std::string_view text) {
  append(out, static_cast<uint64_t>(text.size()));
  out += text;
}

// Keys and their values, counted.
class Metadata {
 public:
  void text(std::string_view key, std::string_view value) { begin(key, kString), append_text(bytes_, value); }
  void count(std::string_view key, int64_t value) { begin(key, kUint32), append(bytes_, static_cast<uint32_t>(value)); }
  void real(std::string_view key, double value) { begin(key, kFloat32), append(bytes_, static_cast<float>(value)); }
  void flag(std::string_view key, bool value) { begin(key, kBool), append(bytes_, static_cast<uint8_t>(value)); }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    begin_array(key, kString, values.size());
    for (const std::string& value : values) append_text(bytes_, value);
  }
  void numbers(std::string_view key, const std::vector<int32_t>& values) {
    begin_array(key, kInt32, values.size());
    for (const int32_t value : values) append(bytes_, value);
  }
  uint64_t keys() const { return keys_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, Type type) {
    append_text(bytes_, key);
    append(bytes_, static_cast<uint32_t>(type));
    ++keys_;
  }
  void begin_array(std::string_view key, Type type, size_t size) {
    begin(key, kArray);
    append(bytes_, static_cast<uint32_t>(type));
    append(bytes_, static_cast<uint64_t>(size));
  }
  std::string bytes_;
  uint64_t keys_ = 0;
};

// A tensor as the file has it: rows of `columns` values, output by input for a linear layer; one row for a vector.
struct GgufTensor {
  std::string name;
  int64_t rows = 1, columns = 0;
  std::function<std::vector<float>()> make;

  bool is_vector() const { return rows == 1; }
  uint64_t elements() const { return static_cast<uint64_t>(rows * columns); }
};

class TensorList {
 public:
  TensorList(const ModelConfig& config, const std::vector<float>& parameters, bool turned_pairs)
      : config_(config), parameters_(parameters), turned_pairs_(turned_pairs) {
    const ParameterLayout layout(config);
    for (const Tensor& tensor : layout.tensors()) add(tensor);
    if (config.rope_scaling == "llama3") add_rotary_factors();
  }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

 private:
  void add(const Tensor& tensor) {
    const std::string_view name = tensor.name;
    if (!name.starts_with("h.")) {
      static const std::map<std::string_view, const char*> kOutside = {
          {"wte.weight", "token_embd.weight"},   {"wpe.weight", "position_embd.weight"},
          {"ln_f.weight", "output_norm.weight"}, {"ln_f.bias", "output_norm.bias"},
          {"lm_head.weight", "output.weight"},
      };
      return add_whole(tensor, kOutside.at(name));
    }
    const size_t dot = name.find('.', 2);
    const std::string block = fmt::format("blk.{}.", name.substr(2, dot - 2));
    std::string_view kind = name.substr(dot + 1);
    const std::string ending = kind.ends_with(".bias") ? ".bias" : ".weight";
    kind.remove_suffix(ending.size());
    add_of_block(tensor, block, kind, ending);
  }

  void add_of_block(const Tensor& tensor, const std::string& block, std::string_view kind, const std::string& ending) {
    const int64_t A = config_.attention_channels(), K = config_.key_heads() * config_.head_channels(),
                  F = config_.inner_channels();
    const bool is_gpt2 = config_.is_gpt2();
    if (kind == "attn.c_attn" && !is_gpt2) {
      add_part(tensor, block + "attn_q" + ending, 0, A, turned_pairs_);
      add_part(tensor, block + "attn_k" + ending, A, K, turned_pairs_);
      add_part(tensor, block + "attn_v" + ending, A + K, K, false);
    } else if (kind == "mlp.c_fc" && !is_gpt2) {
      add_part(tensor, block + "ffn_gate" + ending, 0, F, false);
      add_part(tensor, block + "ffn_up" + ending, F, F, false);
    } else {
      static const std::map<std::string_view, const char*> kInside = {
          {"ln_1", "attn_norm"},          {"ln_2", "ffn_norm"},           {"attn.c_attn", "attn_qkv"},
          {"attn.c_proj", "attn_output"}, {"mlp.c_fc", "ffn_up"},         {"mlp.c_proj", "ffn_down"},
          {"attn.q_norm", "attn_q_norm"}, {"attn.k_norm", "attn_k_norm"},
      };
      add_part(tensor, block + kInside.at(kind) + ending, 0, tensor.columns, false);
    }
  }

  // Embeddings and norms, as they lie.
  void add_whole(const Tensor& tensor, const std::string& name) {
    const float* const ours = parameters_.data() + tensor.offset;
    const int64_t n = tensor.rows_used * tensor.columns;
    tensors_.push_back({name, tensor.rows_used, tensor.columns, [=] { return std::vector<float>(ours, ours + n); }});
  }

  // Outputs [begin, begin + count) of a linear layer, or of its bias. `turned`: the outputs of each head in the order
  // in which the two channels that a rotary position turns together stand side by side, as llama.cpp's llama wants
  // them.
  void add_part(const Tensor& tensor, const std::string& name, int64_t begin, int64_t count, bool turned) {
    const float* const ours = parameters_.data() + tensor.offset + begin;
    const int64_t inputs = tensor.rows, stride = tensor.columns, D = config_.head_channels();
    const auto source = [=](int64_t output) {
      if (!turned) return output;
      const int64_t within = output % D;
      return output - within + within % 2 * (D / 2) + within / 2;
    };
    const auto make = [=] {
      std::vector<float> values(static_cast<size_t>(count * inputs));
      for (int64_t o = 0; o < count; ++o) {
        for (int64_t i = 0; i < inputs; ++i) values[static_cast<size_t>(o * inputs + i)] = ours[i * stride + source(o)];
      }
      return values;
    };
    inputs == 1 ? tensors_.push_back({name, 1, count, make}) : tensors_.push_back({name, count, inputs, make});
  }

  // By what Llama 3's scaling divides the turns of each pair of channels.
  void add_rotary_factors() {
    ModelConfig plain = config_;
    plain.rope_scaling = "none";
    const std::vector<double> scaled = rotary_frequencies(config_), unscaled = rotary_frequencies(plain);
    std::vector<float> factors;
    for (size_t i = 0; i < scaled.size(); ++i) factors.push_back(static_cast<float>(unscaled[i] / scaled[i]));
    tensors_.push_back({"rope_freqs.weight", 1, static_cast<int64_t>(factors.size()), [=] { return factors; }});
  }

  const ModelConfig& config_;
  const std::vector<float>& parameters_;
  bool turned_pairs_;
  std::vector<GgufTensor> tensors_;
};

void add_shape(Metadata& metadata, const ModelConfig& config, const std::string& architecture) {
  const auto key = [&](const char* name) { return architecture + "." + name; };
  metadata.count(key("context_length"), config.length);
  metadata.count(key("embedding_length"), config.channels);
  metadata.count(key("block_count"), config.layers);
  metadata.count(key("feed_forward_length"), config.inner_channels());
  metadata.count(key("attention.head_count"), config.heads);
  metadata.count(key("attention.head_count_kv"), config.key_heads());
  metadata.count(key("vocab_size"), config.vocabulary_size);
  metadata.real(key(config.has_layernorm() ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"),
                config.norm_epsilon);
  if (!config.has_rotary()) return;
  metadata.count(key("attention.key_length"), config.head_channels());
  metadata.count(key("attention.value_length"), config.head_channels());
  metadata.count(key("rope.dimension_count"), config.head_channels());
  metadata.real(key("rope.freq_base"), config.rope_theta);
  if (config.rope_scaling == "linear") {
    metadata.text(key("rope.scaling.type"), "linear");
    metadata.real(key("rope.scaling.factor"), config.rope_factor);
  }
}

// llama.cpp's name for the pattern; it knows no other expressions than those of its list.
std::string pre_tokenizer_of(const Vocabulary& vocabulary) {
  switch (vocabulary.pattern) {
    case Pattern::kGpt2:
    case Pattern::kGpt2Original: return "gpt-2";
    case Pattern::kCl100k:
    case Pattern::kLlama3: return "llama-bpe";
    case Pattern::kQwen2: return "qwen2";
    case Pattern::kO200k: return "gpt-4o";
    case Pattern::kSmollm: return "smollm";
    case Pattern::kTekken:
      throw UsageError(vocabulary.name + ": its pattern, tekken, is not one whose GGUF ftok writes");
    case Pattern::kOwn: break;
  }
  throw UsageError(fmt::format("{}: its pattern is its own; readers of GGUF only know those of published vocabularies",
                               vocabulary.name));
}

void add_tokenizer(Metadata& metadata, const ModelConfig& config, const GgufOptions& options) {
  const Vocabulary& vocabulary = *options.vocabulary;
  SpelledVocabulary spelled = spell_vocabulary(vocabulary);
  const size_t V = static_cast<size_t>(config.vocabulary_size);
  std::vector<int32_t> kinds(std::max(V, spelled.tokens.size()), kNormal);
  spelled.tokens.resize(kinds.size());
  for (const SpecialToken& special : vocabulary.specials) {
    if (special.id >= kinds.size()) spelled.tokens.resize(special.id + 1), kinds.resize(special.id + 1, kNormal);
    spelled.tokens[special.id] = special.text;
    kinds[special.id] = special.special ? kControl : kUserDefined;
  }
  if (spelled.tokens.size() > V) {
    throw UsageError(
        fmt::format("{}: its {} tokens are more than the model's {}", vocabulary.name, spelled.tokens.size(), V));
  }
  for (size_t id = 0; id < V; ++id) {
    if (spelled.tokens[id].empty()) spelled.tokens[id] = fmt::format("[unused{}]", id), kinds[id] = kUnused;
  }
  metadata.text("tokenizer.ggml.model", "gpt2");
  metadata.text("tokenizer.ggml.pre", pre_tokenizer_of(vocabulary));
  metadata.texts("tokenizer.ggml.tokens", spelled.tokens);
  metadata.numbers("tokenizer.ggml.token_type", kinds);
  metadata.texts("tokenizer.ggml.merges", spelled.merges);
  if (options.end_of_text) {
    for (const char* const key : {"bos", "eos", "padding"})
      metadata.count(fmt::format("tokenizer.ggml.{}_token_id", key), *options.end_of_text);
  }
  if (options.end_of_answer) metadata.count("tokenizer.ggml.eot_token_id", *options.end_of_answer);
  metadata.flag("tokenizer.ggml.add_bos_token", false);
  if (!options.chat_template.empty()) metadata.text("tokenizer.chat_template", options.chat_template);
}

void write_values(AtomicFile& file, const GgufTensor& tensor, bool bfloat16) {
  const std::vector<float> values = tensor.make();
  if (!bfloat16) {
    file.write({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
    return;
  }
  std::vector<Bf16> rounded;
  rounded.reserve(values.size());
  for (const float value : values) rounded.push_back(to_bfloat16(value));
  file.write({reinterpret_cast<const char*>(rounded.data()), rounded.size() * sizeof(Bf16)});
}

// Refuses what no class of llama.cpp computes: it reads such a file not at all, or without a word as another model.
void check_readable(const ModelConfig& config, const std::string& architecture) {
  if (config.mlp == "relu2")
    throw UsageError("no model of llama.cpp's has the equations of this one: squared ReLU (model.mlp = \"relu2\")");
  if (config.canonical().window > 0)
    throw UsageError(
        "a model with a window (model.window) is not written as GGUF: its readers would see all positions");
  const auto refuse = [&](const char* what) {
    throw UsageError(fmt::format("llama.cpp has no {} {}", architecture, what));
  };
  const bool is_qwen = architecture == "qwen2" || architecture == "qwen3";
  if (is_qwen && config.rope_scaling == "llama3") refuse("with Llama 3's scaling (model.rope_scaling = \"llama3\")");
  if (architecture == "qwen3" && (config.qkv_bias || config.projection_bias))
    refuse("with biases in attention (model.qkv_bias, model.projection_bias)");
  if (architecture == "qwen2" && config.attention_channels() != config.channels)
    refuse("whose heads together are not as wide as the model (model.head_size)");
}

}  // namespace

void write_gguf(const std::string& path, const ModelConfig& config, const std::vector<float>& parameters,
                const GgufOptions& options) {
  const std::string family = hugging_face_family(config);
  const std::string architecture = family == "mistral" ? "llama" : family;
  check_readable(config, architecture);
  const auto is_narrow = [&](const GgufTensor& tensor) { return options.bfloat16 && !tensor.is_vector(); };
  Metadata metadata;
  metadata.text("general.architecture", architecture);
  metadata.text("general.name", options.name);
  metadata.count("general.file_type", options.bfloat16 ? kFileIsBf16 : kFileIsF32);
  add_shape(metadata, config, architecture);
  add_tokenizer(metadata, config, options);
  const TensorList list(config, parameters, architecture == "llama");

  std::string head = "GGUF";
  append(head, kGgufVersion);
  append(head, static_cast<uint64_t>(list.tensors().size()));
  append(head, metadata.keys());
  head += metadata.bytes();
  uint64_t offset = 0;
  for (const GgufTensor& tensor : list.tensors()) {
    append_text(head, tensor.name);
    append(head, uint32_t{tensor.is_vector() ? 1u : 2u});
    append(head, static_cast<uint64_t>(tensor.columns));  // what lies side by side comes first
    if (!tensor.is_vector()) append(head, static_cast<uint64_t>(tensor.rows));
    append(head, static_cast<uint32_t>(is_narrow(tensor) ? kTypeBf16 : kF32));
    append(head, offset);
    const uint64_t bytes = tensor.elements() * (is_narrow(tensor) ? sizeof(Bf16) : sizeof(float));
    offset += (bytes + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
  }
  AtomicFile file(path);
  file.write(head);
  const auto fill = [&] {
    file.write(std::string((kGgufAlignment - file.size() % kGgufAlignment) % kGgufAlignment, '\0'));
  };
  fill();
  for (const GgufTensor& tensor : list.tensors()) {
    write_values(file, tensor, is_narrow(tensor));
    fill();
  }
  file.commit();
}

}  // namespace ftok
