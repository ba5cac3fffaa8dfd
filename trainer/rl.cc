#include "trainer/rl.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "trainer/evaluate.h"
#include "trainer/loss_curve.h"
#include "trainer/rl/episodes.h"
#include "trainer/rl/player.h"
#include "trainer/rl/policy.h"
#include "trainer/training/line_log.h"
#include "trainer/training/model_run.h"

namespace ftok {
namespace {

constexpr size_t kSamplesShown = 4;  // of a look at problems held out
constexpr char kMoreToLearnFrom[] = "easier problems, more rl.samples or more fine-tuning first would help";

TrainRecipe model_recipe(const RlRecipe& recipe, const ModelFile& model) {
  TrainRecipe own = recipe_of_model(model);
  own.optimizer = recipe.optimizer, own.schedule = recipe.schedule;
  own.run.threads = recipe.run.threads, own.run.steps = recipe.run.steps, own.run.micro_batch = recipe.run.micro_batch;
  own.run.keep = recipe.run.keep;
  return own;
}

// At least: how long problems are is not known yet. The model that the run begins with stays in memory, and so do the
// reward model's weights, twice.
void check_memory(const RlRecipe& recipe, const RlInputs& inputs) {
  TrainRecipe own = model_recipe(recipe, *inputs.initial);
  own.run.micro_batch = std::min(own.run.micro_batch, recipe.rl.problems * recipe.rl.samples);
  uint64_t held = inputs.initial->parameters.size();
  if (inputs.judge != nullptr) held += 2 * inputs.judge->parameters.size();
  check_run_memory(own, recipe.rl.tokens_max, held * sizeof(float));
}

std::string binding_of(const RlRecipe& recipe, const RlInputs& inputs) {
  const std::string judge = inputs.judge == nullptr ? "" : checksum_of_weights(*inputs.judge);
  return rl_recipe_text(recipe, false, true) + origin_text(*inputs.initial, *inputs.encoding, *inputs.chat, judge);
}

int practice_threads(const RlRecipe& recipe) {
  TrainRecipe own;
  own.run.threads = recipe.run.threads;
  return thread_count(own);
}

class RlRun {
 public:
  RlRun(const RlRecipe& recipe, const RlInputs& inputs, RlObserver& observer, const Log& log)
      : recipe_(recipe),
        inputs_(inputs),
        observer_(observer),
        tell_(log),
        model_(model_recipe(recipe, *inputs.initial), binding_of(recipe, inputs), inputs.output, log),
        player_(recipe, inputs, model_.threads(), log) {
    model_.begin(inputs.initial->parameters, recipe.rl.updates);
    if (recipe_.rl.kl > 0) {
      reference_ = make_cpu_evaluator(inputs.initial->config, inputs_.initial->parameters, model_.threads());
    }
    log_.emplace(inputs_.output + "/log.jsonl", model_.step(), [this](simdjson::dom::element line) { keep(line); });
    samples_.emplace(inputs_.output + "/samples.jsonl", model_.step());
    curve_.steps = lengths_.steps = recipe_.run.steps;
    write_file(inputs_.output + "/" + kChatTemplateName, format_chat_template(inputs_.chat->form) + "\n");
  }

  bool run() {
    const uint64_t steps = static_cast<uint64_t>(recipe_.run.steps);
    observer_.on_start(static_cast<int64_t>(model_.step()) + 1, recipe_);
    if (model_.step() == 0 && recipe_.run.evaluate_every > 0) look_at_held_out(std::nullopt);
    saved_ = model_.step();
    while (model_.step() < steps) {
      const RlReport report = step();
      const int64_t every = recipe_.run.evaluate_every;
      observer_.on_step(report);
      if (every > 0 && (report.step % every == 0 || report.step == report.steps)) {
        look_at_held_out(report);
      } else {
        write_line(report, std::nullopt);
      }
      const bool stops = inputs_.stop && inputs_.stop();
      if (report.step % recipe_.run.checkpoint_every == 0 || model_.step() == steps || stops) save();
      if (stops && model_.step() < steps) return false;
    }
    return true;
  }

 private:
  void save() {
    model_.save();
    saved_ = model_.step();
  }

  // A line of an earlier start.
  void keep(simdjson::dom::element line) {
    int64_t number = 0;
    double reward = 0;
    if (line["step"].get(number) != simdjson::SUCCESS) return;
    if (line["reward"].get(reward) == simdjson::SUCCESS) {
      plot_reward(number, reward);
      count_alike(line, reward);
    }
    double length = 0;
    if (line["length"].get(length) == simdjson::SUCCESS) lengths_.training.push_back({number, length});
    if (line["held_out_length"].get(length) == simdjson::SUCCESS) lengths_.validation.push_back({number, length});
    const char* const held_out = player_.has_judge() ? "held_out_truth" : "held_out";
    if (line[held_out].get(reward) == simdjson::SUCCESS) curve_.validation.push_back({number, reward});
  }

  // As note_alike() counts them.
  void count_alike(simdjson::dom::element line, double reward) {
    int64_t alike = -1, problems = 0;
    const bool has_both =
        line["alike"].get(alike) == simdjson::SUCCESS && line["problems"].get(problems) == simdjson::SUCCESS;
    if (!has_both || alike != problems) {
      alike_steps_ = 0;
    } else if (player_.has_judge() || reward < 1) {
      ++alike_steps_;
    }
  }

  // A reward model's scores have no unit: what is shown of them is how often it would prefer an answer to those of the
  // model that the run began with. So they share an axis with the checker's rewards, which are 0 to 1 with ftok's
  // tasks.
  void plot_reward(int64_t step, double reward) {
    if (!first_reward_) first_reward_ = reward;
    curve_.training.push_back({step, player_.has_judge() ? preference(reward, *first_reward_) : reward});
  }

  std::vector<Episode> play(const std::vector<Problem>& problems, int64_t samples, double temperature) {
    const uint64_t first = model_.step() * static_cast<uint64_t>(recipe_.rl.problems * recipe_.rl.samples);
    return player_.play(problems, samples, temperature, model_.engine().parameters(), first);
  }

  // The problems of the next step with answers. Where they fail, as a checker that dies does, the steps done so far are
  // kept: nothing of this one has changed the model. (A look at problems held out comes before its step's line in the
  // log, so that one that fails takes the run back to its last checkpoint.)
  std::vector<Episode> practise() {
    try {
      const size_t count = static_cast<size_t>(recipe_.rl.problems);
      return play(player_.problems(model_.step() * count, count, false), recipe_.rl.samples, 1);
    } catch (const Error&) {
      if (model_.step() > saved_) {
        save();
        tell_(LogLevel::kWarning,
              fmt::format("step {} fails; what was learnt up to step {} is kept", model_.step() + 1, model_.step()));
      }
      throw;
    }
  }

  void look_at_held_out(const std::optional<RlReport>& report) {
    const std::vector<Problem> problems = player_.problems(0, static_cast<size_t>(recipe_.run.held_out), true);
    const std::vector<Episode> episodes = play(problems, 1, 0);
    RlHeldOut held_out;
    const double count = static_cast<double>(episodes.size());
    for (const Episode& episode : episodes) {
      held_out.reward += episode.reward / count, held_out.truth += episode.truth / count;
      held_out.length += static_cast<double>(episode.answer_tokens()) / count;
    }
    std::vector<RlSample> samples;
    for (size_t i = 0; i < std::min(kSamplesShown, episodes.size()); ++i) {
      samples.push_back({problems[i].prompt, problems[i].truth, episodes[i].answer, episodes[i].reward});
      JsonWriter json;
      json.begin_object()
          .field("step", model_.step())
          .field("prompt", samples[i].prompt)
          .field("truth", samples[i].truth);
      samples_->add(json.field("answer", samples[i].answer).field("reward", samples[i].reward).end_object().text());
    }
    observer_.on_held_out(static_cast<int64_t>(model_.step()), held_out, samples);
    curve_.validation.push_back({static_cast<int64_t>(model_.step()), held_out.truth});
    lengths_.validation.push_back({static_cast<int64_t>(model_.step()), held_out.length});
    write_line(report, held_out);
    draw();
  }

  void draw() const {
    const auto title = [this](const char* what) {
      return fmt::format("{}: {} after {} of {} steps", recipe_.task.name, what, model_.step(), recipe_.run.steps);
    };
    const CurveNames names = player_.has_judge()
                                 ? CurveNames{"share", "preferred by the reward model", "right, held out"}
                                 : CurveNames{"mean reward", "practised", "held out"};
    write_file(inputs_.output + "/reward.svg", loss_svg(curve_, title("reward"), names));
    write_file(inputs_.output + "/length.svg",
               loss_svg(lengths_, title("length of answers"), {"tokens of an answer, mean", "practised", "held out"}));
  }

  // No times: the log of a run that was resumed has the same bytes.
  void write_line(const std::optional<RlReport>& report, const std::optional<RlHeldOut>& held_out) {
    JsonWriter json;
    json.begin_object().field("step", model_.step());
    if (report) {
      json.field("reward", report->reward);
      if (player_.has_judge()) json.field("truth", report->truth);
      json.field("length", report->length).field("complete", report->complete);
      json.field("problems", report->problems)
          .field("alike", report->alike)
          .field("norm", report->norm)
          .field("lr", report->learning_rate);
      if (recipe_.rl.kl > 0) json.field("divergence", report->divergence);
      if (report->skipped) json.field("skipped", true);
      plot_reward(report->step, report->reward);
      lengths_.training.push_back({report->step, report->length});
    }
    if (held_out) json.field("held_out", held_out->reward).field("held_out_length", held_out->length);
    if (held_out && player_.has_judge()) json.field("held_out_truth", held_out->truth);
    log_->add(json.end_object().text());
  }

  RlReport step() {
    const auto began = std::chrono::steady_clock::now();
    std::vector<Episode> episodes = practise();
    RlReport report = describe(episodes);
    const bool all_alike = report.alike == report.problems;
    report.skipped = all_alike && recipe_.rl.kl == 0;
    all_alike ? note_alike(report) : void(alike_steps_ = 0);
    if (!report.skipped) update(episodes, report);
    model_.finish_step();
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return report;
  }

  // Sets the advantages.
  RlReport describe(std::vector<Episode>& episodes) const {
    RlReport report;
    report.step = static_cast<int64_t>(model_.step()) + 1, report.steps = recipe_.run.steps;
    report.learning_rate = learning_rate_at(recipe_.schedule, report.step, report.steps);
    const double n = static_cast<double>(episodes.size());
    const size_t K = static_cast<size_t>(recipe_.rl.samples);
    report.problems = static_cast<int64_t>(episodes.size() / K);
    for (size_t begin = 0; begin < episodes.size(); begin += K) {
      std::vector<double> rewards;
      for (size_t i = begin; i < begin + K; ++i) {
        rewards.push_back(episodes[i].reward);
        report.reward += episodes[i].reward, report.truth += episodes[i].truth;
        report.length += static_cast<double>(episodes[i].answer_tokens());
        report.complete += episodes[i].complete;
      }
      const std::vector<double> advantages =
          group_advantages(rewards, recipe_.rl.advantage == "std", player_.has_judge() ? kScoreSpreadMin : 0);
      for (size_t i = begin; i < begin + K; ++i) episodes[i].advantage = advantages[i - begin];
      report.alike += std::all_of(advantages.begin(), advantages.end(), [](double a) { return a == 0; });
    }
    report.reward /= n, report.truth /= n, report.length /= n, report.complete /= n;
    return report;
  }

  // A step whose rewards say nothing: the first of several in a row is told, and after many the run ends. With a
  // checker and rl.kl it goes on, since the reference still pulls.
  void note_alike(const RlReport& report) {
    const bool has_judge = player_.has_judge();
    if (!has_judge && report.reward >= 1) return;  // all is solved
    const std::string message =
        has_judge
            ? fmt::format("step {}: the reward model gives all answers to each problem the same score (mean {:.3g})",
                          report.step, report.reward)
            : fmt::format("step {}: of each problem all answers have the same reward (mean {:.3g})", report.step,
                          report.reward);
    if (++alike_steps_ >= kAlikeStepsMax && (has_judge || report.skipped)) {
      throw Error(
          fmt::format("{}, as in the {} steps before: there is nothing to learn from; {}", message, kAlikeStepsMax - 1,
                      has_judge ? "`ftok reward eval` tells whether it can rank answers at all" : kMoreToLearnFrom));
    }
    if (alike_steps_ != 1) return;
    tell_(LogLevel::kWarning, message + (report.skipped ? "; the step is skipped" : "; only rl.kl moves the model"));
  }

  void update(std::vector<Episode>& episodes, RlReport& report) {
    int64_t tokens = 0;
    for (const Episode& episode : episodes) tokens += episode.answer_tokens();
    if (recipe_.rl.kl == 0) std::erase_if(episodes, [](const Episode& episode) { return episode.advantage == 0; });
    const std::vector<std::span<Episode>> parts = in_parts(episodes, recipe_.run.micro_batch);
    const PolicyOptions options{recipe_.rl.clip, recipe_.rl.kl};
    if (reference_) {
      for (const std::span<Episode>& part : parts) {
        const Batch batch = batch_of(part);
        take_losses(part, reference_->target_losses(batch.view()), batch.T, &Episode::reference);
      }
    }
    for (int64_t u = 0; u < recipe_.rl.updates; ++u) {
      model_.engine().clear_gradients();
      for (const std::span<Episode>& part : parts) {
        Batch batch = batch_of(part);
        const bool is_alone = recipe_.rl.updates == 1 && !reference_;  // all ratios are 1
        if (!is_alone) take_losses(part, model_.engine().target_losses(batch.view()), batch.T, &Episode::now);
        if (u == 0) {
          for (Episode& episode : part) episode.drawn = episode.now;
        }
        if (u == 0 && reference_) report.divergence += divergence_of(part) / static_cast<double>(tokens);
        weigh(part, options, batch);
        model_.engine().add_gradients(batch.view(), 1 / static_cast<double>(tokens));
      }
      model_.engine().take_loss();
      const int64_t number = static_cast<int64_t>(model_.step()) * recipe_.rl.updates + u + 1;
      report.norm = model_.update(number, report.learning_rate);
    }
  }

  const RlRecipe& recipe_;
  const RlInputs& inputs_;
  RlObserver& observer_;
  Log tell_;
  ModelRun model_;
  Player player_;
  std::unique_ptr<Evaluator> reference_;  // null: none is needed
  std::optional<LineLog> log_, samples_;
  LossCurve curve_, lengths_;  // of rewards, and of answers
  std::optional<double> first_reward_;
  int alike_steps_ = 0;  // in a row
  uint64_t saved_ = 0;   // the step of the last checkpoint
};

}  // namespace

bool reinforce(const RlRecipe& recipe, const RlInputs& inputs, RlObserver& observer, const Log& log) {
  recipe.check();
  check_memory(recipe, inputs);
  make_folder(inputs.output);
  const FolderLock lock(inputs.output);
  remove_temporaries(inputs.output);
  remove_temporaries(inputs.output + "/checkpoints");
  return RlRun(recipe, inputs, observer, log).run();
}

std::vector<Ranking> problem_rankings(const RlRecipe& recipe, const RlInputs& inputs, int64_t count, const Log& log) {
  recipe.check();
  Player player(recipe, inputs, practice_threads(recipe), log);
  const std::vector<Problem> problems = player.problems(0, static_cast<size_t>(count), false);
  const std::vector<Episode> episodes = player.play(problems, recipe.rl.samples, 1, inputs.initial->parameters, 0);
  std::vector<Ranking> rankings;
  const size_t K = static_cast<size_t>(recipe.rl.samples);
  for (size_t p = 0; p < problems.size(); ++p) {
    Ranking ranking;
    if (!recipe.rl.system.empty()) ranking.messages.push_back({"system", recipe.rl.system});
    ranking.messages.push_back({"user", problems[p].prompt});
    std::map<double, std::set<std::string>, std::greater<>> by_reward;
    for (size_t k = 0; k < K; ++k) by_reward[episodes[p * K + k].reward].insert(episodes[p * K + k].answer);
    if (by_reward.size() < 2) continue;
    int rank = 0;
    for (const auto& [reward, answers] : by_reward) {
      for (const std::string& answer : answers) ranking.answers.push_back(answer), ranking.ranks.push_back(rank);
      ++rank;
    }
    rankings.push_back(std::move(ranking));
  }
  if (rankings.empty())
    throw Error(fmt::format("of each of {} problems all {} answers have the same reward: there is nothing to rank; {}",
                            problems.size(), K, kMoreToLearnFrom));
  if (const size_t alike = problems.size() - rankings.size(); alike > 0)
    log(LogLevel::kInfo,
        fmt::format("{} of {} problems are left out: all answers to one have the same reward", alike, problems.size()));
  return rankings;
}

std::vector<BestOf> best_of(const RlRecipe& recipe, const RlInputs& inputs, int64_t most, const Log& log) {
  recipe.check();
  Player player(recipe, inputs, practice_threads(recipe), log);
  const std::vector<Problem> problems = player.problems(0, static_cast<size_t>(recipe.run.held_out), true);
  const std::vector<Episode> episodes = player.play(problems, most, 1, inputs.initial->parameters, 0);
  std::vector<BestOf> rows;
  for (int64_t n = 1; n <= most; n *= 2) {
    BestOf row;
    row.answers = n;
    const int64_t groups = most / n;  // of n answers to the same problem, one after the other
    for (size_t p = 0; p < problems.size(); ++p) {
      for (int64_t g = 0; g < groups; ++g) {
        const auto begin = episodes.begin() + static_cast<int64_t>(p) * most + g * n;
        const auto best =
            std::max_element(begin, begin + n, [](const Episode& a, const Episode& b) { return a.reward < b.reward; });
        row.reward += best->reward, row.truth += best->truth;
      }
    }
    const double count = static_cast<double>(groups) * static_cast<double>(problems.size());
    row.reward /= count, row.truth /= count;
    row.divergence = std::log(static_cast<double>(n)) - static_cast<double>(n - 1) / static_cast<double>(n);
    rows.push_back(row);
  }
  return rows;
}

std::string problem_conversations(const RlRecipe& recipe, int64_t count, bool held_out) {
  const auto problems = make_problem_set(recipe.task, static_cast<uint64_t>(recipe.rl.seed));
  std::string lines;
  for (const Problem& problem : problems->make(0, static_cast<size_t>(count), held_out)) {
    if (problem.solution.empty()) throw Error(fmt::format("task {}: its problems have no solution", recipe.task.name));
    lines += fmt::format("{{\"messages\":[{},{}],", format_chat_message({"user", problem.prompt}),
                         format_chat_message({"assistant", problem.solution}));
    std::string name;
    append_json_string(name, recipe.task.name);
    lines += "\"task\":" + name + "}\n";
  }
  return lines;
}

}  // namespace ftok
