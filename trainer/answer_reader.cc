#include "trainer/answer_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace ftok {
namespace {

constexpr std::string_view kContent = "{content}";

bool begins_with_part(const std::vector<uint32_t>& whole, const std::vector<uint32_t>& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

}  // namespace

AnswerReader::FormTokens::FormTokens(const Encoding& encoding, const ChatTemplate& form, const std::string& text) {
  const size_t place = text.find(kContent);
  head = encoding.encode(std::string_view(text).substr(0, place), Specials::kAllow);
  tail = encoding.encode(std::string_view(text).substr(place + kContent.size()), Specials::kAllow);
  if (head.empty() || tail.empty() || !encoding.is_special(head[0]) || !encoding.is_special(tail[0])) {
    throw Error(fmt::format(
        "the chat template {}: \"{}\" does not begin, and go on after {{content}}, with special tokens of {}",
        form.name, text, encoding.name()));
  }
}

AnswerReader::AnswerReader(const Encoding& encoding, const ChatTemplate& form, const AnswerOptions& options,
                           const AnswerListener& listener)
    : encoding_(encoding), options_(options), listener_(listener) {
  if (form.call.empty() || !options.tool) return;
  call_.emplace(encoding, form, form.call);
  result_.emplace(encoding, form, form.result);
}

std::vector<uint32_t> AnswerReader::add(uint32_t token, bool& goes_on) {
  ids_.push_back(token);
  if (ends_call(token)) return run_call();
  held_.push_back(token);
  if (in_call_) return {};
  if (call_ && begins_with_part(call_->head, held_)) {
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

ChatAnswer AnswerReader::take(bool complete) {
  if (!in_call_ && complete) say(held_);
  ChatAnswer answer{{"assistant", ""}, std::move(ids_), complete};
  for (const ChatPart& part : parts_) {
    if (part.kind == ChatPart::Kind::kText) answer.message.content += part.text;
  }
  const bool has_calls = std::any_of(parts_.begin(), parts_.end(),
                                     [](const ChatPart& part) { return part.kind != ChatPart::Kind::kText; });
  if (has_calls) answer.message.parts = std::move(parts_);
  return answer;
}

std::string AnswerReader::text_of(const std::vector<uint32_t>& ids) const {
  std::string text;
  for (const uint32_t id : ids) text += id < encoding_.n_vocab() ? encoding_.token_bytes(id) : std::string_view();
  return text;
}

bool AnswerReader::say(const std::vector<uint32_t>& ids) {
  const std::string text = text_of(ids);
  if (text.empty()) return true;
  if (parts_.empty() || parts_.back().kind != ChatPart::Kind::kText) parts_.push_back({ChatPart::Kind::kText, ""});
  parts_.back().text += text;
  return listener_.text(text);
}

std::vector<uint32_t> AnswerReader::run_call() {
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

}  // namespace ftok
