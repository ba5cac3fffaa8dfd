#include "pipeline/tokenize/conversation.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <set>

#include "core/lenient_json.h"
#include "crawl/json_lines.h"
#include "tokenizer/chat_message.h"

namespace ftok {
namespace {

namespace json = simdjson::dom;

constexpr size_t kRolesMax = 254;  // tokenizer/chat.h: a token's role is a byte

bool take_id(const json::object& object, std::string_view line, std::string_view key, std::string& id) {
  if (std::string_view text; get_last(object, key, text)) {
    if (!text.empty()) id = text;
    return !text.empty();
  }
  if (int64_t number = 0; get_last(object, key, number) && number != 0) {  // "-0" is its own
    id = std::to_string(number);
    return true;
  }
  json::element value;
  return get_last(object, key, value) && id_as_written(line, key, id);
}

}  // namespace

struct ConversationParser::Parser {
  json::parser dom;
};

ConversationParser::ConversationParser(std::string messages_key, std::string id_key)
    : parser_(std::make_unique<Parser>()), messages_key_(std::move(messages_key)), id_key_(std::move(id_key)) {}
ConversationParser::~ConversationParser() = default;

Verdict ConversationParser::parse(std::string_view line, Document& document, std::vector<ChatMessage>& messages,
                                  bool& has_id) {
  has_id = false;
  messages.clear();
  line = utf8_line(line, sanitized_, document.replacements);
  json::object object;
  const simdjson::error_code error = parse_json(parser_->dom, line, object, plain_, true);
  if (error != simdjson::SUCCESS) return Verdict::drop("text.bad_json", 0, 0, simdjson::error_message(error));
  has_id = take_id(object, line, id_key_, document.id);
  json::array list;
  if (!get_last(object, messages_key_, list) || list.size() == 0) {
    return Verdict::drop("chat.no_messages", 0, 0, messages_key_);
  }
  std::set<std::string> roles;
  for (const json::element one : list) {
    ChatMessage message;
    std::string wrong = read_chat_message(one, message);
    if (wrong.empty() && roles.insert(message.role).second && roles.size() > kRolesMax) {
      wrong = fmt::format("more than {} roles", kRolesMax);
    }
    if (!wrong.empty()) {
      return Verdict::drop("chat.bad_message", 0, 0, fmt::format("message {}: {}", messages.size() + 1, wrong));
    }
    document.text.append(message.role).append(1, '\0').append(message.content).append(1, '\0');
    for (const ChatPart& part : message.parts) {
      if (part.kind != ChatPart::Kind::kText) document.text.append(part.text).append(1, '\0');
    }
    messages.push_back(std::move(message));
  }
  return Verdict::keep();
}

}  // namespace ftok
