// Any bytes as a `.tiktoken` file, its sidecar or a tokenizer.json: an Error or a vocabulary that encodes.
// Links ftok::tokenizer.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "tokenizer/encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string content(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    switch (data[0] % 3) {
      case 0: {
        const ftok::VocabularyHints hints{ftok::Pattern::kCl100k, {}};
        ftok::parse_tiktoken(content, "fuzz.tiktoken", nullptr, hints);
        break;
      }
      case 1: ftok::parse_tiktoken("AA== 0\n", "fuzz.tiktoken", &content); break;
      default: {
        const ftok::Vocabulary vocabulary = ftok::parse_tokenizer_json(content, "fuzz.json");
        const ftok::Encoding encoding(vocabulary);
        if (encoding.decode(encoding.encode_ordinary("Hello, world")) != "Hello, world") __builtin_trap();
      }
    }
  } catch (const ftok::Error&) {
  }
  return 0;
}
