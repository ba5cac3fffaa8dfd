// `ftok rl`: reinforcement learning on problems whose answers a program checks.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "core/error.h"
#include "core/signals.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/terminal.h"
#include "trainer/model_file.h"
#include "trainer/rl.h"

namespace ftok::cli {
namespace {

struct RlFlags {
  std::string recipe, initial, output, chat, vocabulary;
  std::optional<int64_t> steps, seed;
  std::vector<std::string> sets;
  int64_t problems = 0;
  bool show = false, held_out = false;
};

// A line per step on standard error.
class RlProgress : public RlObserver {
 public:
  void on_start(int64_t first_step, const RlRecipe& recipe) override {
    note("ftok: task {}, {} problems x {} answers a step, steps {} to {}\n", recipe.task.name, recipe.rl.problems,
         recipe.rl.samples, first_step, recipe.run.steps);
  }
  void on_step(const RlReport& report) override {
    note("step {}/{}: reward {:.3f}, {:.1f} tokens, {} problems alike, {}, {:.2f} s\n", report.step, report.steps,
         report.reward, report.length, report.alike,
         report.skipped ? "skipped" : fmt::format("norm {:.3f}", report.norm), report.seconds);
  }
  void on_held_out(int64_t step, double reward, const std::vector<RlSample>& samples) override {
    note("step {}: held-out reward {:.3f}\n", step, reward);
    for (const RlSample& sample : samples)
      note("  {} -> {} ({}: {})\n", sample.prompt, sample.answer, sample.truth, sample.reward);
  }
};

void run(const RlFlags& flags) {
  std::vector<std::string> sets = flags.sets;
  if (flags.steps) sets.push_back(fmt::format("run.steps={}", *flags.steps));
  if (flags.seed) sets.push_back(fmt::format("rl.seed={}", *flags.seed));
  const RlRecipe recipe = load_rl_recipe(flags.recipe, sets);
  if (flags.show) return print_out(rl_recipe_text(recipe, true, false));
  if (flags.problems > 0) return print_out(problem_conversations(recipe, flags.problems, flags.held_out));
  if (flags.initial.empty() || flags.output.empty()) throw UsageError("ftok rl needs --init and --output");
  const ModelFile initial = read_model(flags.initial, 0, stderr_log());
  const Encoding encoding = need_model_encoding(initial, flags.vocabulary);
  const ModelChat chat = find_model_chat(flags.initial, flags.chat, "--template");
  catch_stop_signals();
  RlInputs inputs{&initial, &encoding, &chat, flags.output, stop_requested};
  RlProgress progress;
  if (!reinforce(recipe, inputs, progress, stderr_log())) throw Stopped();
}

}  // namespace

void add_rl_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "rl",
      "Reinforcement learning of a chat model on problems whose answers can be checked; resumes where it stopped");
  const auto flags = std::make_shared<RlFlags>();
  std::string names;
  for (const auto& [name, about] : task_names()) names += fmt::format("\n  {:<12}{}", name, about);
  command->add_option("RECIPE", flags->recipe, "A task, or a TOML file")->required();
  command->add_option("--init", flags->initial, "The model to begin with: a chat model, as `ftok train sft` makes it");
  command->add_option(
      "-o,--output", flags->output,
      "Folder for checkpoints, log.jsonl, samples.jsonl and reward.svg; a run that it holds is resumed");
  add_template_flag(*command, flags->chat);
  command->add_option("-v,--vocab", flags->vocabulary,
                      "Vocabulary: a file or a name; default: the one the model names");
  command->add_option("--steps", flags->steps, "Steps of the whole run: run.steps");
  command->add_option("--seed", flags->seed, "Seed of problems and answers: rl.seed");
  command->add_option("--set", flags->sets, "Override a key: SECTION.KEY=VALUE (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  command->add_flag("--show", flags->show, "Print the recipe with all keys and what they mean, then exit");
  command
      ->add_option(
          "--problems", flags->problems,
          "Only print N of the task's problems with their solutions, as conversations for ftok tokenize --chat")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  command->add_flag("--held-out", flags->held_out, "With --problems: of those held out");
  command->callback([flags] { run(*flags); });
  command->footer("Tasks:" + names +
                  "\nExamples:\n"
                  "  ftok rl arithmetic --problems 2000 > conversations.jsonl\n"
                  "  ftok rl arithmetic --init tuned --output better\n"
                  "  ftok rl sorting --init tuned --output better --set task.size_max=6 --set rl.kl=0.04\n"
                  "  ftok rl command --set 'task.command=[\"./problems.py\"]' --init tuned --output better");
}

}  // namespace ftok::cli
