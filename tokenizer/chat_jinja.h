// Chat templates as Hugging Face's folders carry them: programs in Jinja, of which this runs the subset that published
// templates use, set as transformers sets it (docs/tokenizer.md, "Conversations"). It keeps for each byte that comes
// out whether the template wrote it or a message, so that nobody can write a special token into a message.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"

namespace ftok {

namespace jinja {
struct Node;
}

// Const after construction, so thread-safe.
class JinjaChat {
 public:
  // What the template may name: bos_token, eos_token and others, with their texts.
  using Tokens = std::map<std::string, std::string>;

  // Throws Error naming `path` and the line for what cannot be parsed or is outside the subset.
  JinjaChat(std::string source, Tokens tokens, std::string path);
  ~JinjaChat();
  JinjaChat(const JinjaChat&) = delete;
  JinjaChat& operator=(const JinjaChat&) = delete;

  static constexpr size_t kSourceBytesMax = size_t{1} << 20;

  struct Rendered {
    std::string text;
    std::u16string writers;                            // of each byte: 0 the template, n the n-th message
    std::vector<std::pair<size_t, size_t>> generated;  // bytes that {% generation %} encloses, as [begin, end)
  };
  // The conversation, with `asks` up to where the assistant's next message begins (add_generation_prompt). A template's
  // strftime_now is the local time, or that of the environment's SOURCE_DATE_EPOCH in UTC. Throws Error naming the path
  // and the line where the template refuses the messages or does not render.
  Rendered render(const std::vector<ChatMessage>& messages, bool asks) const;

  const std::string& source() const { return source_; }
  const Tokens& tokens() const { return tokens_; }
  const std::string& path() const { return path_; }

 private:
  std::string source_;
  Tokens tokens_;
  std::string path_;
  std::unique_ptr<const jinja::Node> root_;
};

// A template of ftok's that `jinja` writes the conversations of.
ChatTemplate chat_template_of_jinja(std::shared_ptr<const JinjaChat> jinja);

// As encode_chat and encode_chat_prompt (tokenizer/chat.h) for a template with `jinja`. In the loss is what
// {% generation %} encloses. Special tokens come from the template's bytes only; an added token that is none, but that
// the template writes, is plain text in all messages but the assistant's.
EncodedChat encode_jinja_chat(const Encoding& encoding, const JinjaChat& jinja,
                              const std::vector<ChatMessage>& messages);
// Throws Error as well where the template leaves out a system message.
ChatPrompt encode_jinja_prompt(const Encoding& encoding, const JinjaChat& jinja,
                               const std::vector<ChatMessage>& messages);

}  // namespace ftok
