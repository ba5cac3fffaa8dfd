#include "core/json_escape.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "tests/support/vector_levels.h"

namespace ftok {
namespace {

std::string escaped(std::string_view text, VectorLevel level) {
  std::string out = "before";
  append_json_escaped(out, text, level);
  EXPECT_TRUE(out.starts_with("before"));
  return out.substr(6);
}

// What a byte becomes, by the grammar of RFC 8259, section 7.
std::string form_of(char c) {
  switch (c) {
    case '"': return R"(\")";
    case '\\': return R"(\\)";
    case '\b': return R"(\b)";
    case '\f': return R"(\f)";
    case '\n': return R"(\n)";
    case '\r': return R"(\r)";
    case '\t': return R"(\t)";
    default: break;
  }
  if (static_cast<unsigned char>(c) >= 0x20) return std::string(1, c);
  char code[7];
  std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
  return code;
}

// Every byte at every place of a vector, alone and beside its like: 0x1F and 0x20 are the two sides of the bound.
TEST(JsonEscape, EachByteAtEachPlace) {
  for (const VectorLevel level : testing::vector_levels_here()) {
    for (int byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      for (size_t place = 0; place < 70; ++place) {
        for (const size_t times : {1, 2}) {
          const std::string before(place, 'x'), behind(70 - place, 'y');
          std::string expected = before;
          for (size_t i = 0; i < times; ++i) expected += form_of(c);
          ASSERT_EQ(escaped(before + std::string(times, c) + behind, level), expected + behind)
              << byte << " at " << place << ", level " << static_cast<int>(level);
        }
      }
    }
  }
}

// Texts of every length around those of vectors and of the pieces that are escaped at a time, also where each byte
// becomes six.
TEST(JsonEscape, EachLength) {
  std::vector<size_t> sizes = {1023, 1024, 1025, 3000};
  for (size_t size = 0; size < 130; ++size) sizes.push_back(size);
  for (const VectorLevel level : testing::vector_levels_here()) {
    for (const size_t size : sizes) {
      for (const std::string_view pattern : {"plain", "\r\n", "\x01", "a\"b\\c\td\x1f\xC3\xA4"}) {
        std::string text, expected;
        for (size_t i = 0; i < size; ++i) {
          text += pattern[i % pattern.size()];
          expected += form_of(text.back());
        }
        ASSERT_EQ(escaped(text, level), expected) << size << ", level " << static_cast<int>(level);
      }
    }
  }
}

TEST(JsonEscape, ReadsBack) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 7919 % 128);
  std::string json = "\"";
  append_json_escaped(json, text);
  json += '"';
  simdjson::dom::parser parser;
  std::string_view read;
  ASSERT_EQ(parser.parse(json).get(read), simdjson::SUCCESS);
  EXPECT_EQ(read, text);
}

}  // namespace
}  // namespace ftok
