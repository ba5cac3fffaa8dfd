// Counts over a block's text, beside a count that takes one character after the other, and what a text needs to have to
// be debris.
#include "extract/content/measure.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/utf8.h"
#include "extract/content/debris.h"

namespace ftok::html {
namespace {

bool is_among(char32_t c, std::u32string_view known) { return known.find(c) != std::u32string_view::npos; }

// As blocks.h says what is counted.
Block counted(const std::string& text) {
  Block block;
  uint32_t tenths = 0, more = 0;
  bool in_word = false;
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    const char32_t at = c.code_point;
    ++block.sums.letters;
    block.uppercase += at >= 'A' && at <= 'Z';
    block.digits += at >= '0' && at <= '9';
    block.sums.commas += is_among(at, U",;\u3001\uFF0C\u060C\uFF1B");
    const bool ends_text = i + 1 == text.size();
    block.sums.sentences +=
        is_among(at, U"\u3002\uFF01\uFF1F\uFF61\u0964\u061F") ||
        (is_among(at, U".!?") && (ends_text || is_among(static_cast<unsigned char>(text[i + 1]), U" \n\"")));
    if (is_among(at, U"|\u00BB\u203A\uFF5C\uFF1E")) block.signs |= kSignBar;
    if (at == 0xA9) block.signs |= kSignCopyright;
    if (is_among(at, U"$\u20AC\u00A5\uFFE5\u20A9\u0E3F\u00A3")) block.signs |= kSignMoney;
    if (at == '@' || text.compare(i, 4, "http") == 0) block.signs |= kSignAddress;
    if ((at >= 0x800 && at <= 0xFFF) || at >= 0x3000) block.signs |= kSignScript;
    const bool is_kana = at >= 0x3040 && at <= 0x30FF;
    const bool is_chinese = (at >= 0x3400 && at <= 0x4DBF) || (at >= 0x4E00 && at <= 0x9FFF) ||
                            (at >= 0xF900 && at <= 0xFAFF) || (at >= 0x20000 && at <= 0x3FFFF);
    const bool is_syllable =
        (at >= 0xE00 && at <= 0xEFF) || (at >= 0x1000 && at <= 0x109F) || (at >= 0x1780 && at <= 0x17FF);
    tenths += is_chinese ? 6 : is_kana ? 4 : is_syllable ? 2 : 0;
    more += is_chinese ? 2 : is_kana || (at >= 0xAC00 && at <= 0xD7A3) ? 1 : 0;
    const bool is_space = is_among(at, U" \n\t");
    block.sums.words += !is_space && !in_word;
    in_word = !is_space;
    i += c.size;
  }
  block.sums.words += tenths / 10;
  block.sums.letters += more;
  return block;
}

std::vector<uint32_t> as_list(const Block& block) {
  return {block.sums.letters, block.sums.words, block.sums.commas, block.sums.sentences,
          block.uppercase,    block.digits,     block.signs};
}

void expect_counts(const std::string& text) {
  Block block;
  block.text_size = static_cast<uint32_t>(text.size());
  measure(text, block);
  ASSERT_EQ(as_list(block), as_list(counted(text))) << ::testing::PrintToString(text);
}

TEST(Measure, CountsAsOneByOne) {
  const std::vector<std::string> pieces = {
      "a",      "Q",      "7",          " ",          "\n",     "\t",     ",",        ";",      ". ",     ".",
      "!\"",    "?",      "|",          "$",          "@",      "http",   "h",        "t",      "\u00E9", "\u00DF",
      "\u00A9", "\u00BB", "\u00A3",     "\u0416",     "\u060C", "\u061F", "\u2014",   "\u2019", "\u201D", "\u2026",
      "\u2027", "\u203A", "\u20AC",     "\u20A9",     "\u0E01", "\u0E3F", "\u3002",   "\u3042", "\u4E2D", "\uAC00",
      "\uFF0C", "\uFF5C", "\U0001F600", "\U00020000", "\x80",   "\xC3",   "\xE2\x80", "\xFF"};
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    const size_t kinds = 1 + random() % pieces.size();  // few of them, so that long runs of one kind come too
    const size_t first = random() % pieces.size();
    std::string text;
    for (size_t size = 1 + random() % 60; text.size() < size;)
      text += pieces[(first + random() % kinds) % pieces.size()];
    expect_counts(text);
    if (HasFatalFailure()) return;
  }
}

TEST(Measure, CountsLongTexts) {
  for (const size_t size : {16U * 255, 16U * 255 + 1, 16U * 256 + 7, 100000U}) {
    std::string text;
    while (text.size() < size) text += "A1, b. \u00E9 ";
    expect_counts(text);
    expect_counts(std::string(size, '7'));
  }
}

TEST(Measure, SignsOfDebris) {
  const auto signs = [](const std::string& text) {
    const DebrisSigns found = debris_signs_of(text);
    return std::string(found.has_bracket ? "[" : "") + (found.has_placeholder ? "{" : "") +
           (found.has_commas ? "," : "");
  };
  for (const size_t before : {0U, 1U, 15U, 16U, 17U, 40U}) {
    const std::string some(before, 'x');
    EXPECT_EQ(signs(some), "");
    EXPECT_EQ(signs(some + "["), "[");
    EXPECT_EQ(signs(some + "[" + some), "[");
    EXPECT_EQ(signs(some + "{" + some), "{");
    EXPECT_EQ(signs(some + "<" + some), "{");
    EXPECT_EQ(signs(some + std::string(19, ',')), ",");
    EXPECT_EQ(signs(some + std::string(18, ',')), "");
  }
}

}  // namespace
}  // namespace ftok::html
