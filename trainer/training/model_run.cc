#include "trainer/training/model_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/recipe.h"
#include "shards/checksum.h"
#include "trainer/checkpoint.h"
#include "trainer/memory_need.h"

namespace ftok {
namespace {

struct Origin {
  std::string model, vocabulary, chat, data;
  void visit(OptionVisitor& visitor) {
    visitor.field("model", model, "checksum of the weights that the run began with");
    visitor.field("vocabulary", vocabulary, "digest of the vocabulary");
    visitor.field("chat", chat, "chat template");
    visitor.field("data", data, "checksum of what is learnt from");
  }
};

}  // namespace

TrainRecipe recipe_of_model(const ModelFile& model) {
  if (!model.recipe.empty()) return parse_train_recipe(model.recipe, model.path);
  std::vector<std::string> sets = model_assignments(model.config);
  std::string vocabulary;
  append_json_string(vocabulary, model.vocabulary);
  sets.push_back("vocabulary=" + vocabulary);
  sets.push_back(fmt::format("training.tokens_per_step={}", model.config.length));
  return load_train_recipe("sft", sets);
}

std::string checksum_of_weights(const ModelFile& model) {
  return checksum_of({reinterpret_cast<const char*>(model.parameters.data()), model.parameters.size() * sizeof(float)});
}

std::string origin_text(const ModelFile& model, const Encoding& encoding, const ModelChat& chat,
                        const std::string& data) {
  Origin origin;
  origin.model = checksum_of_weights(model);
  origin.vocabulary = encoding.digest();
  origin.chat = format_chat_template(chat.form);
  origin.data = data;
  RecipeWriter writer(false);
  writer.section("origin", origin);
  return writer.text();
}

void check_run_memory(TrainRecipe recipe, int64_t length, uint64_t held) {
  recipe.model.length = std::min(recipe.model.length, length);
  const uint64_t all = physical_memory_bytes();
  const std::string complaint =
      memory_complaint(recipe, 1, all - std::min(all, held), Processor::kCpu, /*may_recompute=*/false);
  if (!complaint.empty()) throw Error("out of memory: " + complaint);
}

ModelRun::ModelRun(TrainRecipe recipe, std::string binding, std::string output, const Log& log)
    : recipe_(std::move(recipe)),
      binding_(std::move(binding)),
      output_(std::move(output)),
      log_(log),
      ranks_(make_single_communicator()),
      engine_(make_cpu_engine(recipe_, *ranks_)) {}

void ModelRun::begin(std::span<const float> parameters, int64_t updates) {
  std::optional<Checkpoint> checkpoint = read_latest_checkpoint(checkpoints(), log_);
  if (!checkpoint) return engine_->set_state({{parameters.begin(), parameters.end()}, {}, {}}, 0);
  if (checkpoint->data != binding_) {
    const auto first_line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
    const bool is_alike = first_line(checkpoint->data) == first_line(binding_);  // a run of the same command
    const std::string difference = is_alike ? recipe_difference(checkpoint->data, binding_) : "";
    throw UsageError(fmt::format("{} holds another run{}{}; use another output folder", output_,
                                 difference.empty() ? "" : ": ", difference));
  }
  step_ = checkpoint->step;
  engine_->set_state(
      {std::move(checkpoint->parameters), std::move(checkpoint->first_moments), std::move(checkpoint->second_moments)},
      static_cast<int64_t>(step_) * updates);
}

void ModelRun::save() {
  EngineState state = engine_->state();
  write_checkpoint(checkpoints(),
                   {train_recipe_text(recipe_, false),
                    step_,
                    0,
                    binding_,
                    {},
                    std::move(state.parameters),
                    std::move(state.first_moments),
                    std::move(state.second_moments)},
                   recipe_.run.keep);
}

double ModelRun::update(int64_t update, double learning_rate) {
  engine_->reduce_gradients();
  const double norm = engine_->norm();
  if (!std::isfinite(norm)) throw Error(fmt::format("step {}: the gradient norm is {}", step_ + 1, norm));
  engine_->update(update, learning_rate, norm);
  return norm;
}

}  // namespace ftok
