#include "text/unspaced.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "text/sentences.h"

namespace ftok {
namespace {

std::string cut(UnspacedWords how, std::vector<std::string_view> words) {
  cut_unspaced(how, words);
  std::string joined;
  for (const std::string_view word : words) joined += (joined.empty() ? "" : "|") + std::string(word);
  return joined;
}

TEST(Unspaced, WhichCharacters) {
  for (const char32_t c : {U'水', U'の', U'ト', U'々', U'〇', U'ด', U'ີ',  U'က', U'ក',  U'𠮷',        U'ｱ',
                           U'ཀ',  U'ᥐ',  U'ᦂ',  U'ᨠ',  U'ᬓ',  U'ꦏ', U'ꪀ', U'ᯀ', U'ꀀ', U'\U00017000'})
    EXPECT_TRUE(is_unspaced_letter(c)) << std::hex << static_cast<uint32_t>(c);
  for (const char32_t c : {U'a', U'é', U'한', U'ㄱ', U'。', U'、', U'１', U'๑', U'฿', U'Ａ', U'€', U'न', U'“', U'་',
                           U'༡', U'᧐', U'᭐', U'꧐'})
    EXPECT_FALSE(is_unspaced_letter(c)) << std::hex << static_cast<uint32_t>(c);
  EXPECT_FALSE(has_unspaced_letters("Caf\u00E9 \u201Cof\u201D \uD55C\uAD6D\uC5B4 \U0001F600"));
  EXPECT_TRUE(has_unspaced_letters("the word 水"));
}

TEST(Unspaced, Characters) {
  EXPECT_EQ(cut(UnspacedWords::kCharacters, {"世界各地", "and", "the水3车。ok"}), "世|界|各|地|and|the|水|3|车|。ok");
  EXPECT_EQ(cut(UnspacedWords::kCharacters, {"ที่นี่"}), "ที่|นี่");  // marks stay on their characters
  EXPECT_EQ(cut(UnspacedWords::kCharacters, {"한국어", "word"}), "한국어|word");
  EXPECT_EQ(cut(UnspacedWords::kAsRules, {"世界"}), "世界");
  // syllables, without what parts them
  EXPECT_EQ(cut(UnspacedWords::kCharacters, {"བོད་ཡིག་གི།", "ང"}), "བོད|ཡིག|གི|ང");
  EXPECT_EQ(cut(UnspacedWords::kCharacters, {"ꦲꦏ꧀ꦱꦫ", "ᬅᬓ᭄ᬱᬭ"}), "ꦲ|ꦏ꧀|ꦱ|ꦫ|ᬅ|ᬓ᭄|ᬱ|ᬭ");
  EXPECT_EQ(cut(UnspacedWords::kCharacters, {"ที่\u200Bนี่", "กข"}), "ที่|นี่|ก|ข");
  EXPECT_EQ(cut(UnspacedWords::kCharacters, {"ก\u200B.\u200Bข", "\u200B"}), "ก|\u200B.\u200B|ข|\u200B");
  EXPECT_EQ(cut(UnspacedWords::kAsRules, {"ก\u200Bข"}), "ก\u200Bข");
}

// Korean has spaces: only a run that no word is as long as is cut.
TEST(Unspaced, HangulWithoutSpaces) {
  std::string word;
  for (int i = 0; i < 24; ++i) word += "한";
  EXPECT_FALSE(has_unspaced_letters(word + " " + word));
  EXPECT_EQ(cut(UnspacedWords::kCharacters, {"水", word}), "水|" + word);
  EXPECT_TRUE(has_unspaced_letters("word " + word + "글"));
  std::string syllables = cut(UnspacedWords::kCharacters, {"(" + word + "글)"});
  EXPECT_EQ(std::count(syllables.begin(), syllables.end(), '|'), 24 + 2);
  EXPECT_TRUE(syllables.ends_with("한|글|)"));
  std::string decomposed;  // as dedup sees it
  for (int i = 0; i < 25; ++i) decomposed += "\u1112\u1161\u11AB";
  syllables = cut(UnspacedWords::kCharacters, {decomposed});
  EXPECT_EQ(std::count(syllables.begin(), syllables.end(), '|'), 24);
  EXPECT_FALSE(has_unspaced_letters(decomposed.substr(9)));
}

TEST(Unspaced, Segments) {
  EXPECT_EQ(cut(UnspacedWords::kSegments, {"世界各地", "word"}), "世界|各地|word");
  EXPECT_EQ(cut(UnspacedWords::kSegments, {"ฉันชอบกินข้าว"}), "ฉัน|ชอบ|กิน|ข้าว");
  EXPECT_NE(segments_version().find("ICU "), std::string::npos);
}

TEST(Unspaced, WordsOfATextAreRememberedByWhatTheyAre) {
  const std::string text = "The 世界 is";
  EXPECT_EQ(words_of(text, WordRules::kSpacy, UnspacedWords::kCharacters).size(), 4u);
  EXPECT_EQ(words_of(text, WordRules::kSpacy, UnspacedWords::kAsRules).size(), 3u);
  EXPECT_EQ(words_of(text, WordRules::kSpacy, UnspacedWords::kSegments).size(), 3u);
  EXPECT_EQ(words_of("The world is", WordRules::kSpacy, UnspacedWords::kCharacters).size(), 3u);
}

TEST(Unspaced, Sentences) {
  const std::string three = "水车转动了。孩子们笑了！谁来帮忙？";
  EXPECT_EQ(count_sentences(three, WordRules::kNltk), 1u);
  EXPECT_EQ(count_sentences(three, WordRules::kNltk, UnspacedWords::kAsRules), 1u);
  EXPECT_EQ(count_sentences(three, WordRules::kNltk, UnspacedWords::kCharacters), 3u);
  EXPECT_EQ(count_sentences("水车！！转动", WordRules::kNltk, UnspacedWords::kCharacters), 2u);
  EXPECT_EQ(count_sentences("One. Two.", WordRules::kNltk, UnspacedWords::kCharacters), 2u);
}

TEST(Unspaced, NamesOfTheKey) {
  EXPECT_EQ(unspaced_words_of("c4.unspaced", "segments"), UnspacedWords::kSegments);
  EXPECT_THROW(unspaced_words_of("c4.unspaced", "words"), UsageError);
}

}  // namespace
}  // namespace ftok
