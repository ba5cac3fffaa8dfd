#include "trainer/files/hugging_face.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/lenient_json.h"
#include "core/shown.h"
#include "core/text_file.h"
#include "trainer/files/hugging_face_config.h"
#include "trainer/files/safetensors.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;
namespace json = simdjson::dom;

constexpr size_t kWeightFilesMax = 10'000;
constexpr char kConfigName[] = "config.json";
constexpr char kTokenizerName[] = "tokenizer.json";
constexpr std::string_view kGpt2Prefix = "transformer.", kPrefix = "model.";
constexpr int64_t kTile = 64;  // edge of the squares that a matrix is transposed in

// Columns [begin, begin + columns) of one of our tensors, as a tensor of theirs. Linear weights are output x input
// there, but for GPT-2.
struct Part {
  const Tensor* tensor;
  std::string name;  // without prefix
  int64_t begin, columns;
  bool transposed = false;

  std::vector<int64_t> shape() const {
    if (tensor->rows == 1) return {columns};
    return transposed ? std::vector<int64_t>{columns, tensor->rows_used}
                      : std::vector<int64_t>{tensor->rows_used, columns};
  }
  bool is_whole() const { return !transposed && columns == tensor->columns; }
};

// ours (rows, stride) and theirs (columns, rows): body(at in ours, at in theirs) for each element, square by square.
template <typename Body>
void for_each_element(const Part& part, const Body& body) {
  const int64_t rows = part.tensor->rows_used, stride = part.tensor->columns;
  if (!part.transposed) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < part.columns; ++c) body(r * stride + part.begin + c, r * part.columns + c);
    }
    return;
  }
  for (int64_t r0 = 0; r0 < rows; r0 += kTile) {
    for (int64_t c0 = 0; c0 < part.columns; c0 += kTile) {
      for (int64_t c = c0; c < std::min(part.columns, c0 + kTile); ++c) {
        for (int64_t r = r0; r < std::min(rows, r0 + kTile); ++r) body(r * stride + part.begin + c, c * rows + r);
      }
    }
  }
}

constexpr std::string_view kGateProjection = "mlp.gate_proj", kUpProjection = "mlp.up_proj";

// The parts of a tensor of one block of a Llama, Mistral or Qwen; `kind` is its name behind "h.N.", without ".weight".
void add_block_parts(const ModelConfig& config, const Tensor& tensor, const std::string& layer, std::string_view kind,
                     std::vector<Part>& parts) {
  const std::string ending = kind.ends_with(".bias") ? ".bias" : ".weight";
  kind.remove_suffix(ending.size());
  const bool matrix = tensor.rows > 1;
  const auto add = [&](std::string_view name, int64_t begin, int64_t columns) {
    parts.push_back({&tensor, layer + std::string(name) + ending, begin, columns, matrix});
  };
  const int64_t A = config.attention_channels(), K = config.key_heads() * config.head_channels(),
                F = config.inner_channels();
  if (kind == "attn.c_attn") {
    add("self_attn.q_proj", 0, A), add("self_attn.k_proj", A, K), add("self_attn.v_proj", A + K, K);
  } else if (kind == "mlp.c_fc") {
    add(kGateProjection, 0, F), add(kUpProjection, config.has_swiglu() ? F : 0, F);  // without a gate: twice the same
  } else {
    add(kind == "ln_1"          ? "input_layernorm"
        : kind == "ln_2"        ? "post_attention_layernorm"
        : kind == "attn.c_proj" ? "self_attn.o_proj"
        : kind == "attn.q_norm" ? "self_attn.q_norm"
        : kind == "attn.k_norm" ? "self_attn.k_norm"
                                : "mlp.down_proj",
        0, tensor.columns);
  }
}

std::vector<Part> parts_of(const ModelConfig& config, const ParameterLayout& layout) {
  std::vector<Part> parts;
  for (const Tensor& tensor : layout.tensors()) {
    const std::string_view name = tensor.name;
    if (config.is_gpt2()) {
      parts.push_back({&tensor, tensor.name, 0, tensor.columns});
    } else if (name.starts_with("h.")) {
      const size_t dot = name.find('.', 2);
      add_block_parts(config, tensor, "layers." + std::string(name.substr(2, dot - 2)) + ".", name.substr(dot + 1),
                      parts);
    } else {
      parts.push_back({&tensor,
                       name == "wte.weight"    ? "embed_tokens.weight"
                       : name == "ln_f.weight" ? "norm.weight"
                                               : tensor.name,
                       0, tensor.columns});
    }
  }
  return parts;
}

// Where the names in a file begin; the head has no prefix.
std::string prefixed(const ModelConfig& config, const std::string& name) {
  if (name == "lm_head.weight") return name;
  return std::string(config.is_gpt2() ? kGpt2Prefix : kPrefix) + name;
}

// The files that model.safetensors.index.json names, {"weight_map": {TENSOR: FILE}}; they lie beside it.
std::vector<std::string> indexed_files(const std::string& path) {
  json::parser parser;
  json::element root;
  json::object map;
  const std::string text = read_text_file(path, 1 << 28);
  std::string plain;
  if (parse_json(parser, text, root, plain) != simdjson::SUCCESS || root["weight_map"].get(map) != simdjson::SUCCESS)
    throw Error(fmt::format("{}: no \"weight_map\"", path));
  std::set<std::string> names;
  for (const auto field : map) {
    std::string_view name;
    if (field.value.get(name) != simdjson::SUCCESS || name.empty() || name.find('/') != std::string_view::npos ||
        name == "..") {
      throw Error(fmt::format("{}: {}: expected the name of a file beside it", path, field.key));
    }
    names.emplace(name);
  }
  if (names.empty() || names.size() > kWeightFilesMax)
    throw Error(fmt::format("{}: names {} files", path, names.size()));
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back((fs::path(path).parent_path() / name).string());
  return paths;
}

// The tensors of one file, or of those that an index names.
class Weights {
 public:
  explicit Weights(const std::string& path) : path_(path) {
    for (const std::string& part : path.ends_with(".json") ? indexed_files(path) : std::vector<std::string>{path}) {
      files_.push_back(std::make_unique<MappedFile>(part));
      Result<SafetensorsView> view = SafetensorsView::parse(files_.back()->bytes());
      if (!view)
        throw Error(
            fmt::format("{}: not a safetensors file: {}: {}", part, view.damage().code.view(), view.damage().detail));
      views_.push_back(std::move(*view));
      for (const TensorView& tensor : views_.back().tensors()) {
        const std::string_view name = without_prefix(tensor.name);
        if (!names_.emplace(name).second) throw Error(fmt::format("{}: tensor {} is there twice", part, name));
      }
      for (const auto& [name, type] : views_.back().of_other_types()) other_types_.emplace(without_prefix(name), type);
    }
  }

  const TensorView& tensor(const std::string& name) const {
    if (const TensorView* found = find(name)) return *found;
    const auto other = other_types_.find(name);
    if (other != other_types_.end()) refuse_type(name, other->second);
    throw Error(fmt::format("{}: no tensor {}", path_, name));
  }
  bool has(const std::string& name) const { return names_.count(name) > 0 || other_types_.count(name) > 0; }

  // The sizes of a GPT-2 are its tensors'.
  ModelConfig gpt2_config(int64_t heads) const {
    ModelConfig config;
    config.vocabulary_size = dimension("wte.weight", 0);
    config.channels = dimension("wte.weight", 1);
    config.length = dimension("wpe.weight", 0);
    config.layers = 0;
    while (has(fmt::format("h.{}.ln_1.weight", config.layers))) ++config.layers;
    config.heads = heads > 0 ? heads : config.channels / 64;
    return config;
  }

  // The tensors are there and of the shapes that the model has: before memory is asked for, so that what a config.json
  // says cannot ask for more than the files hold.
  void check(const std::vector<Part>& parts) const {
    for (const Part& part : parts) {
      const TensorView& found = tensor(part.name);
      if (found.shape == part.shape()) continue;
      throw Error(fmt::format("{}: {} is ({}), expected ({})", path_, part.name, fmt::join(found.shape, ","),
                              fmt::join(part.shape(), ",")));
    }
  }
  void fill(const Part& part, float* out) const {
    const TensorView& found = tensor(part.name);
    if (part.is_whole()) return found.copy_to(out);
    std::vector<float> values(static_cast<size_t>(found.size()));
    found.copy_to(values.data());
    for_each_element(part, [&](int64_t ours, int64_t theirs) { out[ours] = values[static_cast<size_t>(theirs)]; });
  }

  // A head of its own, where the embedding is to be the head, would be lost.
  void check_tied_head(const std::string& embedding) const {
    if (has("lm_head.weight") && tensor("lm_head.weight").bytes != tensor(embedding).bytes)
      throw Error(fmt::format("{}: lm_head.weight is not {}, but the head is said to be tied", path_, embedding));
  }

  // Where the MLP is squared ReLU, gate and up are the same.
  void check_gates(const std::vector<Part>& parts) const {
    for (const Part& part : parts) {
      const size_t at = part.name.find(kGateProjection);
      if (at == std::string::npos) continue;
      std::string up = part.name;
      up.replace(at, kGateProjection.size(), kUpProjection);
      if (tensor(part.name).bytes == tensor(up).bytes) continue;
      throw Error(fmt::format("{}: hidden_act is relu, but {} is not {}: not a model that ftok computes", path_,
                              part.name, up));
    }
  }

  // What config.json says of a GPT-2 is what its tensors are; and there are none of more layers.
  void check_gpt2(const std::string& config_path, const std::map<std::string, int64_t>& said,
                  const ModelConfig& config) const {
    const auto check_size = [&](const char* key, int64_t size, const std::string& of) {
      const auto at = said.find(key);
      if (at == said.end() || at->second == size) return;
      throw Error(fmt::format("{}: {} = {}, but {} of {} has {}", config_path, key, at->second, of, path_, size));
    };
    check_size("vocab_size", config.vocabulary_size, "wte.weight");
    check_size("n_embd", config.channels, "wte.weight");
    check_size("n_positions", config.length, "wpe.weight");
    check_size("n_ctx", config.length, "wpe.weight");
    check_size("n_inner", config.inner_channels(), "h.0.mlp.c_fc.weight");
    const auto layers = said.find("n_layer");
    if (layers != said.end() && layers->second != config.layers) {
      const bool lacks = layers->second > config.layers;
      throw Error(fmt::format("{}: n_layer = {}, but {} has {} h.{}.ln_1.weight", config_path, layers->second, path_,
                              lacks ? "no" : "a", lacks ? config.layers : layers->second));
    }
    for (const std::string& name : names_) {
      const size_t dot = name.find('.', 2);
      if (!name.starts_with("h.") || dot == std::string::npos) continue;
      int64_t layer = 0;
      const auto [end, error] = std::from_chars(name.data() + 2, name.data() + dot, layer);
      if (error == std::errc() && end == name.data() + dot && layer >= config.layers)
        throw Error(fmt::format("{}: tensor {} is beyond the model's {} layers", path_, name, config.layers));
    }
  }

  // What is in the file and takes no part would be computed by others. Buffers of old versions are left out.
  void check_all_used(const std::vector<Part>& parts) const {
    std::set<std::string> used;
    for (const Part& part : parts) used.insert(part.name);
    for (const std::string& name : names_) {
      if (used.count(name) > 0 || name == "lm_head.weight" || name.ends_with("rotary_emb.inv_freq")) continue;
      throw Error(fmt::format("{}: tensor {} has no place in the model of {}", path_, name, kConfigName));
    }
    for (const auto& [name, type] : other_types_) {
      if (used.count(name) == 0) refuse_type(name, type);
    }
  }

 private:
  [[noreturn]] void refuse_type(const std::string& name, const std::string& type) const {
    throw Error(fmt::format("{}: tensor {} is of type {}; F32, F16 and BF16 are read", path_, name, printable(type)));
  }
  static std::string_view without_prefix(std::string_view name) {
    for (const std::string_view prefix : {kGpt2Prefix, kPrefix}) {
      if (name.starts_with(prefix)) return name.substr(prefix.size());
    }
    return name;
  }
  const TensorView* find(const std::string& name) const {
    for (const std::string& full : {name, std::string(kGpt2Prefix) + name, std::string(kPrefix) + name}) {
      for (const SafetensorsView& view : views_) {
        if (const TensorView* found = view.find(full)) return found;
      }
    }
    return nullptr;
  }
  int64_t dimension(const std::string& name, size_t index) const {
    const TensorView& found = tensor(name);
    if (found.shape.size() != 2) throw Error(fmt::format("{}: {} is not a matrix", path_, name));
    return found.shape[index];
  }

  std::string path_;  // of the file, or of the index
  std::vector<std::unique_ptr<MappedFile>> files_;
  std::vector<SafetensorsView> views_;
  std::set<std::string> names_;                     // without the prefix
  std::map<std::string, std::string> other_types_;  // of tensors that are not read, by name without the prefix
};

// The tensors' sources, in order; what is cut or transposed is made when it is written.
std::vector<TensorSource> sources_of(const ModelConfig& config, const std::vector<Part>& parts,
                                     const std::vector<float>& parameters) {
  std::vector<TensorSource> sources;
  for (const Part& part : parts) {
    const float* const ours = parameters.data() + part.tensor->offset;
    TensorSource source{prefixed(config, part.name), part.shape(), part.is_whole() ? ours : nullptr, {}};
    if (!part.is_whole()) {
      source.make = [part, ours] {
        std::vector<float> values(static_cast<size_t>(part.tensor->rows_used * part.columns));
        for_each_element(part, [&](int64_t at, int64_t theirs) { values[static_cast<size_t>(theirs)] = ours[at]; });
        return values;
      };
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

// Sources that go to one file each, in order: as many as stay below `bytes_max`, at least one.
std::vector<std::vector<TensorSource>> files_of(std::vector<TensorSource> sources, uint64_t bytes_max, bool bfloat16) {
  std::vector<std::vector<TensorSource>> files(1);
  uint64_t bytes = 0;
  for (TensorSource& source : sources) {
    const uint64_t size = source.elements() * (bfloat16 ? 2 : 4);
    if (!files.back().empty() && bytes + size > bytes_max) files.emplace_back(), bytes = 0;
    bytes += size;
    files.back().push_back(std::move(source));
  }
  return files;
}

}  // namespace

ModelFile read_hugging_face(const std::string& path, int64_t heads) {
  const fs::path folder = fs::path(path).parent_path();
  const std::string config_path = (folder / kConfigName).string(), tokenizer = (folder / kTokenizerName).string();
  std::error_code code;
  HuggingFaceConfig said;
  if (fs::exists(config_path, code)) said = read_hugging_face_config(config_path);
  ModelConfig config = said.model;
  const bool gpt2 = !config.has_rotary();
  const Weights weights(path);
  if (gpt2) config = weights.gpt2_config(fs::exists(config_path, code) ? config.heads : heads);
  try {
    config.check();
  } catch (const UsageError& error) {
    throw Error(fmt::format("{}: {}", gpt2 ? path : config_path, error.what()));
  }
  const ParameterLayout layout(config);
  const std::vector<Part> parts = parts_of(config, layout);
  weights.check(parts);
  if (config.tied_head) weights.check_tied_head(parts[0].name);
  if (gpt2) {
    weights.check_gpt2(config_path, said.gpt2_sizes, config);
  } else {
    weights.check_all_used(parts);
    if (!config.has_swiglu()) weights.check_gates(parts);
  }
  ModelFile model{config, {}, "safetensors", path, "", "", 0};
  model.begin_of_text = said.begin_of_text, model.ends_of_text = std::move(said.ends_of_text);
  if (fs::exists(tokenizer, code)) model.vocabulary = tokenizer;
  model.parameters.resize(static_cast<size_t>(layout.size()));
  for (const Part& part : parts) weights.fill(part, model.parameters.data() + part.tensor->offset);
  return model;
}

void write_hugging_face(const std::string& folder, const ModelConfig& config, const std::vector<float>& parameters,
                        const HuggingFaceOptions& options) {
  const std::string text = hugging_face_config(config, options.end_of_text, options.bfloat16 ? "bfloat16" : "float32");
  make_folder(folder);
  const ParameterLayout layout(config);
  const std::vector<std::vector<TensorSource>> files =
      files_of(sources_of(config, parts_of(config, layout), parameters), options.file_bytes_max, options.bfloat16);
  const SafetensorsOptions format{{{"format", "pt"}}, options.bfloat16};
  if (files.size() == 1) {
    write_safetensors(folder + "/" + kWeightsName, files[0], format);
  } else {
    JsonWriter index(true);
    index.begin_object().key("metadata").begin_object();
    uint64_t elements = 0;
    for (const std::vector<TensorSource>& file : files) {
      for (const TensorSource& source : file) elements += source.elements();
    }
    index.field("total_size", elements * (options.bfloat16 ? 2 : 4)).end_object();
    index.key("weight_map").begin_object();
    for (size_t i = 0; i < files.size(); ++i) {
      const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, files.size());
      write_safetensors(folder + "/" + name, files[i], format);
      for (const TensorSource& source : files[i]) index.field(source.name, name);
    }
    write_output(folder + "/" + kWeightsIndexName, index.end_object().end_object().take() + "\n");
  }
  fs::remove(folder + "/" + (files.size() == 1 ? kWeightsIndexName : kWeightsName));  // of an export before
  write_output(folder + "/" + kConfigName, text);
}

}  // namespace ftok
