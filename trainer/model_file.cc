#include "trainer/model_file.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text_file.h"
#include "trainer/checkpoint.h"
#include "trainer/files/llmc_model.h"
#include "trainer/files/safetensors.h"
#include "trainer/train_recipe.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;
namespace json = simdjson::dom;

constexpr char kWeightsName[] = "model.safetensors";
constexpr char kIndexName[] = "model.safetensors.index.json";
constexpr size_t kWeightFilesMax = 10'000;
constexpr char kConfigName[] = "config.json";
constexpr std::string_view kPrefix = "transformer.";
constexpr double kLayerNormEpsilon = 1e-5;  // trainer/cpu/layernorm.cc

// What config.json says that the weights do not.
struct HuggingFaceConfig {
  int64_t heads = 0;
};

// Refuses what ftok would not compute exactly, by key.
HuggingFaceConfig read_config(const std::string& path) {
  json::parser parser;
  json::element root;
  const std::string text = read_text_file(path, 1 << 24);
  if (parser.parse(text).get(root) != simdjson::SUCCESS) throw Error(fmt::format("{}: not JSON", path));
  const auto refuse = [&](std::string_view key, std::string_view expected) {
    throw Error(fmt::format("{}: {} is not {}: not the GPT-2 that ftok computes", path, key, expected));
  };
  std::string_view word;
  if (root["model_type"].get(word) == simdjson::SUCCESS && word != "gpt2") refuse("model_type", "gpt2");
  if (root["activation_function"].get(word) == simdjson::SUCCESS && word != "gelu_new" && word != "gelu_pytorch_tanh") {
    refuse("activation_function", "gelu_new");
  }
  double number = 0;
  if (root["layer_norm_epsilon"].get(number) == simdjson::SUCCESS && number != kLayerNormEpsilon) {
    refuse("layer_norm_epsilon", "1e-05");
  }
  bool truth = false;
  if (root["scale_attn_by_inverse_layer_idx"].get(truth) == simdjson::SUCCESS && truth)
    refuse("scale_attn_by_inverse_layer_idx", "false");
  if (root["scale_attn_weights"].get(truth) == simdjson::SUCCESS && !truth) refuse("scale_attn_weights", "true");
  if (root["tie_word_embeddings"].get(truth) == simdjson::SUCCESS && !truth) refuse("tie_word_embeddings", "true");
  HuggingFaceConfig config;
  if (root["n_head"].get(config.heads) != simdjson::SUCCESS) throw Error(fmt::format("{}: no n_head", path));
  return config;
}

// The files that model.safetensors.index.json names, {"weight_map": {TENSOR: FILE}}; they lie beside it.
std::vector<std::string> indexed_files(const std::string& path) {
  json::parser parser;
  json::object map;
  const std::string text = read_text_file(path, 1 << 28);
  if (parser.parse(text)["weight_map"].get(map) != simdjson::SUCCESS)
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
class HuggingFaceModel {
 public:
  explicit HuggingFaceModel(const std::string& path) : path_(path) {
    for (const std::string& part : path.ends_with(".json") ? indexed_files(path) : std::vector<std::string>{path}) {
      files_.push_back(std::make_unique<MappedFile>(part));
      Result<SafetensorsView> view = SafetensorsView::parse(files_.back()->bytes());
      if (!view)
        throw Error(fmt::format("{}: no safetensors: {}: {}", part, view.damage().code.view(), view.damage().detail));
      views_.push_back(std::move(*view));
      for (const TensorView& tensor : views_.back().tensors()) {
        std::string_view name = tensor.name;
        if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
        if (!names_.emplace(name).second) throw Error(fmt::format("{}: tensor {} is there twice", part, name));
      }
    }
  }

  const TensorView& tensor(const std::string& name) const {
    if (const TensorView* found = find(name)) return *found;
    throw Error(fmt::format("{}: no tensor {}: no GPT-2", path_, name));
  }
  bool has(const std::string& name) const { return find(name) != nullptr; }
  int64_t dimension(const std::string& name, size_t index) const {
    const TensorView& found = tensor(name);
    if (found.shape.size() != 2) throw Error(fmt::format("{}: {} is no matrix", path_, name));
    return found.shape[index];
  }

  ModelConfig config(int64_t heads) const {
    ModelConfig config;
    config.vocabulary_size = dimension("wte.weight", 0);
    config.channels = dimension("wte.weight", 1);
    config.length = dimension("wpe.weight", 0);
    config.layers = 0;
    while (has(fmt::format("h.{}.ln_1.weight", config.layers))) ++config.layers;
    config.heads = heads > 0 ? heads : config.channels / 64;
    try {
      config.check();
    } catch (const UsageError& error) {
      throw Error(fmt::format("{}: {}", path_, error.what()));
    }
    return config;
  }

  void fill(const Tensor& tensor, float* out) const {
    const TensorView& found = this->tensor(tensor.name);
    const std::vector<int64_t> shape = tensor.rows == 1 ? std::vector<int64_t>{tensor.columns}
                                                        : std::vector<int64_t>{tensor.rows_used, tensor.columns};
    if (found.shape != shape) {
      throw Error(fmt::format("{}: {} is ({}), expected ({})", path_, tensor.name, fmt::join(found.shape, ","),
                              fmt::join(shape, ",")));
    }
    found.copy_to(out);
  }

  // The head is the embedding here: a head of its own would be lost.
  void check_head() const {
    const TensorView* const head = find("lm_head.weight");
    if (head != nullptr && head->bytes != tensor("wte.weight").bytes) {
      throw Error(fmt::format(
          "{}: lm_head.weight is not wte.weight: an untied head is not the GPT-2 that ftok computes", path_));
    }
  }

 private:
  const TensorView* find(const std::string& name) const {
    for (const std::string& full : {name, std::string(kPrefix) + name}) {
      for (const SafetensorsView& view : views_) {
        if (const TensorView* found = view.find(full)) return found;
      }
    }
    return nullptr;
  }

  std::string path_;  // of the file, or of the index
  std::vector<std::unique_ptr<MappedFile>> files_;
  std::vector<SafetensorsView> views_;
  std::set<std::string> names_;  // without the prefix
};

ModelFile read_hugging_face(const std::string& path, int64_t heads) {
  const std::string config_path = (fs::path(path).parent_path() / kConfigName).string();
  if (heads == 0 && fs::exists(config_path)) heads = read_config(config_path).heads;
  const HuggingFaceModel weights(path);
  weights.check_head();
  ModelFile model{weights.config(heads), {}, "safetensors", path, "", "", 0};
  const ParameterLayout layout(model.config);
  model.parameters.resize(static_cast<size_t>(layout.size()));
  for (const Tensor& tensor : layout.tensors()) weights.fill(tensor, model.parameters.data() + tensor.offset);
  return model;
}

ModelFile model_of(Checkpoint checkpoint, const std::string& path) {
  const TrainRecipe recipe = parse_train_recipe(checkpoint.recipe, path);
  if (static_cast<int64_t>(checkpoint.parameters.size()) != ParameterLayout(recipe.model).size()) {
    throw Error(
        fmt::format("{}: {} parameters do not make the model its recipe names", path, checkpoint.parameters.size()));
  }
  return {
      recipe.model,   std::move(checkpoint.parameters), "ftok checkpoint", path, recipe.vocabulary, checkpoint.recipe,
      checkpoint.step};
}

ModelFile read_model_file(const std::string& path, int64_t heads) {
  const std::string start = [&] {
    const MappedFile file(path);
    return std::string(file.bytes().substr(0, 8));
  }();
  if (start == "FTOKCKPT") {
    Result<Checkpoint> checkpoint = read_checkpoint(path);
    if (!checkpoint) throw Error(fmt::format("{}: no whole checkpoint ({})", path, checkpoint.damage().code.view()));
    return model_of(std::move(*checkpoint), path);
  }
  if (is_llmc_model(start)) return read_llmc(path);
  if (path.ends_with(".safetensors") || path.ends_with(".safetensors.index.json"))
    return read_hugging_face(path, heads);
  throw Error(fmt::format("{}: neither an ftok checkpoint, nor *.safetensors, nor llm.c's GPT-2", path));
}

ModelFile read_any_model(const std::string& path, int64_t heads, const Log& log) {
  std::error_code code;
  if (fs::is_regular_file(path, code)) return read_model_file(path, heads);
  for (const char* const name : {kWeightsName, kIndexName}) {
    if (fs::exists(path + "/" + name, code)) return read_hugging_face(path + "/" + name, heads);
  }
  for (const std::string& folder : {path + "/checkpoints", path}) {
    if (std::optional<Checkpoint> checkpoint = read_latest_checkpoint(folder, log))
      return model_of(std::move(*checkpoint), folder);
  }
  throw UsageError(
      fmt::format("{}: no model: neither a file, nor a folder of ftok train, nor one with {}", path, kWeightsName));
}

// NaN is refused where it comes in: in sums it spreads, and in comparisons it decides.
void check_weights(const ModelFile& model) {
  const ParameterLayout layout(model.config);
  for (const Tensor& tensor : layout.tensors()) {
    for (int64_t i = 0; i < tensor.size(); ++i) {
      const float weight = model.parameters[static_cast<size_t>(tensor.offset + i)];
      if (std::isfinite(weight)) continue;
      throw Error(fmt::format("{}: {}: weight {} is {}, not a finite number", model.path, tensor.name, i, weight));
    }
  }
}

}  // namespace

ModelFile read_model(const std::string& path, int64_t heads, const Log& log) {
  ModelFile model = read_any_model(path, heads, log);
  check_weights(model);
  return model;
}

void write_hugging_face(const std::string& folder, const ModelConfig& config, const std::vector<float>& parameters,
                        int64_t end_of_text) {
  make_folder(folder);
  std::vector<TensorSource> tensors;
  const ParameterLayout layout(config);
  for (const Tensor& tensor : layout.tensors()) {
    tensors.push_back({std::string(kPrefix) + tensor.name,
                       tensor.rows == 1 ? std::vector<int64_t>{tensor.columns}
                                        : std::vector<int64_t>{tensor.rows_used, tensor.columns},
                       parameters.data() + tensor.offset});
  }
  write_safetensors(folder + "/" + kWeightsName, tensors, {{"format", "pt"}});
  JsonWriter json(true);
  json.begin_object()
      .field("model_type", "gpt2")
      .key("architectures")
      .begin_array()
      .value("GPT2LMHeadModel")
      .end_array();
  json.field("vocab_size", config.vocabulary_size).field("n_positions", config.length).field("n_ctx", config.length);
  json.field("n_embd", config.channels).field("n_layer", config.layers).field("n_head", config.heads);
  json.field("activation_function", "gelu_new")
      .field("layer_norm_epsilon", kLayerNormEpsilon)
      .field("initializer_range", 0.02);
  json.field("attn_pdrop", 0.0).field("embd_pdrop", 0.0).field("resid_pdrop", 0.0);
  json.field("scale_attn_weights", true).field("tie_word_embeddings", true).field("torch_dtype", "float32");
  if (end_of_text >= 0) json.field("bos_token_id", end_of_text).field("eos_token_id", end_of_text);
  write_output(folder + "/" + kConfigName, json.end_object().take() + "\n");
}

}  // namespace ftok
