// The lines that a worker is sent and answers with: docs/extending.md, "A stage of your own".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "document/batch_stage.h"

namespace ftok {

// A document as it is sent: a text, or a payload of a media type.
struct Request {
  Document* document = nullptr;
  std::string type;     // of `payload`; "": the text is sent
  std::string payload;  // a response's body
};

// The lines of a batch, and the empty one behind them.
std::string write_requests(std::span<const Request> requests);

// What an answer may name.
struct AnswerRules {
  std::string_view kind;                          // before the reasons: "subprocess"
  std::span<const Reason> numbers, texts, lists;  // the fields that the recipe names
};

// Takes the answers over into the documents; an outcome for each. Throws Error saying what is wrong with them: a line
// that is not what the protocol has, a document that is answered twice or not at all.
std::vector<BatchStage::Outcome> read_answers(std::string_view answers, std::span<const Request> requests,
                                              const AnswerRules& rules);

}  // namespace ftok
