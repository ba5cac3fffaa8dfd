// What a model gives, token by token, as texts and calls of a tool: shared by answers one at a time (trainer/answer.h)
// and many at once (trainer/speaker.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/encoding.h"
#include "trainer/answer.h"

namespace ftok {

// Sorts what the model gives into texts and calls, and runs the calls. What it refers to must outlive it.
class AnswerReader {
 public:
  // Throws Error where the template's calls do not begin and end with special tokens.
  AnswerReader(const Encoding& encoding, const ChatTemplate& form, const AnswerOptions& options,
               const AnswerListener& listener);

  // The tokens to read in after it. Sets `goes_on` to false where the listener has had enough.
  std::vector<uint32_t> add(uint32_t token, bool& goes_on);

  // Whether `token` ends a call, and so not the answer.
  bool ends_call(uint32_t token) const { return in_call_ && token == call_->tail[0]; }

  // `complete`: the model ended the answer itself. A call that has no end is left out, and so is, where the answer was
  // cut off, what may have been the beginning of one.
  ChatAnswer take(bool complete);

 private:
  // A form as tokens: what stands before {content}, and the special token that ends it with what stands behind.
  struct FormTokens {
    std::vector<uint32_t> head, tail;
    FormTokens(const Encoding& encoding, const ChatTemplate& form, const std::string& text);
  };

  std::string text_of(const std::vector<uint32_t>& ids) const;
  bool say(const std::vector<uint32_t>& ids);
  std::vector<uint32_t> run_call();

  const Encoding& encoding_;
  const AnswerOptions& options_;
  const AnswerListener& listener_;
  std::optional<FormTokens> call_, result_;
  std::vector<uint32_t> held_;  // the beginning of what may be a call, or the content of one
  bool in_call_ = false;
  std::vector<ChatPart> parts_;
  std::vector<uint32_t> ids_;
};

}  // namespace ftok
