#include "trainer/speaker.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "trainer/answer_reader.h"

namespace ftok {
namespace {

// An answer that goes on after each of its calls, with what was read in behind it as a longer prompt: what is drawn
// depends on the place in the text, so that it is the same as in one go.
struct AskedQuestion {
  AskedQuestion(const SampleRequest& request, AnswerReader answer_reader, int64_t tokens)
      : reader(std::move(answer_reader)),
        prompt(request.prompt.begin(), request.prompt.end()),
        seed(request.seed),
        tokens_left(tokens) {}

  // Takes what has been drawn. Whether there is more to draw.
  bool take(const SampledText& text, int64_t length) {
    bool goes_on = true;
    for (const uint32_t id : text.ids) reader.add(id, goes_on);
    complete = text.complete && !reader.ends_call(text.end);
    if (complete || !text.complete) return false;
    prompt.insert(prompt.end(), text.ids.begin(), text.ids.end());
    prompt.push_back(text.end);
    const std::vector<uint32_t> read_in = reader.add(text.end, goes_on);
    prompt.insert(prompt.end(), read_in.begin(), read_in.end());
    tokens_left -= static_cast<int64_t>(text.ids.size()) + 1;
    return tokens_left > 0 && static_cast<int64_t>(prompt.size()) < length;
  }

  AnswerReader reader;
  std::vector<uint32_t> prompt;
  uint64_t seed;
  int64_t tokens_left;
  bool complete = false;
};

}  // namespace

Speaker::Speaker(const Encoding& encoding, const ModelChat& chat, const ModelFile& model, std::string system)
    : encoding_(encoding),
      chat_(chat),
      model_(model),
      system_(std::move(system)),
      options_(answer_options(model, encoding, chat, true)) {
  end_ = encode_chat_prompt(encoding, chat.form, {{"user", ""}}).end_of_answer;
  options_.stops.push_back(end_);
}

std::vector<uint32_t> Speaker::prompt(const std::string& question) const {
  std::vector<ChatMessage> messages;
  if (!system_.empty()) messages.push_back({"system", system_});
  messages.push_back({"user", question});
  return prompt(std::move(messages));
}

std::vector<uint32_t> Speaker::prompt(std::vector<ChatMessage> messages) const {
  std::vector<uint32_t> ids = encode_chat_prompt(encoding_, chat_.form, std::move(messages)).ids;
  if (options_.begin_of_text && (ids.empty() || ids[0] != *options_.begin_of_text))
    ids.insert(ids.begin(), *options_.begin_of_text);
  check(ids);
  return ids;
}

std::vector<uint32_t> Speaker::answered(std::vector<ChatMessage> messages, const std::string& answer) const {
  std::vector<uint32_t> ids = prompt(std::move(messages));
  const std::vector<uint32_t> said = encoding_.encode(answer, Specials::kPlain);
  ids.insert(ids.end(), said.begin(), said.end());
  ids.push_back(end_);
  check(ids);
  return ids;
}

std::vector<ChatAnswer> Speaker::ask(BatchSampler& sampler, std::span<const SampleRequest> requests, double temperature,
                                     int64_t tokens_max) const {
  const AnswerListener listener;
  std::vector<AskedQuestion> all;
  std::vector<size_t> alive;
  for (const SampleRequest& request : requests) {
    alive.push_back(all.size());
    all.emplace_back(request, AnswerReader(encoding_, chat_.form, options_, listener), tokens_max);
  }
  while (!alive.empty()) {
    std::vector<SampleRequest> some;
    for (const size_t i : alive) some.push_back({all[i].prompt, all[i].seed, all[i].tokens_left});
    const std::vector<SampledText> texts = sampler.sample(some, {temperature, tokens_max, ends()});
    std::vector<size_t> left;
    for (size_t k = 0; k < alive.size(); ++k) {
      if (all[alive[k]].take(texts[k], model_.config.length)) left.push_back(alive[k]);
    }
    alive = std::move(left);
  }
  std::vector<ChatAnswer> answers;
  for (AskedQuestion& asked : all) answers.push_back(asked.reader.take(asked.complete));
  return answers;
}

void Speaker::check(std::span<const uint32_t> ids) const {
  for (const uint32_t id : ids) {
    if (id >= static_cast<uint64_t>(model_.config.vocabulary_size)) {
      throw UsageError(fmt::format("{}: id {} is outside the model's vocabulary of {}", encoding_.name(), id,
                                   model_.config.vocabulary_size));
    }
  }
}

std::string Speaker::text_of(std::span<const uint32_t> ids) const {
  std::string text;
  for (const uint32_t id : ids) text += id < encoding_.n_vocab() ? encoding_.token_bytes(id) : std::string_view();
  return text;
}

}  // namespace ftok
