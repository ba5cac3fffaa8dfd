// Lists and other files of text, in the encodings that people's editors write.
#include "core/text_file.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace ftok {
namespace {

std::string list_of(std::string_view bytes) {
  std::string decoded;
  return std::string(text_of_list(bytes, "a.txt", decoded));
}

std::string refusal_of(std::string_view bytes) {
  try {
    list_of(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string utf16(std::u16string_view text, bool big_endian) {
  std::string out = big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (const char16_t unit : text) {
    const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xFF);
    out += big_endian ? high : low;
    out += big_endian ? low : high;
  }
  return out;
}

TEST(TextOfList, IsUtf8OfWhatEditorsWrite) {
  EXPECT_EQ(list_of("a.example\n"), "a.example\n");
  EXPECT_EQ(list_of("\xEF\xBB\xBF"
                    "a.example\n"),
            "a.example\n");
  EXPECT_EQ(list_of(""), "");
  for (const bool big : {false, true}) {
    EXPECT_EQ(list_of(utf16(u"a.example\r\n\u00E9\U0001F600", big)), "a.example\r\n\u00E9\U0001F600");
    std::u16string half = u"xy";
    half[0] = 0xD83D;
    EXPECT_EQ(list_of(utf16(half, big)), "\uFFFDy");
    EXPECT_EQ(list_of(utf16(u"a", big) + "b"), "a\uFFFD");  // cut within a unit
    EXPECT_EQ(list_of(utf16(u"", big)), "");
  }
}

TEST(TextOfList, RefusesWhatIsNone) {
  EXPECT_EQ(refusal_of("\x1F\x8B\x08"),
            "a.txt is compressed with gzip, and"
            " is read as plain text alone: unpack it first");
  EXPECT_NE(refusal_of("\x28\xB5\x2F\xFD").find("with zstd"), std::string::npos);
  EXPECT_NE(refusal_of("PK\x03\x04").find("with zip"), std::string::npos);
  const std::string binary = "a.txt is not a list: it holds binary data, or text that is not UTF-8";
  EXPECT_EQ(refusal_of(std::string_view("a.example\0", 10)), binary);
  EXPECT_EQ(refusal_of(std::string_view("a\0b\0", 4)), binary);               // UTF-16 without its mark
  EXPECT_EQ(refusal_of(std::string_view("\xFF\xFE\0\0a\0\0\0", 8)), binary);  // UTF-32
  EXPECT_EQ(refusal_of("abcdefgh\xE9"), binary);                              // one in nine
  EXPECT_EQ(refusal_of("abcdefghi\xE9"), "");                                 // one in ten: a word of Latin-1
}

}  // namespace
}  // namespace ftok
