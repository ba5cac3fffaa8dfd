#include "dedup/normalise.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

std::string normalised(std::string_view text, Punctuation punctuation = Punctuation::kSpace) {
  std::string out;
  append_normalised(text, punctuation, out);
  return out;
}

// Expected texts are those of datatrove 0.10.1's simplify_text.
TEST(Normalise, IsDatatroves) {
  EXPECT_EQ(normalised("Don't  STOP\n\nat 3.14 or 1,000.5 (12:30)!"), "don t stop at 0 or 0 0 0 0");
  EXPECT_EQ(normalised("Ünïcode Éàé — “quoted” ‘single’ ΟΔΟΣ ΣΑΣ Σ İstanbul"),
            "unicode eae quoted ‘single οδος σας σ istanbul");
  EXPECT_EQ(normalised("a\tb\r\nc\u00a0d\u2003e\u0085f\u0007g"), "a b c d e f g");
  EXPECT_EQ(normalised("٣٫٥ and １２ and ½ x²"), "0 and 0 and ½ x²");
  EXPECT_EQ(normalised("한국어 漢字、日本語。"), "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165 漢字 日本語");
  EXPECT_EQ(normalised("  lead \u0301 trail  \u0301"), "lead  trail");
  EXPECT_EQ(normalised("ﬁ Ｋ \u212A Å"), "ﬁ ｋ k a");
  EXPECT_EQ(normalised("!!!"), "");
  EXPECT_EQ(normalised(""), "");
  EXPECT_EQ(normalised("e\u0301e\u0308 \u0301\u0308 x"), "ee  x");
}

TEST(Normalise, ANumberHasOneDecimalPart) {
  EXPECT_EQ(normalised("A1B2C3 0x1F"), "a0b0c0 0x0f");
  EXPECT_EQ(normalised("1.2.3.4"), "0 0");
  EXPECT_EQ(normalised("1."), "0");
  EXPECT_EQ(normalised(".5"), "0");
  EXPECT_EQ(normalised("1,2;3"), "0 0");
}

TEST(Normalise, DeletesPunctuationAsFineWebsRelease) {
  EXPECT_EQ(normalised("Don't  STOP\n\nat 3.14 or 1,000.5 (12:30)!", Punctuation::kDelete), "dont stop at 0 or 00 00");
  EXPECT_EQ(normalised("a - b", Punctuation::kDelete), "a b");
  EXPECT_EQ(normalised("a\rb — c", Punctuation::kDelete), "ab c");
}

TEST(Normalise, AppendsAndTakesBrokenUtf8) {
  std::string out = "kept ";
  append_normalised("  X\xFFY\xE2\x80", Punctuation::kSpace, out);
  EXPECT_EQ(out, "kept x\uFFFDy\uFFFD");
}

}  // namespace
}  // namespace ftok
