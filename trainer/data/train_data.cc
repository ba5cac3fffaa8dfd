#include "trainer/data/train_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/recipe.h"
#include "shards/manifest.h"
#include "trainer/evaluate.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

std::string fitting_keys(const Manifest& manifest) {
  return fmt::format("vocabulary = \"{}\" and model.vocabulary_size = {} fit these shards", manifest.vocabulary.name,
                     manifest.vocabulary.size);
}

// Holds the recipe against the folder's manifest, where it has one, and says how documents are told apart.
LoaderOptions loader_options(const TrainRecipe& recipe, const Encoding* encoding, const std::string& path) {
  LoaderOptions options{recipe.model.length,
                        static_cast<uint64_t>(recipe.model.vocabulary_size),
                        static_cast<uint64_t>(recipe.training.seed),
                        recipe.training.shuffle,
                        std::nullopt,
                        true};
  std::optional<uint32_t> end_of_text = encoding == nullptr ? std::nullopt : encoding->end_of_text();
  const std::string manifest_path = path + "/" + kManifestName;
  std::error_code code;
  if (fs::exists(manifest_path, code)) {
    const Manifest manifest = read_manifest(manifest_path);
    if (manifest.vocabulary.size > options.vocabulary_size) {
      throw UsageError(fmt::format("{}: encoded with {}, which has {} ids, but model.vocabulary_size = {}; {}", path,
                                   manifest.vocabulary.name, manifest.vocabulary.size, options.vocabulary_size,
                                   fitting_keys(manifest)));
    }
    if (encoding != nullptr && manifest.vocabulary.digest != encoding->digest()) {
      throw UsageError(fmt::format("{}: encoded with the vocabulary {}, but the recipe names another, \"{}\"; {}", path,
                                   manifest.vocabulary.name, recipe.vocabulary, fitting_keys(manifest)));
    }
    end_of_text = static_cast<uint32_t>(manifest.vocabulary.end_of_text);
    options.end_of_text_first = manifest.placement == EndOfText::kBefore;
    if (manifest.placement == EndOfText::kNone) end_of_text = std::nullopt;
  }
  if (recipe.training.document_mask) {
    if (!end_of_text) throw UsageError("training.document_mask: these shards do not say where documents end");
    options.document_mask_end_of_text = end_of_text;
    options.whole_documents = recipe.training.whole_documents;
  }
  return options;
}

Mixture::Source open_source(const TrainRecipe& recipe, const Encoding* encoding, const DataPath& data,
                            const std::vector<std::string>& shards) {
  return {std::make_unique<Loader>(shards, loader_options(recipe, encoding, data.path)), data.weight, data.path};
}

// The last part of a path: "web" of "corpora/web/".
std::string name_of(const DataPath& data) {
  const fs::path path = fs::path(data.path).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// The recipe's stages, in windows and in the order of the data.
std::vector<Mixture::Stage> stages_of(const TrainRecipe& recipe, const std::vector<DataPath>& data) {
  std::vector<std::string> names;
  for (const DataPath& path : data) names.push_back(name_of(path));
  std::vector<Mixture::Stage> stages;
  for (size_t i = 0; i < recipe.mixture.size(); ++i) {
    const MixtureStage& from = recipe.mixture[i];
    Mixture::Stage stage{static_cast<uint64_t>((from.from_step - 1) * recipe.windows_per_step()),
                         std::vector<double>(names.size())};
    for (const auto& [name, weight] : from.weights) {
      const auto at = std::find(names.begin(), names.end(), name);
      if (at == names.end() || std::find(std::next(at), names.end(), name) != names.end()) {
        throw UsageError(fmt::format("mixture.stage {}.weights: '{}' is the name of {} of the data ({})", i + 1, name,
                                     at == names.end() ? "none" : "more than one", fmt::join(names, ", ")));
      }
      stage.weights[static_cast<size_t>(at - names.begin())] = weight;
    }
    stages.push_back(std::move(stage));
  }
  return stages;
}

// The shards of an explicit validation path.
std::vector<std::string> validation_shards(const std::string& path) {
  const std::vector<std::string> shards = list_shards(path, Split::kValidation);
  return shards.empty() ? find_shards(path, Split::kTrain) : shards;
}

}  // namespace

void check_stages(const TrainRecipe& recipe, const TrainInputs& inputs) { stages_of(recipe, inputs.data); }

Mixture open_training_data(const TrainRecipe& recipe, const TrainInputs& inputs) {
  std::vector<Mixture::Source> sources;
  for (const DataPath& data : inputs.data) {
    sources.push_back(open_source(recipe, inputs.encoding, data, find_shards(data.path, Split::kTrain)));
  }
  if (std::none_of(sources.begin(), sources.end(),
                   [](const Mixture::Source& source) { return source.loader->has_targets(); })) {
    throw Error(fmt::format("{}: nothing to train on: by its loss masks no target of any window counts",
                            inputs.data.front().path));
  }
  return {std::move(sources), static_cast<uint64_t>(recipe.training.seed), stages_of(recipe, inputs.data)};
}

std::optional<Mixture> open_validation_data(const TrainRecipe& recipe, const TrainInputs& inputs, const Log& log) {
  TrainRecipe in_order = recipe;
  in_order.training.shuffle = false;
  std::vector<Mixture::Source> sources;
  std::string why;
  const auto add = [&](const std::string& path, const std::vector<std::string>& shards) {
    try {
      sources.push_back(open_source(in_order, inputs.encoding, {path, 0}, shards));
    } catch (const NoWindow& none) {  // a small first data set
      why = none.what();
    }
  };
  if (!inputs.validation.empty()) {
    add(inputs.validation, validation_shards(inputs.validation));
  } else {
    for (const DataPath& data : inputs.data) {
      if (!fs::is_directory(data.path)) continue;
      const std::vector<std::string> shards = list_shards(data.path, Split::kValidation);
      if (!shards.empty()) add(data.path, shards);
    }
    if (why.empty()) why = fmt::format("{}: no validation shards", inputs.data[0].path);
  }
  if (sources.empty()) {
    log(LogLevel::kWarning, "no validation: " + why);
    return std::nullopt;
  }
  return Mixture(std::move(sources), 0);
}

std::string chat_template_of(const TrainInputs& inputs) {
  struct Chat {
    std::string json;
    void visit(OptionVisitor& visitor) { visitor.field("template", json, ""); }
  };
  for (const DataPath& data : inputs.data) {
    const std::string path = data.path + "/" + kManifestName;
    std::error_code code;
    if (!fs::exists(path, code)) continue;
    Chat chat;
    RecipeReader(read_manifest(path).recipe, path).section("chat", chat);
    if (!chat.json.empty()) return chat.json;
  }
  return "";
}

Mixture open_evaluation_data(const std::string& path, const ModelConfig& model, const Encoding* encoding) {
  TrainRecipe recipe;
  recipe.model = model;
  recipe.training.shuffle = false;
  std::vector<Mixture::Source> sources;
  sources.push_back(open_source(recipe, encoding, {path, 0}, validation_shards(path)));
  return {std::move(sources), 0};
}

}  // namespace ftok
