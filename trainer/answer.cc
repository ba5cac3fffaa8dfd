#include "trainer/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "trainer/calculator.h"

namespace ftok {
namespace {

constexpr std::string_view kContent = "{content}";
constexpr int64_t kRoomMin = 16;  // tokens that an answer should at least have room for

// A form as tokens: what stands before {content}, the special token that ends it, and what stands behind.
struct FormTokens {
  std::vector<uint32_t> head, tail;

  FormTokens(const Encoding& encoding, const ChatTemplate& form, const std::string& text) {
    const size_t place = text.find(kContent);
    head = encoding.encode(std::string_view(text).substr(0, place), Specials::kAllow);
    tail = encoding.encode(std::string_view(text).substr(place + kContent.size()), Specials::kAllow);
    if (head.empty() || tail.empty() || !encoding.is_special(head[0]) || !encoding.is_special(tail[0])) {
      throw Error(fmt::format(
          "the chat template {}: \"{}\" does not begin, and go on after {{content}}, with special tokens of {}",
          form.name, text, encoding.name()));
    }
  }
};

// Sorts what the model gives into texts and calls, and runs the calls.
class AnswerReader {
 public:
  AnswerReader(const Encoding& encoding, const ChatTemplate& form, const AnswerOptions& options,
               const AnswerListener& listener)
      : encoding_(encoding), options_(options), listener_(listener) {
    if (form.call.empty() || !options.tool) return;
    call_.emplace(encoding, form, form.call);
    result_.emplace(encoding, form, form.result);
  }

  // The tokens to read in after it. Sets `goes_on` to false where the listener has had enough.
  std::vector<uint32_t> add(uint32_t token, bool& goes_on) {
    ids_.push_back(token);
    if (in_call_ && token == call_->tail[0]) return run_call();
    if (in_call_) {
      held_.push_back(token);
      return {};
    }
    held_.push_back(token);
    if (call_ && begins(call_->head, held_)) {
      in_call_ = held_.size() == call_->head.size();
      if (in_call_) held_.clear();
      return {};
    }
    held_.pop_back();  // no call begins in what was held; one may begin with this token
    goes_on = say(held_);
    held_.assign(1, token);
    if (!goes_on || !call_ || token != call_->head[0]) {
      goes_on = goes_on && say(held_);
      held_.clear();
    }
    return {};
  }

  // Whether `token` ends a call, and so not the answer.
  bool ends_call(uint32_t token) const { return in_call_ && token == call_->tail[0]; }

  ChatAnswer take(bool complete) {
    if (!in_call_) say(held_);
    if (in_call_) parts_.push_back({ChatPart::Kind::kCall, text_of(held_)});
    ChatAnswer answer{{"assistant", ""}, std::move(ids_), complete};
    for (const ChatPart& part : parts_) {
      if (part.kind == ChatPart::Kind::kText) answer.message.content += part.text;
    }
    const bool has_calls = std::any_of(parts_.begin(), parts_.end(),
                                       [](const ChatPart& part) { return part.kind != ChatPart::Kind::kText; });
    if (has_calls) answer.message.parts = std::move(parts_);
    return answer;
  }

 private:
  static bool begins(const std::vector<uint32_t>& whole, const std::vector<uint32_t>& part) {
    return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
  }

  std::string text_of(const std::vector<uint32_t>& ids) const {
    std::string text;
    for (const uint32_t id : ids) text += id < encoding_.n_vocab() ? encoding_.token_bytes(id) : std::string_view();
    return text;
  }

  bool say(const std::vector<uint32_t>& ids) {
    const std::string text = text_of(ids);
    if (text.empty()) return true;
    if (parts_.empty() || parts_.back().kind != ChatPart::Kind::kText) parts_.push_back({ChatPart::Kind::kText, ""});
    parts_.back().text += text;
    return listener_.text(text);
  }

  std::vector<uint32_t> run_call() {
    const std::string call = text_of(held_), result = options_.tool(call);
    held_.clear();
    in_call_ = false;
    parts_.push_back({ChatPart::Kind::kCall, call});
    parts_.push_back({ChatPart::Kind::kResult, result});
    listener_.tool(call, result);
    std::vector<uint32_t> read(call_->tail.begin() + 1, call_->tail.end());
    read.insert(read.end(), result_->head.begin(), result_->head.end());
    encoding_.encode_ordinary(result, read);
    read.insert(read.end(), result_->tail.begin(), result_->tail.end());
    ids_.insert(ids_.end(), read.begin(), read.end());
    return read;
  }

  const Encoding& encoding_;
  const AnswerOptions& options_;
  const AnswerListener& listener_;
  std::optional<FormTokens> call_, result_;
  std::vector<uint32_t> held_;  // the beginning of what may be a call, or the content of one
  bool in_call_ = false;
  std::vector<ChatPart> parts_;
  std::vector<uint32_t> ids_;
};

// The prompt, with as many of the messages as leave room for an answer.
ChatPrompt fit_prompt(const ModelConfig& config, const Encoding& encoding, const ChatTemplate& form,
                      std::vector<ChatMessage> messages, const AnswerOptions& options, size_t& forgotten) {
  const bool has_system = !messages.empty() && messages[0].role == "system";
  const int64_t room = std::min(kRoomMin, config.length / 2);
  while (true) {
    ChatPrompt prompt = encode_chat_prompt(encoding, form, messages);
    if (options.begin_of_text && (prompt.ids.empty() || prompt.ids[0] != *options.begin_of_text))
      prompt.ids.insert(prompt.ids.begin(), *options.begin_of_text);
    if (static_cast<int64_t>(prompt.ids.size()) + room <= config.length) return prompt;
    if (messages.size() <= size_t{1} + has_system) {
      throw Error(fmt::format("the message has {} tokens with what stands around it, but the model reads {}",
                              prompt.ids.size(), config.length - room));
    }
    // A program may insist that the first to speak is the user.
    do {
      messages.erase(messages.begin() + has_system);
      ++forgotten;
    } while (form.jinja && messages.size() > size_t{1} + has_system && messages[has_system].role != "user");
  }
}

}  // namespace

AnswerOptions answer_options(const ModelFile& model, const Encoding& encoding, const ModelChat& chat, bool tools) {
  AnswerOptions options;
  options.stops = model.ends_of_text;
  const std::optional<uint32_t> end = encoding.end_of_text();
  if (end) options.stops.push_back(*end);
  if (chat.begins_document) options.begin_of_text = model.begin_of_text ? model.begin_of_text : end;
  options.sample.encoding = &encoding;
  if (tools) options.tool = calculate;
  return options;
}

ChatAnswer answer(TokenPredictor& model, const ModelConfig& config, const Encoding& encoding, const ChatTemplate& form,
                  const std::vector<ChatMessage>& messages, const AnswerOptions& options,
                  const AnswerListener& listener, size_t* forgotten) {
  size_t left_out = 0;
  const ChatPrompt prompt = fit_prompt(config, encoding, form, messages, options, left_out);
  if (forgotten != nullptr) *forgotten = left_out;
  for (const uint32_t id : prompt.ids) {
    if (id >= static_cast<uint64_t>(config.vocabulary_size))
      throw UsageError(fmt::format("{}: id {} is outside the model's vocabulary of {}", encoding.name(), id,
                                   config.vocabulary_size));
  }
  AnswerReader reader(encoding, form, options, listener);
  bool complete = false;
  generate(model, config, prompt.ids, options.tokens_max, options.sample,
           [&](uint32_t token, std::vector<uint32_t>& read_in) {
             const bool stops = std::find(options.stops.begin(), options.stops.end(), token) != options.stops.end();
             complete = (token == prompt.end_of_answer || stops) && !reader.ends_call(token);
             if (complete) return false;
             bool goes_on = true;
             read_in = reader.add(token, goes_on);
             return goes_on;
           });
  return reader.take(complete);
}

}  // namespace ftok
