// Answers of a model that was trained on conversations: the messages so far in, the assistant's next message out, with
// the tools that it calls run on the way.
//
// A call is what the model writes in the form of ChatTemplate::call. When its end has been generated, the tool is run,
// and what it says is read in, in the form of ChatTemplate::result, as if the model had written it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"
#include "trainer/model_file.h"
#include "trainer/sample.h"

namespace ftok {

// How a model is talked to.
struct ModelChat {
  ChatTemplate form;
  // A conversation is a document of its own, as in ftok's shards: the token that begins a text stands before it.
  bool begins_document = true;
};

struct AnswerOptions {
  SampleOptions sample;
  int64_t tokens_max = 512;  // that the model gives, at least 1; those of results are not among them
  // What a call is answered by; empty: calls are not run, and end in nothing.
  std::function<std::string(std::string_view)> tool;
  std::vector<uint32_t> stops;            // tokens that end an answer, besides the template's
  std::optional<uint32_t> begin_of_text;  // read before the conversation
};

// What ends an answer besides the template, what stands before the conversation, and the calculator where `tools`.
AnswerOptions answer_options(const ModelFile& model, const Encoding& encoding, const ModelChat& chat, bool tools);

// A conversation whose last message alone leaves no room for an answer.
class TooLong : public Error {
 public:
  using Error::Error;
};

// Told of an answer while it comes.
struct AnswerListener {
  // Text, in pieces of whole tokens (a character may lie in two). False ends the answer.
  std::function<bool(std::string_view)> text = [](std::string_view) { return true; };
  std::function<void(const std::string& call, const std::string& result)> tool = [](const auto&, const auto&) {};
  // Asked after each token; true ends the answer before it.
  std::function<bool()> stops = [] { return false; };
};

struct ChatAnswer {
  ChatMessage message;        // of the assistant; parts where there are calls, each with its result
  std::vector<uint32_t> ids;  // of all of it, those that were read in included, without what ended it
  bool complete = false;      // the model ended it itself
};

// Answers the last of `messages`. What does not fit into the model's context loses its oldest messages after the first
// system message; `forgotten`, where not null, is set to their number. Throws TooLong where the last message alone does
// not fit, Error where the template cannot write the messages or the calls; UsageError as encode_chat_prompt does.
ChatAnswer answer(TokenPredictor& model, const ModelConfig& config, const Encoding& encoding, const ChatTemplate& form,
                  const std::vector<ChatMessage>& messages, const AnswerOptions& options,
                  const AnswerListener& listener, size_t* forgotten = nullptr);

}  // namespace ftok
