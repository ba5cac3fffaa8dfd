// Any bytes as text, for each pattern: all vector levels give the slow scanner's cuts, the ids are the slow encoder's,
// and decoding gives the bytes back. Links ftok::tokenizer and tests/reference/slow_bpe.cc.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/reference/slow_bpe.h"
#include "tokenizer/encode/bpe_encode.h"
#include "tokenizer/encoding.h"

namespace {

// A vocabulary made in place: the bytes, then pairs of frequent letters and what they join to.
const ftok::Encoding& encoding_of(ftok::Pattern pattern) {
  static std::vector<ftok::Encoding>* const encodings = [] {
    auto* made = new std::vector<ftok::Encoding>;
    for (int p = 0; p <= static_cast<int>(ftok::Pattern::kTekken); ++p) {
      ftok::Vocabulary vocabulary;
      const auto add = [&](const std::string& token) {
        vocabulary.bytes += token;
        vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
      };
      for (int b = 0; b < 256; ++b) add(std::string(1, static_cast<char>(b)));
      for (const char* token : {"th",   "he",   "the", " t", " the", "in",   "ing",      "an",           "and",
                                "aa",   "aaaa", "aaa", "ab", "  ",   "    ", "\xE4\xB8", "\xE4\xB8\xAD", "\xD0\xBE",
                                "\n\n", "00",   "000", "'s", " '",   "bab",  "abab"}) {
        add(token);
      }
      vocabulary.pattern = static_cast<ftok::Pattern>(p);
      made->emplace_back(std::move(vocabulary));
    }
    return made;
  }();
  return (*encodings)[static_cast<size_t>(pattern)];
}

std::vector<size_t> cuts_at(ftok::VectorLevel level, ftok::Pattern pattern, const std::string& text) {
  const ftok::CutScanner scanner(pattern);
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  std::vector<uint32_t> found(128);
  std::vector<size_t> cuts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t n = ftok::find_cuts(level, scanner, data + begin, data + text.size(), found.data(), found.size());
    for (size_t i = 0; i < n; ++i) cuts.push_back(begin + found[i]);
    begin = cuts.back();
  }
  return cuts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 4096) return 0;
  const auto pattern = static_cast<ftok::Pattern>(data[0] % 6);
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::vector<size_t> slow = ftok::reference::slow_cuts(pattern, text);
  for (int level = 0; level <= static_cast<int>(ftok::vector_level()); ++level) {
    if (cuts_at(static_cast<ftok::VectorLevel>(level), pattern, text) != slow) __builtin_trap();
  }
  const ftok::Encoding& encoding = encoding_of(pattern);
  const std::vector<uint32_t> ids = encoding.encode_ordinary(text);
  if (encoding.decode(ids) != text) __builtin_trap();
  if (ftok::truncated_tail(text) == text.size() && ids != ftok::reference::slow_encode(encoding.vocabulary(), text)) {
    __builtin_trap();
  }
  return 0;
}
