#include "trainer/train_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "core/check_range.h"
#include "core/error.h"
#include "core/file.h"
#include "core/nearest_name.h"
#include "core/recipe.h"

namespace ftok {
namespace {

constexpr char kTiny[] = "tiny";
const std::vector<std::string> kNames = {kTiny,       "nano",      "sft",        "gpt2-124m",
                                         "gpt2-350m", "gpt2-774m", "gpt2-1558m", "llama-124m"};

TrainRecipe tiny() {
  TrainRecipe recipe;
  recipe.vocabulary = "ftok-4k";
  recipe.model = {4, 4, 128, 128, 4096};
  recipe.schedule.learning_rate = 3e-3;
  recipe.schedule.warmup_steps = 100;
  recipe.schedule.final_fraction = 0.1;
  recipe.training.tokens_per_step = 2048;
  recipe.run.steps = 2000;
  recipe.run.micro_batch = 16;
  recipe.run.sample_every = 20;
  recipe.run.validation_windows = 32;
  recipe.run.checkpoint_every = 100;
  return recipe;
}

// As many parameters as `tiny`, with what was learnt since GPT-2: rotary positions, RMSNorm, norm of queries and keys,
// SwiGLU (Shazeer 2020), no biases, and Muon for the matrices: the equations of Qwen 3, so that transformers and
// llama.cpp load what it becomes.
TrainRecipe nano() {
  TrainRecipe recipe = tiny();
  ModelConfig& model = recipe.model;
  model.norm = "rmsnorm", model.positions = "rotary", model.mlp = "swiglu", model.qk_norm = true;
  model.mlp_channels = 344;  // 8/3 of the channels, a multiple of 8: as many weights as 4 C without a gate
  model.qkv_bias = model.projection_bias = model.mlp_bias = false;
  recipe.optimizer.matrices = "muon";
  return recipe;
}

// Fine-tuning on conversations (Ouyang et al. 2022, section 3.4): whole conversations, each seeing itself alone, a
// fraction of the learning rate of `tiny`, and no weight decay. The model is that of --init.
TrainRecipe sft() {
  TrainRecipe recipe = tiny();
  recipe.optimizer.weight_decay = 0;
  recipe.schedule.learning_rate = 1e-3;
  recipe.schedule.warmup_steps = 20;
  recipe.schedule.final_fraction = 0;
  recipe.training.tokens_per_step = 4096;
  recipe.training.document_mask = recipe.training.whole_documents = true;
  recipe.run.steps = 400;
  return recipe;
}

// Shapes: GPT-2, table 2 (heads of 64 channels). Learning rates: GPT-3, table 2.1, for the nearest sizes.
TrainRecipe gpt2(int64_t layers, int64_t channels, double learning_rate, int64_t micro_batch) {
  TrainRecipe recipe;
  recipe.vocabulary = "ftok-50k";
  recipe.model = {layers, channels / 64, channels, 1024, 50257};
  recipe.schedule.learning_rate = learning_rate;
  recipe.run.micro_batch = micro_batch;
  return recipe;
}

TrainRecipe llama_124m() {
  TrainRecipe recipe = gpt2(12, 768, 6e-4, 4);
  recipe.model = llama_124m_model();
  return recipe;
}

TrainRecipe preset_recipe(const std::string& name) {
  TrainRecipe recipe = name == kTiny          ? tiny()
                       : name == "nano"       ? nano()
                       : name == "sft"        ? sft()
                       : name == "gpt2-124m"  ? gpt2(12, 768, 6e-4, 4)
                       : name == "gpt2-350m"  ? gpt2(24, 1024, 3e-4, 2)
                       : name == "gpt2-774m"  ? gpt2(36, 1280, 2.5e-4, 1)
                       : name == "gpt2-1558m" ? gpt2(48, 1600, 2e-4, 1)
                                              : llama_124m();
  recipe.preset = name;
  return recipe;
}

struct PresetName {
  std::string preset = kTiny;
  void visit(OptionVisitor& visitor) { visitor.choice("preset", preset, kNames, "preset"); }
};

// All but [run].
template <typename Visitor>
void visit_bound_sections(Visitor& visitor, TrainRecipe& recipe) {
  visitor.section("", recipe);
  visitor.section("model", recipe.model);
  visitor.section("optimizer", recipe.optimizer);
  visitor.section("schedule", recipe.schedule);
  visitor.section("training", recipe.training);
  visitor.list("mixture", "stage", recipe.mixture);
}

}  // namespace

namespace {

void check_stages(const std::vector<MixtureStage>& stages) {
  int64_t before = 0;
  for (size_t i = 0; i < stages.size(); ++i) {
    const std::string name = fmt::format("mixture.stage {}", i + 1);
    check_range(name + ".from_step", stages[i].from_step, before + 1, 999'999'999);
    before = stages[i].from_step;
    double sum = 0;
    for (const auto& [data, weight] : stages[i].weights) {
      check_range(name + ".weights." + data, weight, 0, 1e12);
      sum += weight;
    }
    if (sum <= 0) throw UsageError(name + ".weights: expected a weight above 0");
  }
}

}  // namespace

void TrainRecipe::visit(OptionVisitor& visitor) {
  visitor.choice("preset", preset, kNames, "preset that gives the keys not set here");
  visitor.field("vocabulary", vocabulary,
                "vocabulary that the shards were encoded with, a name or a file; \"\": samples are printed as ids");
}

void TrainRecipe::check() const {
  model.check();
  optimizer.check();
  schedule.check();
  check_stages(mixture);
  if (training.whole_documents && !training.document_mask)
    throw UsageError("training.whole_documents: needs training.document_mask = true");
  check_range("training.seed", training.seed, 0, INT64_MAX);
  check_range("training.tokens_per_step", training.tokens_per_step, model.length, int64_t{1} << 40);
  if (training.tokens_per_step % model.length != 0) {
    throw UsageError(fmt::format("training.tokens_per_step = {}: expected a multiple of model.length = {}",
                                 training.tokens_per_step, model.length));
  }
  check_range("run.steps", run.steps, 1, 999'999'999);  // nine digits in a checkpoint's name
  check_range("run.micro_batch", run.micro_batch, 1, 1 << 20);
  check_range("run.threads", run.threads, 0, 4096);
  check_range("run.sample_every", run.sample_every, 0, INT64_MAX);
  check_range("run.sample_tokens", run.sample_tokens, 0, 1 << 20);
  check_range("run.validation_windows", run.validation_windows, 1, 1 << 30);
  check_range("run.checkpoint_every", run.checkpoint_every, 1, INT64_MAX);
  check_range("run.keep", run.keep, 1, 1 << 20);
  check_range("training.spike_factor", training.spike_factor, 0, 1e9);
  check_range("run.peak_tflops", run.peak_tflops, 0, 1e9);
  check_range("run.price_per_hour", run.price_per_hour, 0, 1e9);
}

std::vector<std::pair<std::string, std::string>> train_presets() {
  return {{kTiny, "4 layers, 128 channels, 1.3 million parameters, ftok-4k: minutes on a laptop"},
          {"nano", "the size of tiny with rotary positions, RMSNorm, squared ReLU and Muon"},
          {"sft", "fine-tuning on conversations, of the model that --init names"},
          {"gpt2-124m", "GPT-2 small, ftok-50k"},
          {"gpt2-350m", "GPT-2 medium, ftok-50k"},
          {"gpt2-774m", "GPT-2 large, ftok-50k"},
          {"gpt2-1558m", "GPT-2 XL, ftok-50k"},
          {"llama-124m", "GPT-2 small's size with Llama's equations, ftok-50k"}};
}

namespace {

TrainRecipe read_recipe(const std::string& toml, const std::string& name, const std::vector<std::string>& assignments) {
  PresetName preset;
  {
    RecipeReader reader(toml, name);
    reader.section("", preset);
  }
  TrainRecipe recipe = preset_recipe(preset.preset);
  RecipeReader reader(toml, name);
  for (const std::string& assignment : assignments) reader.set(assignment);
  visit_bound_sections(reader, recipe);
  reader.section("run", recipe.run);
  reader.finish();
  recipe.check();
  return recipe;
}

}  // namespace

TrainRecipe parse_train_recipe(const std::string& toml, const std::string& name) { return read_recipe(toml, name, {}); }

std::vector<std::string> model_assignments(ModelConfig model) {
  RecipeWriter writer(false);
  writer.section("model", model);
  std::vector<std::string> assignments;
  std::istringstream lines(writer.text());
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find(" = ");
    if (equals != std::string::npos) assignments.push_back("model." + line.replace(equals, 3, "="));
  }
  return assignments;
}

bool is_train_preset(const std::string& name) { return std::find(kNames.begin(), kNames.end(), name) != kNames.end(); }

namespace {

// The TOML text of a preset's name or of a file.
std::string recipe_text(const std::string& name_or_path) {
  for (const std::string& name : kNames) {
    if (name_or_path == name) return fmt::format("preset = \"{}\"\n", name);
  }
  std::error_code code;
  if (!std::filesystem::is_regular_file(name_or_path, code)) {
    const std::string nearest = nearest_name(name_or_path, kNames);
    throw UsageError(fmt::format("{}: neither a file nor a preset ({})", name_or_path,
                                 nearest.empty() ? fmt::format("there are: {}", fmt::join(kNames, ", "))
                                                 : fmt::format("did you mean '{}'?", nearest)));
  }
  return read_file(name_or_path, 1 << 20);
}

constexpr char kUnset[] = "\n";

struct NameKey {
  std::string vocabulary = kUnset;
  void visit(OptionVisitor& visitor) { visitor.field("vocabulary", vocabulary, ""); }
};

struct SizeKey {
  int64_t size = -1;
  void visit(OptionVisitor& visitor) { visitor.field("vocabulary_size", size, ""); }
};

}  // namespace

TrainRecipe load_train_recipe(const std::string& name_or_path, const std::vector<std::string>& assignments) {
  return read_recipe(recipe_text(name_or_path), name_or_path, assignments);
}

VocabularyKeys vocabulary_keys(const std::string& name_or_path, const std::vector<std::string>& assignments) {
  RecipeReader reader(recipe_text(name_or_path), name_or_path);
  for (const std::string& assignment : assignments) reader.set(assignment);
  NameKey name;
  SizeKey size;
  reader.section("", name);
  reader.section("model", size);
  return {name.vocabulary != kUnset, size.size != -1};
}

std::string train_recipe_text(TrainRecipe recipe, bool with_help) {
  RecipeWriter writer(with_help);
  visit_bound_sections(writer, recipe);
  writer.section("run", recipe.run);
  return writer.text();
}

std::string train_recipe_binding(TrainRecipe recipe) {
  RecipeWriter writer(false);
  visit_bound_sections(writer, recipe);
  return writer.text();
}

}  // namespace ftok
