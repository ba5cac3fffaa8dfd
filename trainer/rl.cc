#include "trainer/rl.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/recipe.h"
#include "shards/checksum.h"
#include "trainer/batch_sample.h"
#include "trainer/checkpoint.h"
#include "trainer/evaluate.h"
#include "trainer/loss_curve.h"
#include "trainer/random.h"
#include "trainer/rl/episodes.h"
#include "trainer/rl/policy.h"
#include "trainer/speaker.h"
#include "trainer/train_recipe.h"
#include "trainer/training/engine.h"
#include "trainer/training/line_log.h"

namespace ftok {
namespace {

constexpr size_t kSamplesShown = 4;  // of a look at problems held out
constexpr uint64_t kAnswerStream = uint64_t{5} << 32;
constexpr char kTemplateName[] = "chat.json";  // as train.h has it

// The training recipe that describes the model, in its checkpoints.
TrainRecipe model_recipe(const RlRecipe& recipe, const ModelFile& model) {
  TrainRecipe own;
  if (model.recipe.empty()) {
    std::vector<std::string> sets = model_assignments(model.config);
    std::string vocabulary;
    append_json_string(vocabulary, model.vocabulary);
    sets.push_back("vocabulary=" + vocabulary);
    sets.push_back(fmt::format("training.tokens_per_step={}", model.config.length));
    own = load_train_recipe("sft", sets);
  } else {
    own = parse_train_recipe(model.recipe, model.path);
  }
  own.optimizer = recipe.optimizer, own.schedule = recipe.schedule;
  own.run.threads = recipe.run.threads, own.run.steps = recipe.run.steps, own.run.micro_batch = recipe.run.micro_batch;
  return own;
}

// What a folder is bound to besides its recipe.
struct Origin {
  std::string model, vocabulary, chat;
  explicit Origin(const RlInputs& inputs)
      : model(checksum_of({reinterpret_cast<const char*>(inputs.initial->parameters.data()),
                           inputs.initial->parameters.size() * sizeof(float)})),
        vocabulary(inputs.encoding->digest()),
        chat(format_chat_template(inputs.chat->form)) {}
  void visit(OptionVisitor& visitor) {
    visitor.field("model", model, "checksum of the weights that the run began with");
    visitor.field("vocabulary", vocabulary, "digest of the vocabulary");
    visitor.field("chat", chat, "chat template");
  }
};

std::string binding_of(const RlRecipe& recipe, const RlInputs& inputs) {
  Origin origin(inputs);
  RecipeWriter writer(false);
  writer.section("origin", origin);
  return rl_recipe_text(recipe, false, true) + writer.text();
}

class RlRun {
 public:
  RlRun(const RlRecipe& recipe, const RlInputs& inputs, RlObserver& observer, const Log& log)
      : recipe_(recipe),
        inputs_(inputs),
        observer_(observer),
        tell_(log),
        model_recipe_(model_recipe(recipe, *inputs.initial)),
        binding_(binding_of(recipe, inputs)),
        ranks_(make_single_communicator()),
        engine_(make_cpu_engine(model_recipe_, *ranks_)),
        problems_(make_problem_set(recipe.task, static_cast<uint64_t>(recipe.rl.seed))),
        speaker_(*inputs.encoding, *inputs.chat, *inputs.initial, recipe.rl.system) {
    resume();
    threads_ = thread_count(model_recipe_);
    if (recipe_.rl.kl > 0) reference_ = make_cpu_evaluator(config(), inputs_.initial->parameters, threads_);
    log_.emplace(inputs_.output + "/log.jsonl", step_, [this](simdjson::dom::element line) { keep(line); });
    samples_.emplace(inputs_.output + "/samples.jsonl", step_);
    curve_.steps = recipe_.run.steps;
    write_file(inputs_.output + "/" + kTemplateName, format_chat_template(inputs_.chat->form) + "\n");
  }

  bool run() {
    const uint64_t steps = static_cast<uint64_t>(recipe_.run.steps);
    observer_.on_start(static_cast<int64_t>(step_) + 1, recipe_);
    if (step_ == 0 && recipe_.run.evaluate_every > 0) look_at_held_out(std::nullopt);
    while (step_ < steps) {
      const RlReport report = step();
      const int64_t every = recipe_.run.evaluate_every;
      observer_.on_step(report);
      if (every > 0 && (report.step % every == 0 || report.step == report.steps)) {
        look_at_held_out(report);
      } else {
        write_line(report, std::nullopt);
      }
      const bool stops = inputs_.stop && inputs_.stop();
      if (report.step % recipe_.run.checkpoint_every == 0 || step_ == steps || stops) save();
      if (stops && step_ < steps) return false;
    }
    return true;
  }

 private:
  const ModelConfig& config() const { return inputs_.initial->config; }
  std::string checkpoints() const { return inputs_.output + "/checkpoints"; }

  void resume() {
    std::optional<Checkpoint> checkpoint = read_latest_checkpoint(checkpoints(), tell_);
    if (!checkpoint) return engine_->set_state({inputs_.initial->parameters, {}, {}}, 0);
    if (checkpoint->data != binding_) {
      const std::string difference =
          checkpoint->data.starts_with("[task]") ? recipe_difference(checkpoint->data, binding_) : "";
      throw UsageError(fmt::format("{} holds another run{}{}; use another output folder", inputs_.output,
                                   difference.empty() ? "" : ": ", difference));
    }
    step_ = checkpoint->step;
    engine_->set_state({std::move(checkpoint->parameters), std::move(checkpoint->first_moments),
                        std::move(checkpoint->second_moments)},
                       static_cast<int64_t>(step_) * recipe_.rl.updates);
  }

  void save() {
    EngineState state = engine_->state();
    write_checkpoint(checkpoints(),
                     {train_recipe_text(model_recipe_, false),
                      step_,
                      0,
                      binding_,
                      {},
                      std::move(state.parameters),
                      std::move(state.first_moments),
                      std::move(state.second_moments)},
                     recipe_.run.keep);
  }

  // A line of an earlier start.
  void keep(simdjson::dom::element line) {
    int64_t number = 0;
    double reward = 0;
    if (line["step"].get(number) != simdjson::SUCCESS) return;
    if (line["reward"].get(reward) == simdjson::SUCCESS) curve_.training.push_back({number, reward});
    if (line["held_out"].get(reward) == simdjson::SUCCESS) curve_.validation.push_back({number, reward});
  }

  std::vector<SampledText> draw(const std::vector<std::vector<uint32_t>>& prompts, int64_t samples,
                                double temperature) {
    std::vector<SampleRequest> requests;
    for (const std::vector<uint32_t>& prompt : prompts) {
      for (int64_t k = 0; k < samples; ++k) {
        const uint64_t number = step_ * static_cast<uint64_t>(recipe_.rl.problems * samples) + requests.size();
        requests.push_back({prompt, random_bits(static_cast<uint64_t>(recipe_.rl.seed), kAnswerStream, number)});
      }
    }
    const auto sampler = make_cpu_batch_sampler(config(), engine_->parameters(), threads_, recipe_.run.rows);
    return sampler->sample(requests, {temperature, recipe_.rl.tokens_max, speaker_.ends()});
  }

  // Answers to problems, with their rewards.
  std::vector<Episode> play(const std::vector<Problem>& problems, int64_t samples, double temperature) {
    std::vector<std::vector<uint32_t>> prompts;
    for (const Problem& problem : problems) prompts.push_back(speaker_.prompt(problem.prompt));
    const std::vector<SampledText> texts = draw(prompts, samples, temperature);
    std::vector<ProblemAnswer> attempts;
    for (size_t i = 0; i < texts.size(); ++i)
      attempts.push_back({&problems[i / static_cast<size_t>(samples)], speaker_.text_of(texts[i].ids)});
    const std::vector<double> rewards = problems_->rewards(attempts);
    std::vector<Episode> episodes;
    for (size_t i = 0; i < texts.size(); ++i) {
      Episode episode(prompts[i / static_cast<size_t>(samples)], texts[i]);
      episode.reward = rewards[i];
      episode.answer = std::move(attempts[i].answer);
      episodes.push_back(std::move(episode));
    }
    return episodes;
  }

  void look_at_held_out(const std::optional<RlReport>& report) {
    const std::vector<Problem> problems = problems_->make(0, static_cast<size_t>(recipe_.run.held_out), true);
    const std::vector<Episode> episodes = play(problems, 1, 0);
    double reward = 0;
    for (const Episode& episode : episodes) reward += episode.reward;
    reward /= static_cast<double>(episodes.size());
    std::vector<RlSample> samples;
    for (size_t i = 0; i < std::min(kSamplesShown, episodes.size()); ++i) {
      samples.push_back({problems[i].prompt, problems[i].truth, episodes[i].answer, episodes[i].reward});
      JsonWriter json;
      json.begin_object().field("step", step_).field("prompt", samples[i].prompt).field("truth", samples[i].truth);
      samples_->add(json.field("answer", samples[i].answer).field("reward", samples[i].reward).end_object().text());
    }
    observer_.on_held_out(static_cast<int64_t>(step_), reward, samples);
    curve_.validation.push_back({static_cast<int64_t>(step_), reward});
    write_line(report, reward);
    write_file(
        inputs_.output + "/reward.svg",
        loss_svg(curve_, fmt::format("{}: reward after {} of {} steps", recipe_.task.name, step_, recipe_.run.steps),
                 "mean reward"));
  }

  // No times: the log of a run that was resumed has the same bytes.
  void write_line(const std::optional<RlReport>& report, const std::optional<double>& held_out) {
    JsonWriter json;
    json.begin_object().field("step", step_);
    if (report) {
      json.field("reward", report->reward).field("length", report->length).field("complete", report->complete);
      json.field("alike", report->alike).field("norm", report->norm).field("lr", report->learning_rate);
      if (recipe_.rl.kl > 0) json.field("divergence", report->divergence);
      if (report->skipped) json.field("skipped", true);
      curve_.training.push_back({report->step, report->reward});
    }
    if (held_out) json.field("held_out", *held_out);
    log_->add(json.end_object().text());
  }

  RlReport step() {
    const auto began = std::chrono::steady_clock::now();
    const size_t count = static_cast<size_t>(recipe_.rl.problems);
    const std::vector<Problem> problems = problems_->make(step_ * count, count, false);
    std::vector<Episode> episodes = play(problems, recipe_.rl.samples, 1);
    RlReport report = describe(episodes);
    if (report.alike == recipe_.rl.problems && recipe_.rl.kl == 0) {
      leave_out(report);
    } else {
      alike_steps_ = 0;
      update(episodes, report);
    }
    ++step_;
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return report;
  }

  // Sets the advantages.
  RlReport describe(std::vector<Episode>& episodes) const {
    RlReport report;
    report.step = static_cast<int64_t>(step_) + 1, report.steps = recipe_.run.steps;
    report.learning_rate = learning_rate_at(recipe_.schedule, report.step, report.steps);
    const double n = static_cast<double>(episodes.size());
    const size_t K = static_cast<size_t>(recipe_.rl.samples);
    for (size_t begin = 0; begin < episodes.size(); begin += K) {
      std::vector<double> rewards;
      for (size_t i = begin; i < begin + K; ++i) {
        rewards.push_back(episodes[i].reward);
        report.reward += episodes[i].reward;
        report.length += static_cast<double>(episodes[i].answer_tokens());
        report.complete += episodes[i].complete;
      }
      const std::vector<double> advantages = group_advantages(rewards, recipe_.rl.advantage == "std");
      for (size_t i = begin; i < begin + K; ++i) episodes[i].advantage = advantages[i - begin];
      report.alike += std::all_of(advantages.begin(), advantages.end(), [](double a) { return a == 0; });
    }
    report.reward /= n, report.length /= n, report.complete /= n;
    return report;
  }

  void leave_out(RlReport& report) {
    report.skipped = true;
    if (report.reward >= 1) return;  // all is solved
    const std::string message = fmt::format("step {}: of each problem all answers have the same reward (mean {:.3g})",
                                            report.step, report.reward);
    if (++alike_steps_ >= kAlikeStepsMax) {
      throw Error(
          fmt::format("{}, as in the {} steps before: there is nothing to learn from; easier problems, more "
                      "rl.samples or more fine-tuning first would help",
                      message, kAlikeStepsMax - 1));
    }
    if (alike_steps_ == 1) tell_(LogLevel::kWarning, message + "; the step is skipped");
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
      engine_->clear_gradients();
      for (const std::span<Episode>& part : parts) {
        Batch batch = batch_of(part);
        const bool is_alone = recipe_.rl.updates == 1 && !reference_;  // all ratios are 1
        if (!is_alone) take_losses(part, engine_->target_losses(batch.view()), batch.T, &Episode::now);
        if (u == 0) {
          for (Episode& episode : part) episode.drawn = episode.now;
        }
        if (u == 0 && reference_) report.divergence += divergence_of(part) / static_cast<double>(tokens);
        weigh(part, options, batch);
        engine_->add_gradients(batch.view(), 1 / static_cast<double>(tokens));
      }
      engine_->take_loss();
      engine_->reduce_gradients();
      report.norm = engine_->norm();
      if (!std::isfinite(report.norm))
        throw Error(fmt::format("step {}: the gradient norm is {}", report.step, report.norm));
      const int64_t number = static_cast<int64_t>(step_) * recipe_.rl.updates + u + 1;
      engine_->update(number, report.learning_rate, report.norm);
    }
  }

  const RlRecipe& recipe_;
  const RlInputs& inputs_;
  RlObserver& observer_;
  Log tell_;
  TrainRecipe model_recipe_;
  std::string binding_;
  std::unique_ptr<Communicator> ranks_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ProblemSet> problems_;
  Speaker speaker_;
  std::unique_ptr<Evaluator> reference_;  // null: none is needed
  std::optional<LineLog> log_, samples_;
  LossCurve curve_;  // of rewards
  uint64_t step_ = 0;
  int threads_ = 1;
  int alike_steps_ = 0;  // in a row
};

}  // namespace

bool reinforce(const RlRecipe& recipe, const RlInputs& inputs, RlObserver& observer, const Log& log) {
  recipe.check();
  make_folder(inputs.output);
  const FolderLock lock(inputs.output);
  remove_temporaries(inputs.output);
  remove_temporaries(inputs.output + "/checkpoints");
  return RlRun(recipe, inputs, observer, log).run();
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
