#include "tokenizer/json_decoder.h"

#include <algorithm>
#include <string_view>

#include "core/json.h"
#include "core/utf8.h"
#include "tokenizer/encode/decode_table.h"
#include "tokenizer/piece_form.h"

namespace ftok {
namespace {

// `text` as within a JSON string, in `buffer`.
std::string_view escaped(std::string_view text, std::string& buffer) {
  buffer.clear();
  append_json_string(buffer, text);
  return std::string_view(buffer).substr(1, buffer.size() - 2);
}

}  // namespace

JsonDecoder::JsonDecoder(const Encoding& encoding) : encoding_(encoding) {
  const Vocabulary& vocabulary = encoding.vocabulary();
  std::string buffer;
  table_ = std::make_unique<const DecodeTable>(vocabulary.token_count(), [&](uint32_t id) -> std::string_view {
    const std::string_view token = vocabulary.token(id);
    return is_valid_utf8(token) ? escaped(token, buffer) : std::string_view();
  });
}

JsonDecoder::~JsonDecoder() = default;

void JsonDecoder::append(std::span<const uint32_t> ids, std::string& out) const {
  out.push_back('"');
  const size_t begin = out.size();
  constexpr size_t kTogether = 512;
  char buffer[kTogether * DecodeTable::kSlotBytes];
  std::string others, others_escaped;  // tokens without a slot that follow each other
  for (size_t done = 0; done < ids.size();) {
    size_t bytes = 0;
    done += table_->decode(ids.subspan(done, std::min(kTogether, ids.size() - done)), buffer, bytes);
    out.append(buffer, bytes);
    others.clear();
    for (; done < ids.size() && !table_->has_slot(ids[done]); ++done) {
      const std::string_view token = encoding_.token_bytes(ids[done]);
      if (token.empty()) encoding_.decode(ids);  // throws
      others += token;
    }
    if (!others.empty()) out += escaped(others, others_escaped);
  }
  if (const auto& pieces = encoding_.vocabulary().pieces; pieces != nullptr) {
    const size_t text = std::min(out.find_first_not_of(' ', begin), out.size());
    out.erase(begin, std::min(text - begin, pieces->spaces_stripped));
  }
  out.push_back('"');
}

}  // namespace ftok
