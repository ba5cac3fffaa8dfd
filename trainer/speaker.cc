#include "trainer/speaker.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"

namespace ftok {

Speaker::Speaker(const Encoding& encoding, const ModelChat& chat, const ModelFile& model, std::string system)
    : encoding_(encoding),
      chat_(chat),
      model_(model),
      system_(std::move(system)),
      options_(answer_options(model, encoding, chat, false)) {
  end_ = encode_chat_prompt(encoding, chat.form, {{"user", ""}}).end_of_answer;
  options_.stops.push_back(end_);
}

std::vector<uint32_t> Speaker::prompt(const std::string& question) const {
  std::vector<ChatMessage> messages;
  if (!system_.empty()) messages.push_back({"system", system_});
  messages.push_back({"user", question});
  return prompt(std::move(messages));
}

std::vector<uint32_t> Speaker::prompt(std::vector<ChatMessage> messages) const {
  std::vector<uint32_t> ids = encode_chat_prompt(encoding_, chat_.form, std::move(messages)).ids;
  if (options_.begin_of_text && (ids.empty() || ids[0] != *options_.begin_of_text))
    ids.insert(ids.begin(), *options_.begin_of_text);
  check(ids);
  return ids;
}

std::vector<uint32_t> Speaker::answered(std::vector<ChatMessage> messages, const std::string& answer) const {
  std::vector<uint32_t> ids = prompt(std::move(messages));
  const std::vector<uint32_t> said = encoding_.encode(answer, Specials::kPlain);
  ids.insert(ids.end(), said.begin(), said.end());
  ids.push_back(end_);
  check(ids);
  return ids;
}

void Speaker::check(std::span<const uint32_t> ids) const {
  for (const uint32_t id : ids) {
    if (id >= static_cast<uint64_t>(model_.config.vocabulary_size)) {
      throw UsageError(fmt::format("{}: id {} is outside the model's vocabulary of {}", encoding_.name(), id,
                                   model_.config.vocabulary_size));
    }
  }
}

std::string Speaker::text_of(std::span<const uint32_t> ids) const {
  std::string text;
  for (const uint32_t id : ids) text += id < encoding_.n_vocab() ? encoding_.token_bytes(id) : std::string_view();
  return text;
}

}  // namespace ftok
