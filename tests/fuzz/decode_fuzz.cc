// Any numbers as ids: decoding gives the bytes of the tokens, or an Error where one is not a token; decode_utf8 gives
// UTF-8. Links ftok::tokenizer.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"
#include "text/unicode.h"
#include "tokenizer/encoding.h"

namespace {

// The bytes, characters cut in two, long tokens, a hole and special tokens.
const ftok::Encoding& encoding() {
  static const ftok::Encoding* const made = [] {
    ftok::Vocabulary vocabulary;
    const auto add = [&](const std::string& token) {
      vocabulary.bytes += token;
      vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
    };
    for (int b = 0; b < 256; ++b) add(std::string(1, static_cast<char>(b)));
    for (const char* token :
         {"th", "the", " the", "\xE4\xB8", "\xE4\xB8\xAD", "\xF0\x9F\x91", "", "                    "})
      add(token);
    vocabulary.specials = {{"<|hole|>", 262}, {"<|end|>", 300}};
    return new ftok::Encoding(std::move(vocabulary));
  }();
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint32_t> ids(size / 2);
  std::string want;
  bool all_tokens = true;
  for (size_t i = 0; i < ids.size(); ++i) {
    ids[i] = data[2 * i] + 256u * (data[2 * i + 1] & 1);
    all_tokens = all_tokens && encoding().is_token(ids[i]);
    want += encoding().token_bytes(ids[i]);
  }
  try {
    if (encoding().decode(ids) != want || !all_tokens) __builtin_trap();
    if (!ftok::is_valid_utf8(encoding().decode_utf8(ids))) __builtin_trap();
  } catch (const ftok::Error&) {
    if (all_tokens) __builtin_trap();
  }
  return 0;
}
