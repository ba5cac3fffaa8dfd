// `ftok eval --chat`: how often a model answers conversations as they stand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/log.h"
#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"
#include "trainer/answer.h"
#include "trainer/model_file.h"
#include "trainer/sample.h"

namespace ftok::cli {

// A conversation whose last message, the assistant's, is to be found.
struct ChatExample {
  std::vector<ChatMessage> messages;
  std::string truth, task;
  std::string place;  // file and line
};

// Lines {"messages": [...], "task": NAME}; without "task" they are of the task "all". At most `count` where it is not
// 0. Throws Error naming the line.
std::vector<ChatExample> read_chat_examples(const std::string& path, size_t count);

struct ChatScore {
  size_t right = 0, examples = 0;
};

// By task. Right is an answer, of the likeliest tokens, whose end (trainer/problems.h: final_answer) is the truth's. A
// conversation whose last message leaves no room for an answer is not right, and named in a warning.
std::map<std::string, ChatScore> score_chats(const std::vector<ChatExample>& examples, TokenPredictor& decoder,
                                             const ModelFile& model, const Encoding& encoding, const ModelChat& chat,
                                             int64_t tokens_max, const Log& log);

}  // namespace ftok::cli
