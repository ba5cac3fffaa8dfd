#include "trainer/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "trainer/answer_reader.h"
#include "trainer/calculator.h"

namespace ftok {
namespace {

constexpr int64_t kRoomMin = 16;  // tokens that an answer should at least have room for

// The prompt, with as many of the messages as leave room for an answer.
ChatPrompt fit_prompt(const ModelConfig& config, const Encoding& encoding, const ChatTemplate& form,
                      std::vector<ChatMessage> messages, const AnswerOptions& options, size_t& forgotten) {
  const bool has_system = !messages.empty() && messages[0].role == "system";
  const int64_t room = std::min(kRoomMin, config.length / 2);
  while (true) {
    ChatPrompt prompt = encode_chat_prompt(encoding, form, messages);
    if (options.begin_of_text && (prompt.ids.empty() || prompt.ids[0] != *options.begin_of_text))
      prompt.ids.insert(prompt.ids.begin(), *options.begin_of_text);
    if (static_cast<int64_t>(prompt.ids.size()) + room <= config.length) return prompt;
    if (messages.size() <= size_t{1} + has_system) {
      throw TooLong(fmt::format("the message has {} tokens with what stands around it, but the model reads {}",
                                prompt.ids.size(), config.length - room));
    }
    // A program may insist that the first to speak is the user.
    do {
      messages.erase(messages.begin() + has_system);
      ++forgotten;
    } while (form.jinja && messages.size() > size_t{1} + has_system && messages[has_system].role != "user");
  }
}

}  // namespace

AnswerOptions answer_options(const ModelFile& model, const Encoding& encoding, const ModelChat& chat, bool tools) {
  AnswerOptions options;
  options.stops = model.ends_of_text;
  const std::optional<uint32_t> end = encoding.end_of_text();
  if (end) options.stops.push_back(*end);
  if (chat.begins_document) options.begin_of_text = model.begin_of_text ? model.begin_of_text : end;
  options.sample.encoding = &encoding;
  if (tools) options.tool = calculate;
  return options;
}

ChatAnswer answer(TokenPredictor& model, const ModelConfig& config, const Encoding& encoding, const ChatTemplate& form,
                  const std::vector<ChatMessage>& messages, const AnswerOptions& options,
                  const AnswerListener& listener, size_t* forgotten) {
  size_t left_out = 0;
  const ChatPrompt prompt = fit_prompt(config, encoding, form, messages, options, left_out);
  if (forgotten != nullptr) *forgotten = left_out;
  for (const uint32_t id : prompt.ids) {
    if (id >= static_cast<uint64_t>(config.vocabulary_size))
      throw UsageError(fmt::format("{}: id {} is outside the model's vocabulary of {}", encoding.name(), id,
                                   config.vocabulary_size));
  }
  AnswerReader reader(encoding, form, options, listener);
  bool complete = false;
  generate(model, config, prompt.ids, options.tokens_max, options.sample,
           [&](uint32_t token, std::vector<uint32_t>& read_in) {
             const bool stops = std::find(options.stops.begin(), options.stops.end(), token) != options.stops.end();
             complete = (token == prompt.end_of_answer || stops) && !reader.ends_call(token);
             if (complete || listener.stops()) return false;
             bool goes_on = true;
             read_in = reader.add(token, goes_on);
             return goes_on;
           });
  return reader.take(complete);
}

}  // namespace ftok
