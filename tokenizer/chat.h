// Conversations as tokens: a chat template writes messages as text with special tokens between, and says which tokens
// training counts (the loss mask).
//
// A template is text that contains {content} and may contain {role} before it. Special tokens are those in the
// template; in a message's content they are plain text unless the caller says otherwise, so that nobody can write a
// message that ends itself. For messages of `loss_roles`, the loss counts what comes from {content} on, up to and
// including the first special token after it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/encoding.h"
#include "tokenizer/inspect.h"

namespace ftok {

struct ChatMessage {
  std::string role, content;
};

struct ChatTemplate {
  std::string name;
  std::string begin, end;                    // around the conversation
  std::string message;                       // "<|im_start|>{role}\n{content}<|im_end|>\n"
  std::map<std::string, std::string> roles;  // another form for messages of a role
  bool trims_content = false;                // strips white space around a content, as Python's str.strip
  std::vector<std::string> loss_roles = {"assistant"};
};

// "chatml" (<|im_start|>) or "llama3"; nothing when there is none of that name.
std::optional<ChatTemplate> chat_template_of_name(std::string_view name);
std::vector<std::string> chat_template_names();

// A user's own template: {"begin", "message", "roles": {ROLE: FORM}, "end", "trim": bool, "loss": [ROLE]}; all but
// "message" may be absent. Throws Error naming `path` and the key.
ChatTemplate parse_chat_template(std::string_view json, const std::string& path);

// [{"role", "content"}, ...] or {"messages": [...]}; a content is a string or a list of {"type": "text", "text": ...},
// whose texts are joined. Throws Error naming `path` and the message.
std::vector<ChatMessage> parse_chat(std::string_view json, const std::string& path);

struct EncodedChat {
  std::vector<ViewToken> tokens;   // with role and in_loss
  std::vector<std::string> roles;  // in the order they first speak; 0 in a token is the template around the messages
};

// Throws Error when the template has a special token (<|...|>) that the vocabulary has not, or a role has no form.
EncodedChat encode_chat(const Encoding& encoding, const ChatTemplate& form, const std::vector<ChatMessage>& messages,
                        Specials content = Specials::kPlain);

}  // namespace ftok
