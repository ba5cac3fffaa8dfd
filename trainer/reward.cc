#include "trainer/reward.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "core/check_range.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/recipe.h"
#include "shards/checksum.h"
#include "trainer/loss_curve.h"
#include "trainer/random.h"
#include "trainer/reward_model.h"
#include "trainer/rl/player.h"
#include "trainer/rl/texts_batch.h"
#include "trainer/speaker.h"
#include "trainer/training/line_log.h"
#include "trainer/training/model_run.h"

namespace ftok {
namespace {

constexpr int64_t kRewardRecipeBytesMax = 1 << 20;
constexpr int kAlikeScoreSteps = 10;  // in a row, after which it is told; one batch may be of answers much alike
constexpr uint64_t kPairOrderStream = uint64_t{6} << 32;

template <typename Visitor>
void visit_bound_sections(Visitor& visitor, RewardRecipe& recipe) {
  visitor.section("reward", recipe.reward);
  visitor.section("optimizer", recipe.optimizer);
  visitor.section("schedule", recipe.schedule);
}

// A ranking as tokens.
struct RankedTexts {
  std::vector<std::vector<uint32_t>> texts;
  std::vector<int> ranks;
};

std::string conversation_of(const Ranking& ranking) {
  std::string text;
  for (const ChatMessage& message : ranking.messages) text += format_chat_message(message) + "\n";
  return text;
}

bool is_held_out(const Ranking& ranking, int64_t per_mille) {
  uint64_t hash = 0;
  for (const char c : conversation_of(ranking)) hash = mix64(hash ^ static_cast<unsigned char>(c));
  return static_cast<int64_t>(hash % 1000) < per_mille;
}

// Those that fit into the model's context; `places`, where not null, are set to their numbers in `rankings`.
std::vector<RankedTexts> as_tokens(const std::vector<const Ranking*>& rankings, const Speaker& speaker, int64_t length,
                                   const Log& log, std::vector<size_t>* places = nullptr) {
  std::vector<RankedTexts> out;
  int64_t too_long = 0;
  for (size_t i = 0; i < rankings.size(); ++i) {
    RankedTexts one{{}, rankings[i]->ranks};
    size_t longest = 0;
    for (const std::string& answer : rankings[i]->answers) {
      one.texts.push_back(speaker.answered(rankings[i]->messages, answer));
      longest = std::max(longest, one.texts.back().size());
    }
    if (longest > static_cast<size_t>(length)) {
      ++too_long;
      continue;
    }
    out.push_back(std::move(one));
    if (places != nullptr) places->push_back(i);
  }
  if (too_long > 0) {
    log(LogLevel::kWarning,
        fmt::format("{} of {} rankings are longer than the model's context of {} tokens; they are left out", too_long,
                    rankings.size(), length));
  }
  return out;
}

// Consecutive rankings of at most `answers` answers together, at least one.
std::vector<std::span<const RankedTexts* const>> in_parts(std::span<const RankedTexts* const> rankings,
                                                          int64_t answers) {
  std::vector<std::span<const RankedTexts* const>> parts;
  size_t begin = 0, texts = 0;
  for (size_t i = 0; i < rankings.size(); ++i) {
    const size_t more = rankings[i]->texts.size();
    if (i > begin && texts + more > static_cast<size_t>(answers)) {
      parts.push_back(rankings.subspan(begin, i - begin));
      begin = i, texts = 0;
    }
    texts += more;
  }
  if (begin < rankings.size()) parts.push_back(rankings.subspan(begin));
  return parts;
}

std::vector<std::vector<uint32_t>> texts_of(std::span<const RankedTexts* const> rankings) {
  std::vector<std::vector<uint32_t>> texts;
  for (const RankedTexts* const ranking : rankings)
    texts.insert(texts.end(), ranking->texts.begin(), ranking->texts.end());
  return texts;
}

// Sums over rankings, until finish() makes them means.
class FitSum {
 public:
  // Adds what the scores, those of each ranking's answers one after the other, say; returns the loss's slopes.
  std::vector<double> add(std::span<const RankedTexts* const> rankings, std::span<const double> scores) {
    std::vector<double> slopes(scores.size());
    size_t at = 0;
    for (const RankedTexts* const ranking : rankings) {
      const size_t n = ranking->texts.size();
      const std::span<const double> own = scores.subspan(at, n);
      for (const double score : own) {  // an infinite one may leave a loss that is finite
        if (!std::isfinite(score)) throw Error(fmt::format("the reward model gives a score of {}", score));
      }
      fit_.loss += ranking_loss(own, ranking->ranks, std::span(slopes).subspan(at, n));
      const PairCount count = count_pairs(own, ranking->ranks);
      right_ += count.right, fit_.pairs += count.pairs;
      const auto [least, most] = std::minmax_element(own.begin(), own.end());
      fit_.spread = std::max(fit_.spread, *most - *least);
      ++fit_.rankings;
      at += n;
    }
    return slopes;
  }

  RewardFit finish() const {
    RewardFit fit = fit_;
    fit.loss /= static_cast<double>(std::max<int64_t>(1, fit.rankings));
    fit.accuracy = right_ / static_cast<double>(std::max<int64_t>(1, fit.pairs));
    return fit;
  }

 private:
  RewardFit fit_;
  double right_ = 0;
};

std::vector<const RankedTexts*> pointers_to(const std::vector<RankedTexts>& rankings) {
  std::vector<const RankedTexts*> pointers;
  for (const RankedTexts& ranking : rankings) pointers.push_back(&ranking);
  return pointers;
}

RewardFit measure(Scorer& scorer, const std::vector<RankedTexts>& rankings, int64_t micro_batch,
                  std::vector<double>* all = nullptr) {
  FitSum sum;
  const std::vector<const RankedTexts*> pointers = pointers_to(rankings);
  for (const auto& part : in_parts(pointers, micro_batch)) {
    const std::vector<double> scores = scorer.scores(texts_of(part));
    sum.add(part, scores);
    if (all != nullptr) all->insert(all->end(), scores.begin(), scores.end());
  }
  return sum.finish();
}

TrainRecipe model_recipe(const RewardRecipe& recipe, const ModelFile& model) {
  TrainRecipe own = recipe_of_model(model);
  own.model.score_head = true;
  own.optimizer = recipe.optimizer, own.schedule = recipe.schedule;
  own.run.threads = recipe.run.threads, own.run.steps = recipe.run.steps, own.run.micro_batch = recipe.run.micro_batch;
  own.run.keep = recipe.run.keep;
  return own;
}

// The model that the run begins with stays in memory.
void check_memory(const RewardRecipe& recipe, const RewardInputs& inputs, int64_t length) {
  check_run_memory(model_recipe(recipe, *inputs.initial), length, inputs.initial->parameters.size() * sizeof(float));
}

std::string binding_of(const RewardRecipe& recipe, const std::vector<Ranking>& rankings, const RewardInputs& inputs) {
  std::string data;
  for (const Ranking& ranking : rankings) data += format_ranking(ranking) + "\n";
  return reward_recipe_text(recipe, false, true) +
         origin_text(*inputs.initial, *inputs.encoding, *inputs.chat, checksum_of(data));
}

class RewardRun {
 public:
  RewardRun(const RewardRecipe& recipe, const std::vector<Ranking>& rankings, const RewardInputs& inputs,
            RewardObserver& observer, const Log& log)
      : recipe_(recipe),
        observer_(observer),
        tell_(log),
        model_(model_recipe(recipe, *inputs.initial), binding_of(recipe, rankings, inputs), inputs.output, log) {
    take(rankings, inputs);
    const std::span<const float> parameters = inputs.initial->parameters;
    if (inputs.initial->config.score_head) {
      model_.begin(parameters, 1);
    } else {
      model_.begin(add_score_head(inputs.initial->config, parameters), 1);
    }
    log_.emplace(inputs.output + "/log.jsonl", model_.step(), [this](simdjson::dom::element line) { keep(line); });
    curve_.steps = recipe_.run.steps;
    write_file(inputs.output + "/" + kChatTemplateName, format_chat_template(inputs.chat->form) + "\n");
  }

  bool run(const std::function<bool()>& stop) {
    const uint64_t steps = static_cast<uint64_t>(recipe_.run.steps);
    observer_.on_start(static_cast<int64_t>(model_.step()) + 1, recipe_, static_cast<int64_t>(train_.size()),
                       static_cast<int64_t>(held_out_.size()));
    if (model_.step() == 0 && looks()) look_at_held_out(std::nullopt);
    while (model_.step() < steps) {
      const RewardReport report = step();
      observer_.on_step(report);
      if (looks() && (report.step % recipe_.run.evaluate_every == 0 || report.step == report.steps)) {
        look_at_held_out(report);
      } else {
        write_line(report, std::nullopt);
      }
      const bool stops = stop && stop();
      if (report.step % recipe_.run.checkpoint_every == 0 || model_.step() == steps || stops) model_.save();
      if (stops && model_.step() < steps) return false;
    }
    return true;
  }

 private:
  bool looks() const { return recipe_.run.evaluate_every > 0 && !held_out_.empty(); }

  void take(const std::vector<Ranking>& rankings, const RewardInputs& inputs) {
    const Speaker speaker(*inputs.encoding, *inputs.chat, *inputs.initial, "");
    std::vector<const Ranking*> train, held_out;
    for (const Ranking& ranking : rankings)
      (is_held_out(ranking, recipe_.reward.held_out_per_mille) ? held_out : train).push_back(&ranking);
    const int64_t length = inputs.initial->config.length;
    train_ = as_tokens(train, speaker, length, tell_);
    held_out_ = as_tokens(held_out, speaker, length, tell_);
    size_t longest = 1;
    for (const RankedTexts& one : train_) {
      for (const std::vector<uint32_t>& text : one.texts) longest = std::max(longest, text.size());
    }
    check_memory(recipe_, inputs, static_cast<int64_t>(longest));
    if (train_.empty()) throw Error("no ranking is left to learn from");
    if (held_out_.empty() && recipe_.reward.held_out_per_mille > 0)
      tell_(LogLevel::kWarning,
            "no ranking is held out: there are too few; accuracy is only known of those learnt from");
  }

  // A line of an earlier start.
  void keep(simdjson::dom::element line) {
    int64_t number = 0;
    double accuracy = 0;
    if (line["step"].get(number) != simdjson::SUCCESS) return;
    if (line["accuracy"].get(accuracy) == simdjson::SUCCESS) curve_.training.push_back({number, accuracy});
    if (line["held_out_accuracy"].get(accuracy) == simdjson::SUCCESS) curve_.validation.push_back({number, accuracy});
  }

  // In each epoch all rankings, in an order of its own.
  const RankedTexts* at(uint64_t number) {
    const uint64_t epoch = number / train_.size();
    if (order_.empty() || epoch != epoch_) {
      epoch_ = epoch;
      order_.resize(train_.size());
      std::iota(order_.begin(), order_.end(), size_t{0});
      std::vector<uint64_t> keys;
      for (size_t i = 0; i < order_.size(); ++i)
        keys.push_back(random_bits(static_cast<uint64_t>(recipe_.reward.seed), kPairOrderStream + epoch, i));
      std::sort(order_.begin(), order_.end(),
                [&](size_t a, size_t b) { return std::pair(keys[a], a) < std::pair(keys[b], b); });
    }
    return &train_[order_[number % train_.size()]];
  }

  RewardReport step() {
    const auto began = std::chrono::steady_clock::now();
    RewardReport report;
    report.step = static_cast<int64_t>(model_.step()) + 1, report.steps = recipe_.run.steps;
    report.learning_rate = learning_rate_at(recipe_.schedule, report.step, report.steps);
    std::vector<const RankedTexts*> rankings;
    const uint64_t count = static_cast<uint64_t>(recipe_.reward.rankings);
    for (uint64_t i = 0; i < count; ++i) rankings.push_back(at(model_.step() * count + i));
    FitSum sum;
    model_.engine().clear_gradients();
    for (const auto& part : in_parts(rankings, recipe_.run.micro_batch)) {
      const std::vector<std::vector<uint32_t>> texts = texts_of(part);
      const TextsBatch batch(texts);
      model_.engine().add_score_gradients(batch.view(), batch.ends(), [&](std::span<const double> scores) {
        std::vector<double> slopes = sum.add(part, scores);
        for (double& slope : slopes) slope /= static_cast<double>(count);
        return slopes;
      });
    }
    report.fit = sum.finish();
    if (!std::isfinite(report.fit.loss))
      throw Error(fmt::format("step {}: the loss is {}", report.step, report.fit.loss));
    report.norm = model_.update(report.step, report.learning_rate);
    model_.finish_step();
    watch_spread(report);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return report;
  }

  // Of the rankings learnt from: a model whose scores do not differ ranks nothing, and its loss stays what it was
  // before training. The score head begins with zeros, so the first step says nothing.
  void watch_spread(const RewardReport& report) {
    if (report.fit.spread >= kScoreSpreadMin) alike_steps_ = 0;
    else if (report.step > 1) ++alike_steps_;
    // A run of two steps has but one to tell by: the look at its end says it.
    if (alike_steps_ != std::min<int64_t>(kAlikeScoreSteps, report.steps - 1) || alike_steps_ < 2) return;
    tell_(LogLevel::kWarning,
          fmt::format("step {}: the reward model gives all answers to a conversation the same score (they differ by "
                      "{:.2g} at most), {} steps in a row: it has learnt nothing to choose by",
                      report.step, report.fit.spread, alike_steps_));
  }

  void look_at_held_out(const std::optional<RewardReport>& report) {
    const auto scorer =
        make_cpu_scorer(model_.recipe().model, model_.engine().parameters(), model_.threads(), recipe_.run.micro_batch);
    const RewardFit fit = measure(*scorer, held_out_, recipe_.run.micro_batch);
    observer_.on_held_out(static_cast<int64_t>(model_.step()), fit);
    curve_.validation.push_back({static_cast<int64_t>(model_.step()), fit.accuracy});
    write_line(report, fit);
    write_file(
        model_.output() + "/accuracy.svg",
        loss_svg(curve_, fmt::format("reward model: accuracy after {} of {} steps", model_.step(), recipe_.run.steps),
                 {"pairs ranked as in the data", "learnt from", "held out"}));
    if (report && report->step == report->steps && fit.spread < kScoreSpreadMin) {
      tell_(LogLevel::kWarning, fmt::format("the reward model gives all answers to a conversation the same score (they "
                                            "differ by {:.2g} at most): it has learnt nothing to choose by",
                                            fit.spread));
    }
  }

  // No times: the log of a run that was resumed has the same bytes.
  void write_line(const std::optional<RewardReport>& report, const std::optional<RewardFit>& held_out) {
    JsonWriter json;
    json.begin_object().field("step", model_.step());
    if (report) {
      json.field("loss", report->fit.loss).field("accuracy", report->fit.accuracy);
      json.field("norm", report->norm).field("lr", report->learning_rate);
      curve_.training.push_back({report->step, report->fit.accuracy});
    }
    if (held_out) json.field("held_out_loss", held_out->loss).field("held_out_accuracy", held_out->accuracy);
    log_->add(json.end_object().text());
  }

  const RewardRecipe& recipe_;
  RewardObserver& observer_;
  Log tell_;
  ModelRun model_;
  std::vector<RankedTexts> train_, held_out_;
  std::vector<size_t> order_;  // of train_, in epoch_
  uint64_t epoch_ = 0;
  std::optional<LineLog> log_;
  LossCurve curve_;          // of accuracies
  int64_t alike_steps_ = 0;  // in a row, whose scores do not differ
};

}  // namespace

void RewardOptions::visit(OptionVisitor& visitor) {
  visitor.field("seed", seed, "seed of the order of the rankings");
  visitor.field("rankings", rankings, "rankings of a step");
  visitor.field("held_out_per_mille", held_out_per_mille,
                "share of the rankings, by a hash of their conversations, that is measured and not learnt from");
}

void RewardRunOptions::visit(OptionVisitor& visitor) {
  visitor.field("steps", steps, "steps of the whole run; the learning rate schedule ends with the last");
  visitor.field("micro_batch", micro_batch, "answers computed at a time; those of a ranking are computed together");
  visitor.field("threads", threads, "threads; 0: one per core; any number gives the same bits");
  visitor.field("evaluate_every", evaluate_every, "steps between looks at the rankings held out; 0: never");
  visitor.field("checkpoint_every", checkpoint_every, "steps between checkpoints; the last step always writes one");
  visitor.field("keep", keep, "checkpoints to keep, the newest");
}

void RewardRecipe::check() const {
  optimizer.check();
  schedule.check();
  check_range("reward.seed", reward.seed, 0, INT64_MAX);
  check_range("reward.rankings", reward.rankings, 1, 1 << 20);
  check_range("reward.held_out_per_mille", reward.held_out_per_mille, 0, 999);
  check_range("run.steps", run.steps, 1, 999'999'999);  // nine digits in a checkpoint's name
  check_range("run.micro_batch", run.micro_batch, 1, 1 << 20);
  check_range("run.threads", run.threads, 0, 4096);
  check_range("run.evaluate_every", run.evaluate_every, 0, INT64_MAX);
  check_range("run.checkpoint_every", run.checkpoint_every, 1, INT64_MAX);
  check_range("run.keep", run.keep, 1, 1 << 20);
}

RewardRecipe load_reward_recipe(const std::string& path, const std::vector<std::string>& assignments) {
  RecipeReader reader(path.empty() ? std::string() : read_file(path, kRewardRecipeBytesMax), path);
  for (const std::string& assignment : assignments) reader.set(assignment);
  RewardRecipe recipe;
  recipe.optimizer.weight_decay = 0;
  recipe.schedule.learning_rate = 2e-4;
  recipe.schedule.warmup_steps = 10;
  visit_bound_sections(reader, recipe);
  reader.section("run", recipe.run);
  reader.finish();
  recipe.check();
  return recipe;
}

std::string reward_recipe_text(RewardRecipe recipe, bool with_help, bool bound) {
  RecipeWriter writer(with_help);
  visit_bound_sections(writer, recipe);
  if (!bound) writer.section("run", recipe.run);
  return writer.text();
}

bool train_reward_model(const RewardRecipe& recipe, const std::vector<Ranking>& rankings, const RewardInputs& inputs,
                        RewardObserver& observer, const Log& log) {
  recipe.check();
  check_memory(recipe, inputs, 1);  // again when the texts' lengths are known
  make_folder(inputs.output);
  const FolderLock lock(inputs.output);
  remove_temporaries(inputs.output);
  remove_temporaries(inputs.output + "/checkpoints");
  return RewardRun(recipe, rankings, inputs, observer, log).run(inputs.stop);
}

RewardFit measure_rankings(const std::vector<Ranking>& rankings, const RewardInputs& inputs, int threads,
                           const Log& log, std::vector<std::vector<double>>* scores) {
  const ModelFile& model = *inputs.initial;
  const Speaker speaker(*inputs.encoding, *inputs.chat, model, "");
  std::vector<const Ranking*> all;
  for (const Ranking& ranking : rankings) all.push_back(&ranking);
  std::vector<size_t> places;
  const std::vector<RankedTexts> ranked = as_tokens(all, speaker, model.config.length, log, &places);
  const int64_t rows = RewardRunOptions().micro_batch;
  const auto scorer = make_cpu_scorer(model.config, model.parameters, threads, rows);
  std::vector<double> flat;
  const RewardFit fit = measure(*scorer, ranked, rows, &flat);
  if (scores == nullptr) return fit;
  scores->assign(rankings.size(), {});
  size_t at = 0;
  for (size_t i = 0; i < ranked.size(); ++i) {
    for (size_t k = 0; k < ranked[i].texts.size(); ++k) (*scores)[places[i]].push_back(flat[at++]);
  }
  return fit;
}

}  // namespace ftok
