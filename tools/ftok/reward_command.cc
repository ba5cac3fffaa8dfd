// `ftok reward`: reward models, trained on rankings of answers.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

#include "core/error.h"
#include "core/json.h"
#include "core/signals.h"
#include "pipeline/inputs.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/named_model.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_input.h"
#include "trainer/model_file.h"
#include "trainer/reward.h"

namespace ftok::cli {
namespace {

struct RewardFlags {
  std::string model, output, recipe, chat, vocabulary;
  std::vector<std::string> files, sets;
  std::optional<int64_t> steps, seed, run_threads;
  int threads = 0;
  bool show = false, json = false, scores = false, quiet = false;
};

std::vector<Ranking> read_rankings(const std::vector<std::string>& files) {
  std::vector<Ranking> rankings;
  for (const std::string& file : files) {
    for_each_json_object(open_input(file, stderr_log()), "prompt", [&](simdjson::dom::element root) {
      rankings.push_back(parse_ranking(simdjson::minify(root)));
    });
  }
  if (rankings.empty()) throw Error(fmt::format("{}: no ranking", fmt::join(files, ", ")));
  return rankings;
}

// A line per step on standard error.
class RewardProgress : public RewardObserver {
 public:
  void on_start(int64_t first_step, const RewardRecipe& recipe, int64_t rankings, int64_t held_out) override {
    note("ftok: {} rankings and {} held out, {} a step, steps {} to {}\n", rankings, held_out, recipe.reward.rankings,
         first_step, recipe.run.steps);
  }
  void on_step(const RewardReport& report) override {
    note("step {}/{}: loss {:.3f}, accuracy {:.3f}, norm {:.3f}, {:.2f} s\n", report.step, report.steps,
         report.fit.loss, report.fit.accuracy, report.norm, report.seconds);
  }
  void on_held_out(int64_t step, const RewardFit& fit) override {
    note("step {}: held out: loss {:.3f}, accuracy {:.3f} of {} pairs\n", step, fit.loss, fit.accuracy, fit.pairs);
  }
};

class SilentReward : public RewardObserver {
 public:
  void on_start(int64_t, const RewardRecipe&, int64_t, int64_t) override {}
  void on_step(const RewardReport&) override {}
  void on_held_out(int64_t, const RewardFit&) override {}
};

void train(const RewardFlags& flags) {
  std::vector<std::string> sets = flags.sets;
  if (flags.steps) sets.push_back(fmt::format("run.steps={}", *flags.steps));
  if (flags.seed) sets.push_back(fmt::format("reward.seed={}", *flags.seed));
  if (flags.run_threads) sets.push_back(fmt::format("run.threads={}", *flags.run_threads));
  const RewardRecipe recipe = load_reward_recipe(flags.recipe, sets);
  if (flags.show) return print_out(reward_recipe_text(recipe, true, false));
  if (flags.files.empty() || flags.model.empty() || flags.output.empty())
    throw UsageError("ftok reward train needs RANKINGS, --init and --output");
  const std::vector<Ranking> rankings = read_rankings(flags.files);
  const ModelFile initial = read_named_model(flags.model, 0, stderr_log(flags.quiet));
  const Encoding encoding = need_model_encoding(initial, flags.vocabulary);
  const ModelChat chat = find_model_chat(flags.model, flags.chat, "--template");
  catch_stop_signals();
  RewardProgress progress;
  SilentReward silent;
  RewardObserver& observer = flags.quiet ? static_cast<RewardObserver&>(silent) : progress;
  if (!train_reward_model(recipe, rankings, {&initial, &encoding, &chat, flags.output, stop_requested}, observer,
                          stderr_log(flags.quiet)))
    throw Stopped();
}

void print_scores(const std::vector<Ranking>& rankings, const std::vector<std::vector<double>>& scores) {
  for (size_t i = 0; i < rankings.size(); ++i) {
    if (scores[i].empty()) continue;  // too long for the model
    JsonWriter json;
    json.begin_object().field("ranking", static_cast<int64_t>(i)).key("answers").begin_array();
    for (size_t k = 0; k < scores[i].size(); ++k) {
      json.begin_object().field("text", rankings[i].answers[k]).field("rank", int64_t{rankings[i].ranks[k]});
      json.field("score", scores[i][k]).end_object();
    }
    print_out(json.end_array().end_object().take() + "\n");
  }
}

void evaluate(const RewardFlags& flags) {
  const std::vector<Ranking> rankings = read_rankings(flags.files);
  const ModelFile model = read_named_model(flags.model, 0, stderr_log());
  if (!model.config.score_head)
    throw UsageError(flags.model + " is not a reward model: it has no score head (`ftok reward train` makes one)");
  const Encoding encoding = need_model_encoding(model, flags.vocabulary);
  const ModelChat chat = find_model_chat(flags.model, flags.chat, "--template");
  const int threads =
      flags.threads > 0 ? flags.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::vector<double>> scores;
  const RewardFit fit = measure_rankings(rankings, {&model, &encoding, &chat, ""}, threads, stderr_log(), &scores);
  if (flags.scores) return print_scores(rankings, scores);
  if (flags.json) {
    JsonWriter json;
    json.begin_object().field("rankings", fit.rankings).field("pairs", fit.pairs).field("accuracy", fit.accuracy);
    return print_out(json.field("loss", fit.loss).end_object().take() + "\n");
  }
  print_out(fmt::format("{} rankings, {} pairs: {:.1f} % ranked as in the data, loss {:.4f}\n", fit.rankings, fit.pairs,
                        100 * fit.accuracy, fit.loss));
}

constexpr char kRankingsHelp[] =
    "JSON Lines: {\"prompt\": TEXT or \"messages\": [...], and \"chosen\": TEXT, \"rejected\": TEXT or \"ranking\": "
    "[TEXT, ...], the best first; a list in its place is of answers that are equally good}";

void add_train(CLI::App& group) {
  CLI::App* command =
      group.add_subcommand("train", "Train a reward model on rankings of answers; resumes where it stopped");
  const auto flags = std::make_shared<RewardFlags>();
  command->add_option("RANKINGS", flags->files, kRankingsHelp);
  command->add_option("--init", flags->model, "The model to begin with: a chat model, as `ftok train sft` makes it");
  command->add_option("-o,--output", flags->output,
                      "Folder for checkpoints, log.jsonl and accuracy.svg; a run that it holds is resumed");
  command->add_option("--recipe", flags->recipe, "TOML file with keys; --show prints them");
  add_template_flag(*command, flags->chat);
  command->add_option("-v,--vocab", flags->vocabulary,
                      "Vocabulary: a file or a name; default: the one the model names");
  command->add_option("--steps", flags->steps, "Steps of the whole run: run.steps");
  command->add_option("--seed", flags->seed, "Seed of the order of the rankings: reward.seed");
  command->add_option("--set", flags->sets, "Override a key: SECTION.KEY=VALUE (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("-j,--threads", flags->run_threads, "Threads; 0: all cores: run.threads")->type_name("N");
  command->add_flag("-q,--quiet", flags->quiet, "No progress and no information, warnings only");
  command->add_flag("--show", flags->show, "Print the recipe with all keys and what they mean, then exit");
  command->callback([flags] { train(*flags); });
  command->footer("Example:\n  ftok reward train rankings.jsonl --init tuned --output judge --steps 100");
}

void add_eval(CLI::App& group) {
  CLI::App* command = group.add_subcommand("eval", "Print how well a reward model ranks answers, or its scores");
  const auto flags = std::make_shared<RewardFlags>();
  command->add_option("MODEL", flags->model, "Output folder of ftok reward train, or a checkpoint")->required();
  command->add_option("RANKINGS", flags->files, kRankingsHelp)->required();
  add_template_flag(*command, flags->chat);
  command->add_option("-v,--vocab", flags->vocabulary,
                      "Vocabulary: a file or a name; default: the one the model names");
  command->add_option("-j,--threads", flags->threads, "Threads; 0: all cores")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print the result as one JSON object");
  command->add_flag("--scores", flags->scores, "Print each answer with its score, as JSON Lines");
  command->callback([flags] { evaluate(*flags); });
  command->footer("Example:\n  ftok reward eval judge rankings.jsonl");
}

}  // namespace

void add_reward_command(CLI::App& app) {
  CLI::App* group = app.add_subcommand("reward", "Reward models: what people prefer, learnt from rankings of answers");
  group->require_subcommand(1);
  add_train(*group);
  add_eval(*group);
}

}  // namespace ftok::cli
