#include "tokenizer/chat_jinja.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "core/error.h"
#include "core/shown.h"
#include "tokenizer/encode/text_parts.h"
#include "tokenizer/jinja/interpreter.h"
#include "tokenizer/jinja/syntax.h"
#include "tokenizer/piece_form.h"

namespace ftok {
namespace {

constexpr size_t kMessageBytesMax = 300;  // of what is said about a template

[[noreturn]] void fail_template(const std::string& path, const jinja::Failure& failure) {
  std::string what = printable(failure.what);
  if (what.size() > kMessageBytesMax) what = what.substr(0, truncated_tail(what.substr(0, kMessageBytesMax))) + "...";
  throw Error(fmt::format("{}: chat template, line {}: {}", path, failure.line, what));
}

std::tm time_now() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  if (const char* fixed = std::getenv("SOURCE_DATE_EPOCH"); fixed != nullptr) {
    int64_t seconds = 0;
    const char* const end = fixed + std::strlen(fixed);
    if (std::from_chars(fixed, end, seconds).ptr == end && end != fixed) {
      now = static_cast<std::time_t>(seconds);
      gmtime_r(&now, &parts);
      return parts;
    }
  }
  localtime_r(&now, &parts);
  return parts;
}

jinja::Value value_of(const std::vector<ChatMessage>& messages, const std::string& path) {
  using jinja::Value;
  jinja::List list;
  for (const ChatMessage& message : messages) {
    const auto own = [](const ChatPart& part) { return part.kind == ChatPart::Kind::kText; };
    if (!std::all_of(message.parts.begin(), message.parts.end(), own))
      throw Error(path + ": tool calls cannot be written with a Jinja template");
    const auto writer = static_cast<jinja::Writer>(std::min<size_t>(list.items.size() + 1, UINT16_MAX));
    jinja::Dict dict;
    dict.items = {{Value::text("role"), Value::text(message.role, writer)},
                  {Value::text("content"), Value::text(message.content, writer)}};
    for (const auto& [key, value] : dict.items) dict.weight += jinja::weight_of(key) + jinja::weight_of(value);
    list.weight += dict.weight;
    list.items.push_back({std::make_shared<const jinja::Dict>(std::move(dict))});
  }
  list.depth = 2;
  return {std::make_shared<const jinja::List>(std::move(list))};
}

// Text whose bytes know their writers, as tokens that do.
class WrittenEncoder {
 public:
  WrittenEncoder(const Encoding& encoding, const JinjaChat& jinja, const std::vector<ChatMessage>& messages)
      : encoding_(encoding), jinja_(jinja), messages_(messages) {
    for (const SpecialToken& token : encoding.tables().vocabulary.specials) {
      const jinja::ByteRange inner = jinja::stripped_range(token.text, true, true);
      if (!token.special && inner.end > 0 && jinja.source().find(token.text) != std::string::npos)
        controls_.push_back(token.id);
    }
    std::sort(controls_.begin(), controls_.end());
  }

  struct WrittenToken {
    uint32_t id = 0;
    size_t begin = 0;  // of its first byte in the text as it came out, about where the vocabulary normalises
    uint16_t writer = 0;
  };

  std::vector<WrittenToken> encode(const JinjaChat::Rendered& rendered) {
    const EncodingTables& tables = encoding_.tables();
    for_each_added(
        tables.specials, rendered.text, rendered.writers,
        [&](size_t begin, size_t end) { encode_between(rendered, begin, end); },
        [&](const SpecialFinder::Match& match) {
          tokens_.push_back({match.id, match.begin, rendered.writers[match.begin]});
        });
    return std::move(tokens_);
  }

 private:
  bool is_assistants(uint16_t writer) const {
    return writer > 0 && writer <= messages_.size() && messages_[writer - 1u].role == "assistant";
  }

  // Whether an added token may stand where its text does.
  bool may_stand(const SpecialFinder::Match& match, const std::u16string& writers) const {
    if (!match.special && !std::binary_search(controls_.begin(), controls_.end(), match.id)) return true;
    const auto begin = writers.begin() + static_cast<std::ptrdiff_t>(match.begin);
    return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(match.size),
                       [&](char16_t writer) { return writer == 0 || (!match.special && is_assistants(writer)); });
  }

  // The leftmost added token from `from` on that may stand there; a longer one that may not hides no shorter one.
  SpecialFinder::Match next_added(const SpecialFinder& finder, std::string_view text, const std::u16string& writers,
                                  size_t from) const {
    while (from < text.size()) {
      SpecialFinder::Match match = finder.find(text, from);
      if (match.size == 0 || may_stand(match, writers)) return match;
      const size_t place = match.begin;
      const size_t run = std::min(writers.find_first_not_of(writers[place], place), text.size());
      if (writers[place] == 0 && run < place + match.size) {
        match = finder.find(text.substr(0, run), place);
        if (match.size != 0 && match.begin == place && may_stand(match, writers)) return match;
      }
      from = place + 1;
    }
    return {};
  }

  template <typename Ordinary, typename Added>
  void for_each_added(const SpecialFinder& finder, std::string_view text, const std::u16string& writers,
                      const Ordinary& ordinary, const Added& added) const {
    size_t begin = 0;
    while (true) {
      const SpecialFinder::Match match =
          finder.empty() ? SpecialFinder::Match{} : next_added(finder, text, writers, begin);
      ordinary(begin, match.size == 0 ? text.size() : match.begin);
      if (match.size == 0) return;
      added(match);
      begin = match.begin + match.size;
    }
  }

  // What lies between two added tokens, normalised; what normalisation puts in front is the first byte's writer's.
  jinja::MarkedText normal_text(const JinjaChat::Rendered& rendered, size_t begin, size_t end) const {
    const Vocabulary& vocabulary = encoding_.tables().vocabulary;
    const bool is_spaced = vocabulary.pieces != nullptr && vocabulary.pieces->is_normalizer;
    const std::string_view text(rendered.text);
    jinja::MarkedText normal;
    for (size_t at = begin; at < end;) {
      const char16_t writer = rendered.writers[at];
      const size_t run = std::min(rendered.writers.find_first_not_of(writer, at), end);
      const std::string_view part = text.substr(at, run - at);
      normal.append(is_spaced ? with_plain_spaces(part) : normalized_text(vocabulary, part), writer);
      at = run;
    }
    const std::string whole = is_spaced ? normalized_text(vocabulary, text.substr(begin, end - begin)) : "";
    if (!is_spaced || !whole.ends_with(normal.bytes) || normal.empty()) return normal;
    jinja::MarkedText out(whole.substr(0, whole.size() - normal.size()), normal.writers[0]);
    out.append(normal);
    return out;
  }

  void encode_between(const JinjaChat::Rendered& rendered, size_t begin, size_t end) {
    if (begin == end) return;
    const jinja::MarkedText normal = normal_text(rendered, begin, end);
    for_each_added(
        encoding_.tables().normalized_specials, normal.bytes, normal.writers,
        [&](size_t from, size_t to) { encode_plain(normal, from, to, begin, begin + from == 0); },
        [&](const SpecialFinder::Match& match) {
          tokens_.push_back({match.id, begin + match.begin, normal.writers[match.begin]});
        });
  }

  void encode_plain(const jinja::MarkedText& text, size_t from, size_t to, size_t place, bool is_first) {
    if (from == to) return;
    const std::string_view part = std::string_view(text.bytes).substr(from, to - from);
    const EncodingTables& tables = encoding_.tables();
    std::vector<uint32_t> ids;
    if (tables.pieces != nullptr && tables.vocabulary.pieces->is_normalizer) {
      tables.pieces->encode(std::string(part), ids);
    } else {
      encoding_.encode_part(part, is_first, ids);
    }
    const std::vector<TokenSpan> spans = encoding_.spans_of(ids);
    const size_t in_front = spans.empty() || spans.back().end <= part.size() ? 0 : spans.back().end - part.size();
    for (const TokenSpan& span : spans) {
      const size_t at = std::min(span.begin - std::min(span.begin, in_front), part.size() - 1);
      tokens_.push_back({span.id, place + from + at, text.writers[from + at]});
    }
  }

  const Encoding& encoding_;
  const JinjaChat& jinja_;
  const std::vector<ChatMessage>& messages_;
  std::vector<uint32_t> controls_;  // added tokens that are not special, but that the template writes
  std::vector<WrittenToken> tokens_;
};

// The added token that the template puts behind an answer of the assistant's.
uint32_t end_of_jinja_answer(const Encoding& encoding, const JinjaChat& jinja) {
  const std::vector<ChatMessage> probe = {{"user", "A"}, {"assistant", "B"}};
  const JinjaChat::Rendered rendered = jinja.render(probe, false);
  const size_t answer = rendered.writers.rfind(char16_t{2});
  if (answer == std::u16string::npos)
    throw Error(jinja.path() + ": its chat template leaves out what the assistant says");
  const std::string_view tail = std::string_view(rendered.text).substr(answer + 1);
  const EncodingTables& tables = encoding.tables();
  SpecialFinder::Match end;
  for (const SpecialFinder* finder : {&tables.specials, &tables.normalized_specials}) {
    for (size_t from = 0; from < tail.size();) {
      const SpecialFinder::Match match = finder->find(tail, from);
      if (match.size == 0 || (end.size != 0 && match.begin > end.begin)) break;
      from = match.begin + match.size;
      if (jinja::stripped_range(tail.substr(match.begin, match.size), true, true).end == 0) continue;  // white space
      end = match;
      break;
    }
  }
  if (end.size != 0) return end.id;
  if (const std::optional<uint32_t> id = encoding.end_of_text()) return *id;
  throw UsageError(
      fmt::format("the chat template {}: its assistant's messages do not end with a special token", jinja.path()));
}

}  // namespace

JinjaChat::JinjaChat(std::string source, Tokens tokens, std::string path)
    : source_(std::move(source)), tokens_(std::move(tokens)), path_(std::move(path)) {
  if (source_.size() > kSourceBytesMax)
    throw Error(fmt::format("{}: a chat template of more than {} bytes", path_, kSourceBytesMax));
  try {
    root_ = jinja::parse_jinja(source_);
  } catch (const jinja::Failure& failure) {
    fail_template(path_, failure);
  }
}

JinjaChat::~JinjaChat() = default;

JinjaChat::Rendered JinjaChat::render(const std::vector<ChatMessage>& messages, bool asks) const {
  jinja::RenderInput input;
  for (const auto& [name, text] : tokens_) input.variables.emplace_back(name, jinja::Value::text(text));
  input.variables.emplace_back("messages", value_of(messages, path_));
  input.variables.emplace_back("tools", jinja::Value::none());
  input.variables.emplace_back("documents", jinja::Value::none());
  input.variables.emplace_back("add_generation_prompt", jinja::Value{asks});
  input.now = time_now;
  try {
    jinja::Rendering made = jinja::render(*root_, input);
    Rendered rendered{std::move(made.text.bytes), std::move(made.text.writers), {}};
    for (const jinja::ByteRange& range : made.generated) rendered.generated.emplace_back(range.begin, range.end);
    return rendered;
  } catch (const jinja::Failure& failure) {
    fail_template(path_, failure);
  }
}

ChatTemplate chat_template_of_jinja(std::shared_ptr<const JinjaChat> jinja) {
  ChatTemplate form;
  form.name = jinja->path();
  form.jinja = std::move(jinja);
  return form;
}

EncodedChat encode_jinja_chat(const Encoding& encoding, const JinjaChat& jinja,
                              const std::vector<ChatMessage>& messages) {
  const JinjaChat::Rendered rendered = jinja.render(messages, false);
  EncodedChat chat;
  std::vector<uint8_t> roles = {0};  // of the messages, by writer
  for (const ChatMessage& message : messages) {
    auto known = std::find(chat.roles.begin(), chat.roles.end(), message.role);
    if (known == chat.roles.end()) {
      if (chat.roles.size() >= UINT8_MAX - 1) throw Error("more than 254 roles in a conversation");
      known = chat.roles.insert(known, message.role);
    }
    roles.push_back(static_cast<uint8_t>(known - chat.roles.begin() + 1));
  }
  size_t range = 0;
  for (const auto& token : WrittenEncoder(encoding, jinja, messages).encode(rendered)) {
    while (range < rendered.generated.size() && rendered.generated[range].second <= token.begin) ++range;
    const bool in_loss = range < rendered.generated.size() && rendered.generated[range].first <= token.begin;
    chat.tokens.push_back({token.id, token.writer < roles.size() ? roles[token.writer] : uint8_t{0}, in_loss});
  }
  return chat;
}

ChatPrompt encode_jinja_prompt(const Encoding& encoding, const JinjaChat& jinja,
                               const std::vector<ChatMessage>& messages) {
  const JinjaChat::Rendered rendered = jinja.render(messages, true);
  for (size_t i = 0; i < messages.size() && i < UINT16_MAX - 1u; ++i) {
    const bool is_blank = jinja::stripped_range(messages[i].content, true, true).end == 0;
    if (messages[i].role == "system" && !is_blank &&
        rendered.writers.find(static_cast<char16_t>(i + 1)) == std::u16string::npos)
      throw Error(jinja.path() + ": its chat template leaves out system messages");
  }
  ChatPrompt prompt;
  for (const auto& token : WrittenEncoder(encoding, jinja, messages).encode(rendered)) prompt.ids.push_back(token.id);
  prompt.end_of_answer = end_of_jinja_answer(encoding, jinja);
  return prompt;
}

}  // namespace ftok
