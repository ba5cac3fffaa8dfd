// A line of JSONL that holds a conversation: {"messages": [{"role", "content"}, ...], "id": ...}, "messages" under the
// key that the caller names.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "document/stage.h"
#include "tokenizer/chat.h"

namespace ftok {

// Not thread-safe: one for each thread.
class ConversationParser {
 public:
  ConversationParser(std::string messages_key, std::string id_key);
  ~ConversationParser();
  ConversationParser(const ConversationParser&) = delete;
  ConversationParser& operator=(const ConversationParser&) = delete;

  // Fills `messages`, and of `document` the text (all roles and contents, for hashes and counts) and the id, where the
  // line has one of its own (then true in `has_id`; a number is one too): keep, or a drop text.bad_json,
  // chat.no_messages (no list under the key, or an empty one) or chat.bad_message (no string "role" or "content", or
  // more than 254 roles). Bytes that are not UTF-8 become U+FFFD and are counted. `line` has simdjson's padding after
  // it.
  Verdict parse(std::string_view line, Document& document, std::vector<ChatMessage>& messages, bool& has_id);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string messages_key_, id_key_, sanitized_, plain_;
};

}  // namespace ftok
