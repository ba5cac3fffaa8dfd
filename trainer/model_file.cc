#include "trainer/model_file.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "trainer/checkpoint.h"
#include "trainer/files/hugging_face.h"
#include "trainer/files/llmc_model.h"
#include "trainer/train_recipe.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

ModelFile model_of(Checkpoint checkpoint, const std::string& path) {
  const TrainRecipe recipe = parse_train_recipe(checkpoint.recipe, path);
  if (static_cast<int64_t>(checkpoint.parameters.size()) != ParameterLayout(recipe.model).size()) {
    throw Error(fmt::format("{}: its {} parameters do not fit the model that its recipe describes", path,
                            checkpoint.parameters.size()));
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
    if (!checkpoint)
      throw Error(fmt::format("{}: not a complete checkpoint ({})", path, checkpoint.damage().code.view()));
    return model_of(std::move(*checkpoint), path);
  }
  if (is_llmc_model(start)) return read_llmc(path);
  if (path.ends_with(".safetensors") || path.ends_with(".safetensors.index.json"))
    return read_hugging_face(path, heads);
  throw Error(fmt::format("{}: not an ftok checkpoint, a *.safetensors file or an llm.c GPT-2", path));
}

ModelFile read_any_model(const std::string& path, int64_t heads, const Log& log) {
  refuse_address(path);
  std::error_code code;
  if (fs::is_regular_file(path, code)) return read_model_file(path, heads);
  for (const char* const name : {kWeightsName, kWeightsIndexName}) {
    if (fs::exists(path + "/" + name, code)) return read_hugging_face(path + "/" + name, heads);
  }
  for (const std::string& folder : {path + "/checkpoints", path}) {
    if (std::optional<Checkpoint> checkpoint = read_latest_checkpoint(folder, log))
      return model_of(std::move(*checkpoint), folder);
  }
  throw UsageError(fmt::format("{}: not a model: expected a file, an output folder of ftok train, or a folder with {}",
                               path, kWeightsName));
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

}  // namespace ftok
