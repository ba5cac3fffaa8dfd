#include "trainer/rl/player.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "trainer/batch_sample.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr uint64_t kAnswerStream = uint64_t{5} << 32;

void check_judge(const RlInputs& inputs) {
  const ModelFile& judge = *inputs.judge;
  if (!judge.config.score_head)
    throw UsageError(judge.path + " is not a reward model: it has no score head (`ftok reward train` makes one)");
  if (judge.config.vocabulary_size != inputs.initial->config.vocabulary_size) {
    throw UsageError(fmt::format("{}: the reward model has a vocabulary of {}, the model one of {}", judge.path,
                                 judge.config.vocabulary_size, inputs.initial->config.vocabulary_size));
  }
}

}  // namespace

Player::Player(const RlRecipe& recipe, const RlInputs& inputs, int threads, const Log& log)
    : recipe_(recipe),
      inputs_(inputs),
      threads_(threads),
      log_(log),
      problems_(make_problem_set(recipe.task, static_cast<uint64_t>(recipe.rl.seed))),
      speaker_(*inputs.encoding, *inputs.chat, *inputs.initial, recipe.rl.system) {
  if (inputs.judge == nullptr) return;
  check_judge(inputs);
  judge_ = make_cpu_scorer(inputs.judge->config, inputs.judge->parameters, threads, recipe.run.micro_batch);
}

std::vector<Problem> Player::problems(uint64_t first, size_t count, bool held_out) {
  std::vector<Problem> all = problems_->make(first, count, held_out), fitting;
  const char* const kind = held_out ? "held out" : "to practise";
  for (size_t i = 0; i < all.size(); ++i) {
    const size_t tokens = speaker_.prompt(all[i].prompt).size();
    if (static_cast<int64_t>(tokens) < inputs_.initial->config.length) {
      fitting.push_back(std::move(all[i]));
    } else if (!std::exchange(told_[held_out], true)) {
      log_(LogLevel::kWarning,
           fmt::format("problem {} {} has {} tokens with what stands around it, but the model reads {}: such problems "
                       "are left out",
                       first + i, kind, tokens, inputs_.initial->config.length - 1));
    }
  }
  if (fitting.empty())
    throw Error(
        fmt::format("all problems {} from {} to {} are too long for the model", kind, first, first + count - 1));
  return fitting;
}

std::vector<SampledText> Player::draw(const std::vector<std::vector<uint32_t>>& prompts, int64_t samples,
                                      double temperature, std::span<const float> parameters, uint64_t first) const {
  std::vector<SampleRequest> requests;
  for (const std::vector<uint32_t>& prompt : prompts) {
    for (int64_t k = 0; k < samples; ++k) {
      requests.push_back(
          {prompt, random_bits(static_cast<uint64_t>(recipe_.rl.seed), kAnswerStream, first + requests.size())});
    }
  }
  const auto sampler = make_cpu_batch_sampler(inputs_.initial->config, parameters, threads_, recipe_.run.rows);
  return sampler->sample(requests, {temperature, recipe_.rl.tokens_max, speaker_.ends()});
}

std::vector<Episode> Player::play(const std::vector<Problem>& problems, int64_t samples, double temperature,
                                  std::span<const float> parameters, uint64_t first) {
  std::vector<std::vector<uint32_t>> prompts;
  for (const Problem& problem : problems) prompts.push_back(speaker_.prompt(problem.prompt));
  const std::vector<SampledText> texts = draw(prompts, samples, temperature, parameters, first);
  std::vector<ProblemAnswer> attempts;
  for (size_t i = 0; i < texts.size(); ++i)
    attempts.push_back({&problems[i / static_cast<size_t>(samples)], speaker_.text_of(texts[i].ids)});
  const std::vector<double> rewards = problems_->rewards(attempts);
  std::vector<Episode> episodes;
  for (size_t i = 0; i < texts.size(); ++i) {
    Episode episode(prompts[i / static_cast<size_t>(samples)], texts[i]);
    episode.reward = episode.truth = rewards[i];
    episode.answer = std::move(attempts[i].answer);
    episodes.push_back(std::move(episode));
  }
  if (judge_) let_judge(episodes);
  return episodes;
}

void Player::let_judge(std::vector<Episode>& episodes) {
  std::vector<std::vector<uint32_t>> texts;
  for (const Episode& episode : episodes) {
    texts.push_back(episode.tokens);
    if (!episode.complete) texts.back().push_back(speaker_.end_of_answer());  // it has learnt to read whole answers
    if (texts.back().size() > static_cast<size_t>(inputs_.judge->config.length)) {
      throw Error(
          fmt::format("an answer with its problem has {} tokens, but the reward model reads {}; lower rl.tokens_max",
                      texts.back().size(), inputs_.judge->config.length));
    }
  }
  const std::vector<double> scores = judge_->scores(texts);
  for (size_t i = 0; i < episodes.size(); ++i) episodes[i].reward = scores[i];
}

}  // namespace ftok
