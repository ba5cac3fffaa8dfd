#include "trainer/rl_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/check_range.h"
#include "core/error.h"
#include "core/file.h"
#include "core/nearest_name.h"
#include "core/recipe.h"

namespace ftok {
namespace {

constexpr int64_t kRlRecipeBytesMax = 1 << 20;

RlRecipe defaults() {
  RlRecipe recipe;
  recipe.optimizer.weight_decay = 0;
  recipe.schedule.shape = "constant";
  recipe.schedule.learning_rate = 2e-4;
  recipe.schedule.warmup_steps = 10;
  return recipe;
}

template <typename Visitor>
void visit_bound_sections(Visitor& visitor, RlRecipe& recipe) {
  visitor.section("task", recipe.task);
  visitor.section("rl", recipe.rl);
  visitor.section("optimizer", recipe.optimizer);
  visitor.section("schedule", recipe.schedule);
}

std::vector<std::string> names_of_tasks() {
  std::vector<std::string> names;
  for (const auto& [name, about] : task_names()) names.push_back(name);
  return names;
}

}  // namespace

void RlOptions::visit(OptionVisitor& visitor) {
  visitor.field("seed", seed, "seed of the problems and of the answers that are drawn");
  visitor.field("problems", problems, "problems of a step");
  visitor.field("samples", samples, "answers drawn to each, at temperature 1, which are compared with each other");
  visitor.field("tokens_max", tokens_max, "most tokens of an answer; one that is cut off is checked as it is");
  visitor.field("system", system, "system message before each problem; \"\": none");
  visitor.choice("advantage", advantage, {"std", "mean"},
                 "std: rewards less the mean of the answers to the same problem, over their standard deviation (GRPO, "
                 "Shao et al. 2024); mean: not divided (Liu et al. 2025)");
  visitor.field("updates", updates, "updates of the weights from the answers of a step");
  visitor.field(
      "clip", clip,
      "the ratio of a token's probabilities moves at most so far from 1 before its gradient ends (Schulman et "
      "al. 2017); acts from the second update on; 0: no end");
  visitor.field("kl", kl,
                "weight of the distance from the model that the run began with (Shao et al. 2024: 0.04); 0: none");
}

void RlRunOptions::visit(OptionVisitor& visitor) {
  visitor.field("steps", steps, "steps of the whole run; the learning rate schedule ends with the last");
  visitor.field("micro_batch", micro_batch, "answers whose gradient is computed at a time");
  visitor.field("rows", rows, "answers drawn at a time");
  visitor.field("threads", threads, "threads; 0: one per core; any number gives the same bits");
  visitor.field("evaluate_every", evaluate_every, "steps between looks at problems held out; 0: never");
  visitor.field("held_out", held_out, "problems of such a look; each is answered once, with the likeliest tokens");
  visitor.field("checkpoint_every", checkpoint_every, "steps between checkpoints; the last step always writes one");
  visitor.field("keep", keep, "checkpoints to keep, the newest");
}

void RlRecipe::check() const {
  task.check();
  optimizer.check();
  schedule.check();
  check_range("rl.seed", rl.seed, 0, INT64_MAX);
  check_range("rl.problems", rl.problems, 1, 1 << 16);
  check_range("rl.samples", rl.samples, 2, 1 << 12);
  check_range("rl.tokens_max", rl.tokens_max, 1, 1 << 20);
  check_range("rl.updates", rl.updates, 1, 1000);
  check_range("rl.clip", rl.clip, 0, 0.999999);
  check_range("rl.kl", rl.kl, 0, 1e6);
  check_range("run.steps", run.steps, 1, 999'999'999);  // nine digits in a checkpoint's name
  check_range("run.micro_batch", run.micro_batch, 1, 1 << 20);
  check_range("run.rows", run.rows, 1, 1 << 20);
  check_range("run.threads", run.threads, 0, 4096);
  check_range("run.evaluate_every", run.evaluate_every, 0, INT64_MAX);
  check_range("run.held_out", run.held_out, 1, 1 << 20);
  check_range("run.checkpoint_every", run.checkpoint_every, 1, INT64_MAX);
  check_range("run.keep", run.keep, 1, 1 << 20);
}

RlRecipe load_rl_recipe(const std::string& name_or_path, const std::vector<std::string>& assignments) {
  const std::vector<std::string> names = names_of_tasks();
  std::string toml;
  std::error_code code;
  if (std::find(names.begin(), names.end(), name_or_path) != names.end()) {
    toml = "task.name = \"" + name_or_path + "\"\n";
  } else if (std::filesystem::is_regular_file(name_or_path, code)) {
    toml = read_file(name_or_path, kRlRecipeBytesMax);
  } else {
    const std::string nearest = nearest_name(name_or_path, names);
    throw UsageError(fmt::format("no recipe '{}': expected a TOML file or one of {}{}", name_or_path,
                                 fmt::join(names, ", "),
                                 nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
  }
  RecipeReader reader(toml, name_or_path);
  for (const std::string& assignment : assignments) reader.set(assignment);
  RlRecipe recipe = defaults();
  visit_bound_sections(reader, recipe);
  reader.section("run", recipe.run);
  reader.finish();
  recipe.check();
  return recipe;
}

std::string rl_recipe_text(RlRecipe recipe, bool with_help, bool bound) {
  RecipeWriter writer(with_help);
  visit_bound_sections(writer, recipe);
  if (!bound) writer.section("run", recipe.run);
  return writer.text();
}

}  // namespace ftok
