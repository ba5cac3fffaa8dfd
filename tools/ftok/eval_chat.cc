#include "tools/ftok/eval_chat.h"

#include <fmt/format.h>

#include "core/error.h"
#include "pipeline/inputs.h"
#include "tokenizer/chat_message.h"
#include "tools/ftok/text_input.h"
#include "trainer/problems.h"

namespace ftok::cli {

std::vector<ChatExample> read_chat_examples(const std::string& path, size_t count) {
  std::vector<ChatExample> examples;
  for_each_json_line(open_input(path, {}), "messages", [&](uint64_t line, simdjson::dom::element root) {
    if (count > 0 && examples.size() == count) return;
    ChatExample example;
    example.place = fmt::format("{}: line {}", path, line);
    simdjson::dom::array list;
    if (root["messages"].get(list) != simdjson::SUCCESS) throw Error("no list \"messages\"");
    for (const simdjson::dom::element one : list) {
      ChatMessage message;
      if (const std::string wrong = read_chat_message(one, message); !wrong.empty()) throw Error(wrong);
      example.messages.push_back(std::move(message));
    }
    if (example.messages.size() < 2 || example.messages.back().role != "assistant")
      throw Error("the last message of \"messages\" is not an assistant's answer");
    example.truth = final_answer(example.messages.back().last_text());
    example.messages.pop_back();
    std::string_view task = "all";
    if (root["task"].error() == simdjson::SUCCESS && root["task"].get(task) != simdjson::SUCCESS)
      throw Error("\"task\" is not a string");
    example.task = task;
    examples.push_back(std::move(example));
  });
  if (examples.empty()) throw Error(path + ": no conversation");
  return examples;
}

std::map<std::string, ChatScore> score_chats(const std::vector<ChatExample>& examples, TokenPredictor& decoder,
                                             const ModelFile& model, const Encoding& encoding, const ModelChat& chat,
                                             int64_t tokens_max, const Log& log) {
  AnswerOptions options = answer_options(model, encoding, chat, true);
  options.tokens_max = tokens_max;
  options.sample.temperature = 0;
  std::map<std::string, ChatScore> scores;
  for (const ChatExample& example : examples) {
    ChatScore& score = scores[example.task];
    ++score.examples;
    try {
      const ChatAnswer given = answer(decoder, model.config, encoding, chat.form, example.messages, options, {});
      score.right += given.complete && final_answer(given.message.last_text()) == example.truth;
    } catch (const TooLong& error) {
      log(LogLevel::kWarning, fmt::format("{}: {}: counted as unanswered", example.place, error.what()));
    }
  }
  return scores;
}

}  // namespace ftok::cli
