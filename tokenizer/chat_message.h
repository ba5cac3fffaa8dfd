// A message of a conversation out of JSON, for readers of whole files and of lines.
#pragma once

#include <simdjson.h>

#include <string>

#include "tokenizer/chat.h"

namespace ftok {

// Fills `message` from {"role": string, "content": string or parts}. Parts are [{"type": "text", "text": string}, ...];
// their texts are joined, as chat templates write them; "tool_call" and "tool_result" are types too (chat.h). Returns
// what is wrong; empty when nothing is.
std::string read_chat_message(simdjson::dom::element json, ChatMessage& message);

}  // namespace ftok
