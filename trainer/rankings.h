// Answers to a conversation, ranked: what people, or a program in their place, prefer. Reward models (trainer/reward.h)
// are trained on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/chat.h"

namespace ftok {

struct Ranking {
  std::vector<ChatMessage> messages;  // the conversation up to where the answer begins
  std::vector<std::string> answers;
  std::vector<int> ranks;  // of each answer, 0 the best; equal ranks are equally good
};

// A JSON object. Its conversation is "messages" (as parse_chat reads them) or "prompt", a string that the user says.
// Its answers are "chosen" and "rejected", strings; or "ranking", a list, the best first, whose elements are strings,
// or lists of strings that are equally good. Other keys are ignored. Throws Error naming what is missing, an answer
// that is there twice, and a ranking without two answers of different rank.
Ranking parse_ranking(std::string_view json);

// As such JSON, in one line.
std::string format_ranking(const Ranking& ranking);

}  // namespace ftok
