// `ftok rl`: reinforcement learning on problems whose answers a program checks.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "core/error.h"
#include "core/signals.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/named_model.h"
#include "tools/ftok/terminal.h"
#include "trainer/model_file.h"
#include "trainer/rl.h"

namespace ftok::cli {
namespace {

struct RlFlags {
  std::string recipe, initial, output, chat, vocabulary, judge;
  std::optional<int64_t> steps, seed, threads;
  std::vector<std::string> sets;
  int64_t problems = 0, rankings = 0, best_of = 0;
  bool show = false, held_out = false, quiet = false;
};

// A line per step on standard error.
class RlProgress : public RlObserver {
 public:
  explicit RlProgress(bool has_judge) : has_judge_(has_judge) {}
  void on_start(int64_t first_step, const RlRecipe& recipe) override {
    note("ftok: task {}, {} problems x {} answers a step, steps {} to {}\n", recipe.task.name, recipe.rl.problems,
         recipe.rl.samples, first_step, recipe.run.steps);
  }
  void on_step(const RlReport& report) override {
    note("step {}/{}: reward {:.3f}{}, {:.1f} tokens, {} problems alike, {}, {:.2f} s\n", report.step, report.steps,
         report.reward, has_judge_ ? fmt::format(" (truth {:.3f})", report.truth) : "", report.length, report.alike,
         report.skipped ? "skipped" : fmt::format("norm {:.3f}", report.norm), report.seconds);
  }
  void on_held_out(int64_t step, const RlHeldOut& held_out, const std::vector<RlSample>& samples) override {
    note("step {}: held-out reward {:.3f}{}\n", step, held_out.reward,
         has_judge_ ? fmt::format(" (truth {:.3f})", held_out.truth) : "");
    for (const RlSample& sample : samples)
      note("  {} -> {} ({}: {})\n", sample.prompt, sample.answer, sample.truth, sample.reward);
  }

 private:
  bool has_judge_;  // a reward model
};

class SilentRl : public RlObserver {
 public:
  void on_start(int64_t, const RlRecipe&) override {}
  void on_step(const RlReport&) override {}
  void on_held_out(int64_t, const RlHeldOut&, const std::vector<RlSample>&) override {}
};

void print_best(const std::vector<BestOf>& rows, bool has_judge) {
  print_out(fmt::format("best of    reward{}    divergence, nats\n", has_judge ? "     truth" : ""));
  for (const BestOf& row : rows) {
    print_out(fmt::format("{:>7}  {:>8.3f}{}  {:>18.3f}\n", row.answers, row.reward,
                          has_judge ? fmt::format("  {:>8.3f}", row.truth) : "", row.divergence));
  }
}

// The reward model, which reads conversations in the form that the model writes.
ModelFile read_judge(const std::string& path, const ModelChat& chat) {
  ModelFile judge = read_named_model(path, 0, stderr_log());
  const std::string own = format_chat_template(find_model_chat(path, "", "--reward").form);
  if (own != format_chat_template(chat.form)) {
    throw UsageError(
        fmt::format("--reward {}: the reward model's chat template is another than that of the model", path));
  }
  return judge;
}

void run(const RlFlags& flags) {
  std::vector<std::string> sets = flags.sets;
  if (flags.steps) sets.push_back(fmt::format("run.steps={}", *flags.steps));
  if (flags.seed) sets.push_back(fmt::format("rl.seed={}", *flags.seed));
  if (flags.threads) sets.push_back(fmt::format("run.threads={}", *flags.threads));
  const RlRecipe recipe = load_rl_recipe(flags.recipe, sets);
  if (flags.show) return print_out(rl_recipe_text(recipe, true, false));
  if (flags.problems > 0) return print_out(problem_conversations(recipe, flags.problems, flags.held_out));
  const bool only_looks = flags.rankings > 0 || flags.best_of > 0;
  if (flags.initial.empty() || (flags.output.empty() && !only_looks))
    throw UsageError(only_looks ? "--rankings and --best-of need --init" : "ftok rl needs --init and --output");
  const ModelFile initial = read_language_model(flags.initial, 0, stderr_log(flags.quiet));
  const Encoding encoding = need_model_encoding(initial, flags.vocabulary);
  const ModelChat chat = find_model_chat(flags.initial, flags.chat, "--template");
  RlInputs inputs{&initial, &encoding, &chat, nullptr, flags.output, stop_requested};
  std::optional<ModelFile> judge;
  if (!flags.judge.empty()) {
    judge = read_judge(flags.judge, chat);
    inputs.judge = &*judge;
  }
  if (flags.rankings > 0) {
    for (const Ranking& ranking : problem_rankings(recipe, inputs, flags.rankings, stderr_log(flags.quiet)))
      print_out(format_ranking(ranking) + "\n");
    return;
  }
  if (flags.best_of > 0)
    return print_best(best_of(recipe, inputs, flags.best_of, stderr_log(flags.quiet)), judge.has_value());
  catch_stop_signals();
  RlProgress progress(judge.has_value());
  SilentRl silent;
  RlObserver& observer = flags.quiet ? static_cast<RlObserver&>(silent) : progress;
  if (!reinforce(recipe, inputs, observer, stderr_log(flags.quiet))) throw Stopped();
}

// What is printed in place of a run. None goes with another, nor with --output.
void add_looks(CLI::App& command, RlFlags& flags, CLI::Option* output) {
  CLI::Option* const problems =
      command
          .add_option(
              "--problems", flags.problems,
              "Only print N of the task's problems with their solutions, as conversations for ftok tokenize --chat")
          ->type_name("N")
          ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
          ->excludes("--init")
          ->excludes(output);
  command.add_flag("--held-out", flags.held_out, "With --problems: of those held out")->needs(problems);
  command
      .add_option("--reward", flags.judge,
                  "A reward model of `ftok reward train`, which rewards in the checker's place")
      ->excludes(problems);
  CLI::Option* const rankings =
      command
          .add_option("--rankings", flags.rankings,
                      "Only print the model's answers to N of the task's problems, rl.samples each, ranked by their "
                      "rewards, for ftok reward train")
          ->type_name("N")
          ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
          ->excludes(problems)
          ->excludes(output);
  command
      .add_option("--best-of", flags.best_of,
                  "Only print how good the best of 1, 2, 4, ... up to N answers to problems held out is")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 16))
      ->excludes(problems)
      ->excludes(rankings)
      ->excludes(output);
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
  CLI::Option* const output = command->add_option(
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
  command->add_option("-j,--threads", flags->threads, "Threads; 0: all cores: run.threads")->type_name("N");
  command->add_flag("-q,--quiet", flags->quiet, "No progress and no information, warnings only");
  command->add_flag("--show", flags->show, "Print the recipe with all keys and what they mean, then exit");
  add_looks(*command, *flags, output);
  command->callback([flags] { run(*flags); });
  command->footer("Tasks:" + names +
                  "\nExamples:\n"
                  "  ftok rl arithmetic --problems 2000 > conversations.jsonl\n"
                  "  ftok rl arithmetic --init tuned --output better\n"
                  "  ftok rl sorting --init tuned --output better --set task.size_max=6 --set rl.kl=0.04\n"
                  "  ftok rl sorting --init tuned --rankings 500 > rankings.jsonl\n"
                  "  ftok rl sorting --init tuned --reward judge --output pleasing\n"
                  "  ftok rl command --set 'task.command=[\"./problems.py\"]' --init tuned --output better");
}

}  // namespace ftok::cli
