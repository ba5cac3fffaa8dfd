// Conversations as tokens: a chat template writes messages as text with special tokens between, and says which tokens
// training counts (the loss mask).
//
// A template is text that contains {content} and may contain {role} before it. Special tokens are those in the
// template; in a message's content they are plain text unless the caller says otherwise, so that nobody can write a
// message that ends itself. For messages of `loss_roles`, the loss counts what comes from {content} on, up to and
// including the first special token after it.
//
// A message may hold calls of tools with their results between its texts. The template writes them in forms of their
// own, `call` and `result`. Of a call the loss counts all up to and including the first special token after {content};
// of a result nothing: it is not the model that says it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/encoding.h"
#include "tokenizer/inspect.h"

namespace ftok {

// A piece of a message: text, or what a tool was asked, or what it answered.
struct ChatPart {
  enum class Kind : uint8_t { kText, kCall, kResult };
  Kind kind = Kind::kText;
  std::string text;

  bool operator==(const ChatPart&) const = default;
};

struct ChatMessage {
  std::string role, content;
  // Where the message has calls: its pieces in order. `content` is then the texts among them, joined.
  std::vector<ChatPart> parts = {};

  // What is left to say at the end: the text behind the last call, or all of it.
  const std::string& last_text() const { return parts.empty() ? content : parts.back().text; }
};

class JinjaChat;

struct ChatTemplate {
  std::string name;
  std::string begin, end;                    // around the conversation
  std::string message;                       // "<|im_start|>{role}\n{content}<|im_end|>\n"
  std::map<std::string, std::string> roles;  // another form for messages of a role
  std::string call, result;                  // forms of tool calls and their results; empty: there are no tools
  bool trims_content = false;                // strips white space around a content, as Python's str.strip
  std::vector<std::string> loss_roles = {"assistant"};
  std::shared_ptr<const JinjaChat> jinja = nullptr;  // where there is one, it writes conversations, not these forms
};

// "chatml" (<|im_start|>) or "llama3"; nothing when there is none of that name.
std::optional<ChatTemplate> chat_template_of_name(std::string_view name);
std::vector<std::string> chat_template_names();

// A user's own template: {"begin", "message", "roles": {ROLE: FORM}, "call", "result", "end", "trim": bool, "loss":
// [ROLE]}; all but "message" may be absent. Throws Error naming `path` and the key.
ChatTemplate parse_chat_template(std::string_view json, const std::string& path);

// The template as such JSON, in one line.
std::string format_chat_template(const ChatTemplate& form);

// [{"role", "content"}, ...] or {"messages": [...]}; a content is a string or a list of parts {"type": "text", "text":
// ...}, whose texts are joined; of type "tool_call" and "tool_result" are what a tool was asked and answered. Throws
// Error naming `path` and the message.
std::vector<ChatMessage> parse_chat(std::string_view json, const std::string& path);

// A message as such JSON.
std::string format_chat_message(const ChatMessage& message);

struct EncodedChat {
  std::vector<ViewToken> tokens;   // with role and in_loss
  std::vector<std::string> roles;  // in the order they first speak; 0 in a token is the template around the messages
};

// Throws Error when the template has a special token (<|...|>) that the vocabulary has not, or no form for what a
// message holds; UsageError for a template with `jinja` where messages are not to be plain text.
EncodedChat encode_chat(const Encoding& encoding, const ChatTemplate& form, const std::vector<ChatMessage>& messages,
                        Specials content = Specials::kPlain);

// The tokens of a conversation up to where the assistant's next message begins, and the special token that ends it.
struct ChatPrompt {
  std::vector<uint32_t> ids;
  uint32_t end_of_answer = 0;
};

// Throws UsageError where the template does not end the assistant's messages with a special token, Error as
// encode_chat does.
ChatPrompt encode_chat_prompt(const Encoding& encoding, const ChatTemplate& form, std::vector<ChatMessage> messages);

}  // namespace ftok
