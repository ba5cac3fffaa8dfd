#include "view/token_answers.h"

#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

#include "core/json.h"
#include "core/utf8.h"
#include "tokenizer/pretoken_pattern.h"

namespace ftok {
namespace {

constexpr uint8_t kInLoss = 128;

void append_number(std::string& out, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift);
}

void append_numbers(std::string& out, const std::vector<uint32_t>& numbers) {
  const size_t at = out.size();
  out.resize(at + 4 * numbers.size());
  std::memcpy(out.data() + at, numbers.data(), 4 * numbers.size());  // a little-endian machine, as everywhere in ftok
}

// What a token shows: its bytes; nothing for an id that is no token.
struct Laid {
  std::vector<uint32_t> ends;
  std::set<uint32_t> specials;
  std::string bytes;
};

Laid lay_out(const Encoding& encoding, const std::vector<uint32_t>& ids) {
  Laid laid;
  laid.ends.reserve(ids.size());
  for (const uint32_t id : ids) {
    laid.bytes += encoding.token_bytes(id);
    laid.ends.push_back(static_cast<uint32_t>(laid.bytes.size()));
    if (encoding.is_special(id)) laid.specials.insert(id);
  }
  return laid;
}

// Whether no token crosses from a line feed to what is no white space.
bool has_cuts(const Vocabulary& vocabulary) {
  for (const auto& special : vocabulary.specials) {
    if (special.text.find('\n') != std::string::npos) return false;
  }
  return PretokenPattern(vocabulary.pattern, vocabulary.own_pattern).has_sure_cuts();
}

std::string answer_of(const Encoding& encoding, const std::vector<uint32_t>& ids, std::string_view text,
                      const EncodedChat* chat) {
  const Laid laid = lay_out(encoding, ids);
  const bool own_bytes = laid.bytes != text;
  JsonWriter json;
  json.begin_object().field("name", encoding.name()).field("tokens", uint64_t{ids.size()});
  json.field("characters", uint64_t{utf8_length(text)}).field("bytes_in", uint64_t{text.size()});
  json.field("cuts", has_cuts(encoding.vocabulary()));
  json.field("own_bytes", own_bytes).field("vocabulary", uint64_t{encoding.n_vocab()}).key("specials").begin_array();
  for (const uint32_t id : laid.specials) json.value(id);
  json.end_array();
  if (chat != nullptr) {
    json.key("roles").begin_array();
    for (const std::string& role : chat->roles) json.value(role);
    json.end_array();
  }
  std::string head = json.end_object().take();
  head.append((4 - head.size() % 4) % 4, ' ');
  std::string out;
  out.reserve(4 + head.size() + 8 * ids.size() + (own_bytes ? laid.bytes.size() : 0));
  append_number(out, static_cast<uint32_t>(head.size()));
  out += head;
  append_numbers(out, ids);
  append_numbers(out, laid.ends);
  if (chat != nullptr) {
    for (const ViewToken& token : chat->tokens) out += static_cast<char>(token.role | (token.in_loss ? kInLoss : 0));
  }
  if (own_bytes) out += laid.bytes;
  return out;
}

}  // namespace

std::string token_answer(const Encoding& encoding, std::string_view text, Specials specials) {
  return answer_of(encoding, encoding.encode(text, specials), text, nullptr);
}

std::string chat_answer(const Encoding& encoding, const EncodedChat& chat) {
  std::vector<uint32_t> ids;
  for (const ViewToken& token : chat.tokens) ids.push_back(token.id);
  return answer_of(encoding, ids, "", &chat);
}

}  // namespace ftok
