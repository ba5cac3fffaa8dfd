#include "tokenizer/chat.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "core/lenient_json.h"
#include "tokenizer/chat_jinja.h"
#include "tokenizer/chat_message.h"
#include "tokenizer/encode/text_parts.h"
#include "tokenizer/jinja/marked_text.h"

namespace ftok {
namespace {

namespace json = simdjson::dom;

constexpr std::string_view kRole = "{role}", kContent = "{content}";

// Text that is encoded in one go, and who its bytes belong to.
class RunEncoder {
 public:
  RunEncoder(const Encoding& encoding, Specials content) : encoding_(encoding), content_(content) {}

  // A piece of the template: added tokens in it are tokens.
  void add_template(std::string_view text, uint8_t role, bool in_loss) {
    each_part(
        text, Specials::kAllow,
        [&](std::string_view part) {
          refuse_unknown(part);
          add_text(part, role, in_loss);
          return true;
        },
        [&](const SpecialFinder::Match& match) {
          add_special(match.id, role, in_loss);
          return true;
        });
  }

  // The same, but in the loss is only what comes before the end of the first added token.
  void add_tail(std::string_view text, uint8_t role, bool in_loss) {
    size_t end = 0;
    for (const SpecialFinder* finder : {&encoding_.tables().specials, &encoding_.tables().normalized_specials}) {
      const SpecialFinder::Match match = finder->find(text, 0);
      if (match.size != 0 && (end == 0 || match.begin + match.size < end)) end = match.begin + match.size;
    }
    add_template(text.substr(0, end), role, in_loss);
    add_template(text.substr(end), role, false);
  }

  void add_name(std::string_view text, uint8_t role) { add_text(text, role, false); }

  void add_content(std::string_view text, uint8_t role, bool in_loss) {
    if (content_ == Specials::kPlain) return add_text(text, role, in_loss);
    each_part(
        text, content_,
        [&](std::string_view part) {
          add_text(part, role, in_loss);
          return true;
        },
        [&](const SpecialFinder::Match& match) {
          add_special(match.id, role, in_loss);
          return true;
        });
  }

  std::vector<ViewToken> take() {
    flush();
    return std::move(tokens_);
  }

 private:
  struct Segment {
    size_t end;
    uint8_t role;
    bool in_loss;
  };

  // Of BPE over characters a run is a part of the text, whose space in front is not the pieces' own.
  template <typename Ordinary, typename Special>
  void each_part(std::string_view text, Specials specials, const Ordinary& ordinary, const Special& special) const {
    const EncodingTables& tables = encoding_.tables();
    if (tables.pieces == nullptr) return for_each_part(tables, text, specials, ordinary, special);
    for_each_match(
        tables.specials, text, 0, specials, [&](std::string_view part, size_t) { return ordinary(part); }, special);
  }

  void add_text(std::string_view text, uint8_t role, bool in_loss) {
    if (text.empty()) return;
    run_ += encoding_.tables().pieces != nullptr ? with_plain_spaces(text) : encoding_.normalized(text);
    segments_.push_back({run_.size(), role, in_loss});
  }

  void add_special(uint32_t id, uint8_t role, bool in_loss) {
    flush();
    tokens_.push_back({id, role, in_loss});
  }

  // A token belongs to the segment that its first byte is of.
  void flush() {
    size_t segment = 0;
    std::vector<uint32_t> ids;
    if (encoding_.tables().pieces != nullptr) {
      encoding_.encode_part(run_, tokens_.empty(), ids);
    } else {
      encoding_.encode_ordinary(run_, ids);
    }
    const std::vector<TokenSpan> spans = encoding_.spans_of(ids);
    const size_t in_front = spans.empty() || spans.back().end <= run_.size() ? 0 : spans.back().end - run_.size();
    for (const TokenSpan& span : spans) {
      while (segment + 1 < segments_.size() && segments_[segment].end + in_front <= span.begin) ++segment;
      tokens_.push_back({span.id, segments_[segment].role, segments_[segment].in_loss});
    }
    run_.clear();
    segments_.clear();
  }

  void refuse_unknown(std::string_view text) const {
    const size_t begin = text.find("<|");
    const size_t end = begin == std::string_view::npos ? begin : text.find("|>", begin);
    if (end == std::string_view::npos) return;
    throw Error(fmt::format("the chat template has \"{}\", which is not a special token of {}",
                            text.substr(begin, end + 2 - begin), encoding_.name()));
  }

  const Encoding& encoding_;
  Specials content_;
  std::string run_;
  std::vector<Segment> segments_;
  std::vector<ViewToken> tokens_;
};

// The part of a form before {content}; the name of the role is text, whatever it looks like.
void add_head(RunEncoder& runs, std::string_view form, std::string_view role_name, uint8_t role) {
  for (size_t at; (at = form.find(kRole)) != std::string_view::npos; form.remove_prefix(at + kRole.size())) {
    runs.add_template(form.substr(0, at), role, false);
    runs.add_name(role_name, role);
  }
  runs.add_template(form, role, false);
}

// `text` without white space at either end, as Python's str.strip has it.
std::string_view trimmed(std::string_view text) {
  const jinja::ByteRange range = jinja::stripped_range(text, true, true);
  return text.substr(range.begin, range.end - range.begin);
}

// The string under `key`, `otherwise` when it is absent.
std::string text_under(json::element object, const char* key, const std::string& otherwise, const std::string& path) {
  json::element value;
  if (object[key].get(value) != simdjson::SUCCESS) return otherwise;
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw Error(fmt::format("{}: \"{}\" is not a string", path, key));
  return std::string(text);
}

constexpr std::string_view kTextType = "text", kCallType = "tool_call", kResultType = "tool_result";

std::string_view type_of(ChatPart::Kind kind) {
  return kind == ChatPart::Kind::kText ? kTextType : kind == ChatPart::Kind::kCall ? kCallType : kResultType;
}

// One call or result. Of a call that is in the loss, all is up to the end of its tail's first special token.
void add_tool_part(RunEncoder& runs, const ChatTemplate& form, const ChatPart& part, uint8_t role, bool in_loss) {
  const bool is_call = part.kind == ChatPart::Kind::kCall;
  const std::string_view text = is_call ? form.call : form.result;
  const size_t place = text.find(kContent);
  if (place == std::string_view::npos) {
    throw Error(fmt::format("the chat template {} has no form for a {}, \"{}\"", form.name, type_of(part.kind),
                            is_call ? "call" : "result"));
  }
  in_loss = in_loss && is_call;
  runs.add_template(text.substr(0, place), role, in_loss);
  runs.add_content(part.text, role, in_loss);
  runs.add_tail(text.substr(place + kContent.size()), role, in_loss);
}

// {"jinja": TEMPLATE, "tokens": {NAME: TEXT}}
ChatTemplate jinja_under(json::element root, const std::string& path) {
  JinjaChat::Tokens tokens;
  json::object given;
  if (root["tokens"].get(given) == simdjson::SUCCESS) {
    for (const auto field : given) {
      std::string_view text;
      if (field.value.get(text) != simdjson::SUCCESS)
        throw Error(fmt::format("{}: the token \"{}\" is not a string", path, field.key));
      tokens[std::string(field.key)] = text;
    }
  }
  return chat_template_of_jinja(std::make_shared<const JinjaChat>(text_under(root, "jinja", "", path), tokens, path));
}

void check_form(const std::string& form, const std::string& path, std::string_view key) {
  if (form.find(kContent) == std::string::npos) throw Error(fmt::format("{}: \"{}\" has no {{content}}", path, key));
}

}  // namespace

std::optional<ChatTemplate> chat_template_of_name(std::string_view name) {
  ChatTemplate form;
  form.name = name;
  if (name == "chatml") {  // Qwen's and others'
    form.message = "<|im_start|>{role}\n{content}<|im_end|>\n";
    form.call = "<|im_start|>call\n{content}<|im_end|>";
    form.result = "<|im_start|>result\n{content}<|im_end|>";
  } else if (name == "llama3") {
    form.begin = "<|begin_of_text|>";
    form.message = "<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>";
    form.trims_content = true;
  } else {
    return std::nullopt;
  }
  return form;
}

std::vector<std::string> chat_template_names() { return {"chatml", "llama3"}; }

ChatTemplate parse_chat_template(std::string_view text, const std::string& path) {
  json::parser parser;
  json::element root;
  std::string plain;
  if (parse_json(parser, text, root, plain) != simdjson::SUCCESS || !root.is_object())
    throw Error(path + ": not a JSON object");
  if (root["jinja"].error() == simdjson::SUCCESS) return jinja_under(root, path);
  ChatTemplate form;
  form.name = path;
  form.begin = text_under(root, "begin", "", path);
  form.end = text_under(root, "end", "", path);
  form.message = text_under(root, "message", "", path);
  check_form(form.message, path, "message");
  form.call = text_under(root, "call", "", path);
  form.result = text_under(root, "result", "", path);
  if (form.call.empty() != form.result.empty()) throw Error(path + ": has one of \"call\" and \"result\"");
  if (!form.call.empty()) check_form(form.call, path, "call"), check_form(form.result, path, "result");
  json::object roles;
  if (root["roles"].get(roles) == simdjson::SUCCESS) {
    for (const auto field : roles) {
      std::string_view value;
      if (field.value.get(value) != simdjson::SUCCESS)
        throw Error(fmt::format("{}: the form of role \"{}\" is not a string", path, field.key));
      check_form(form.roles[std::string(field.key)] = value, path, field.key);
    }
  }
  bool trim = false;
  form.trims_content = root["trim"].get(trim) == simdjson::SUCCESS && trim;
  json::array loss;
  if (root["loss"].get(loss) == simdjson::SUCCESS) {
    form.loss_roles.clear();
    for (const json::element role : loss) {
      std::string_view name;
      if (role.get(name) != simdjson::SUCCESS) throw Error(path + ": \"loss\" is not a list of roles");
      form.loss_roles.emplace_back(name);
    }
  }
  return form;
}

std::string format_chat_template(const ChatTemplate& form) {
  JsonWriter writer;
  if (form.jinja) {
    writer.begin_object().field("jinja", form.jinja->source()).key("tokens").begin_object();
    for (const auto& [name, text] : form.jinja->tokens()) writer.field(name, text);
    return writer.end_object().end_object().take();
  }
  writer.begin_object()
      .field("begin", form.begin)
      .field("message", form.message)
      .field("end", form.end)
      .key("roles")
      .begin_object();
  for (const auto& [role, text] : form.roles) writer.field(role, text);
  writer.end_object();
  if (!form.call.empty()) writer.field("call", form.call).field("result", form.result);
  writer.field("trim", form.trims_content).key("loss").begin_array();
  for (const std::string& role : form.loss_roles) writer.value(role);
  return writer.end_array().end_object().take();
}

std::string format_chat_message(const ChatMessage& message) {
  JsonWriter writer;
  writer.begin_object().field("role", message.role).key("content");
  if (message.parts.empty()) return writer.value(message.content).end_object().take();
  writer.begin_array();
  for (const ChatPart& part : message.parts)
    writer.begin_object().field("type", type_of(part.kind)).field("text", part.text).end_object();
  return writer.end_array().end_object().take();
}

std::string read_chat_message(json::element element, ChatMessage& message) {
  std::string_view role, text;
  if (element["role"].get(role) != simdjson::SUCCESS) return "no string \"role\"";
  message = {std::string(role), {}};
  json::array parts;
  if (element["content"].get(text) == simdjson::SUCCESS) {
    message.content = text;
    return {};
  }
  if (element["content"].get(parts) != simdjson::SUCCESS) return "no string \"content\", nor parts of text";
  for (const json::element part : parts) {
    std::string_view type;
    if (part["type"].get(type) != simdjson::SUCCESS) return "a part of the content without \"type\"";
    ChatPart::Kind kind = ChatPart::Kind::kText;
    if (type == kCallType) {
      kind = ChatPart::Kind::kCall;
    } else if (type == kResultType) {
      kind = ChatPart::Kind::kResult;
    } else if (type != kTextType) {
      return fmt::format("a part of the content is of type \"{}\"; read are {}, {} and {}", type, kTextType, kCallType,
                         kResultType);
    }
    if (part["text"].get(text) != simdjson::SUCCESS) return "a part of the content without a string \"text\"";
    if (kind == ChatPart::Kind::kText) message.content += text;
    message.parts.push_back({kind, std::string(text)});
  }
  const auto is_text = [](const ChatPart& part) { return part.kind == ChatPart::Kind::kText; };
  if (std::all_of(message.parts.begin(), message.parts.end(), is_text)) message.parts.clear();
  return {};
}

std::vector<ChatMessage> parse_chat(std::string_view text, const std::string& path) {
  json::parser parser;
  json::element root;
  std::string plain;
  const simdjson::error_code error = parse_json(parser, text, root, plain);
  if (error != simdjson::SUCCESS) throw Error(fmt::format("{}: not JSON: {}", path, simdjson::error_message(error)));
  json::array list;
  if (root.get(list) != simdjson::SUCCESS && root["messages"].get(list) != simdjson::SUCCESS) {
    throw Error(path + ": expected a list of messages, or an object with \"messages\"");
  }
  std::vector<ChatMessage> messages;
  for (const json::element one : list) {
    ChatMessage message;
    const std::string wrong = read_chat_message(one, message);
    if (!wrong.empty()) throw Error(fmt::format("{}: message {}: {}", path, messages.size() + 1, wrong));
    messages.push_back(std::move(message));
  }
  return messages;
}

EncodedChat encode_chat(const Encoding& encoding, const ChatTemplate& form, const std::vector<ChatMessage>& messages,
                        Specials content) {
  if (form.jinja) {
    if (content != Specials::kPlain) throw UsageError(form.name + ": in a template in Jinja messages are plain text");
    return encode_jinja_chat(encoding, *form.jinja, messages);
  }
  EncodedChat chat;
  RunEncoder runs(encoding, content);
  runs.add_template(form.begin, 0, false);
  for (const ChatMessage& message : messages) {
    auto known = std::find(chat.roles.begin(), chat.roles.end(), message.role);
    if (known == chat.roles.end()) {
      if (chat.roles.size() >= UINT8_MAX - 1) throw Error("more than 254 roles in a conversation");
      known = chat.roles.insert(known, message.role);
    }
    const auto role = static_cast<uint8_t>(known - chat.roles.begin() + 1);
    const bool in_loss =
        std::find(form.loss_roles.begin(), form.loss_roles.end(), message.role) != form.loss_roles.end();
    const auto own = form.roles.find(message.role);
    const std::string& text = own == form.roles.end() ? form.message : own->second;
    const size_t place = text.find(kContent);
    add_head(runs, std::string_view(text).substr(0, place), message.role, role);
    if (message.parts.empty()) {
      runs.add_content(form.trims_content ? trimmed(message.content) : std::string_view(message.content), role,
                       in_loss);
    }
    for (const ChatPart& part : message.parts) {
      if (part.kind == ChatPart::Kind::kText) {
        runs.add_content(part.text, role, in_loss);
      } else {
        add_tool_part(runs, form, part, role, in_loss);
      }
    }
    runs.add_tail(std::string_view(text).substr(place + kContent.size()), role, in_loss);
  }
  runs.add_template(form.end, 0, false);
  chat.tokens = runs.take();
  return chat;
}

ChatPrompt encode_chat_prompt(const Encoding& encoding, const ChatTemplate& form, std::vector<ChatMessage> messages) {
  if (form.jinja) return encode_jinja_prompt(encoding, *form.jinja, messages);
  messages.push_back({"assistant", ""});
  const EncodedChat chat = encode_chat(encoding, form, messages);
  // Of the empty answer, what ends it is in the loss.
  size_t end = chat.tokens.size();
  while (end > 0 && !chat.tokens[end - 1].in_loss) --end;
  size_t begin = end;
  while (begin > 0 && chat.tokens[begin - 1].in_loss) --begin;
  const bool is_answers = end > 0 && chat.roles[chat.tokens[end - 1].role - 1u] == messages.back().role;
  if (!is_answers || !encoding.is_special(chat.tokens[end - 1].id)) {
    throw UsageError(
        fmt::format("the chat template {}: its assistant's messages do not end with a special token", form.name));
  }
  ChatPrompt prompt;
  for (size_t i = 0; i < begin; ++i) prompt.ids.push_back(chat.tokens[i].id);
  prompt.end_of_answer = chat.tokens[end - 1].id;
  return prompt;
}

}  // namespace ftok
