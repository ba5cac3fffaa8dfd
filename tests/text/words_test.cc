// Words and sentences: golden cases, the cache, hostile text.
#include "text/words.h"

#include <gtest/gtest.h>

#include "tests/support/test_data.h"
#include "tests/support/words_file.h"
#include "text/nltk/nltk_tokenizer.h"
#include "text/sentences.h"
#include "text/spacy/spacy_affixes.h"

namespace ftok {
namespace {

using Words = std::vector<std::string>;

Words words(std::string_view text, WordRules rules) {
  std::vector<std::string_view> views;
  split_words(text, rules, views);
  return Words(views.begin(), views.end());
}

TEST(Words, GoldenCases) {
  const std::vector<testing::WordsRow> rows =
      testing::read_words_file(testing::source_folder() / "tests/golden/words.jsonl");
  ASSERT_GT(rows.size(), 30u);
  for (const testing::WordsRow& row : rows) testing::expect_words(row);
}

TEST(Words, SpacyTakesApartWhatItsRulesName) {
  EXPECT_EQ(words("don't stop", WordRules::kSpacy), Words({"do", "n't", "stop"}));
  EXPECT_EQ(words("(3.5km).", WordRules::kSpacy), Words({"(", "3.5", "km", ")", "."}));
  EXPECT_EQ(words("see www.example.com/a,b.", WordRules::kSpacy), Words({"see", "www.example.com/a,b", "."}));
  EXPECT_EQ(words("a :) b", WordRules::kSpacy), Words({"a", ":)", "b"}));
}

TEST(Words, NltkTakesApartWhatItsRulesName) {
  EXPECT_EQ(words("He said \"don't\".", WordRules::kNltk), Words({"He", "said", "``", "do", "n't", "''", "."}));
  EXPECT_EQ(words("Mr. Smith left. He ran.", WordRules::kNltk), Words({"Mr.", "Smith", "left", ".", "He", "ran", "."}));
  EXPECT_EQ(words("1,000 cannot, e.g. this", WordRules::kNltk), Words({"1,000", "can", "not", ",", "e.g.", "this"}));
}

TEST(Words, ViewsPointIntoTheText) {
  const std::string text = "It's \"here\" now.";
  std::vector<std::string_view> views;
  split_words(text, WordRules::kSpacy, views);
  for (const std::string_view view : views) {
    EXPECT_GE(view.data(), text.data());
    EXPECT_LE(view.data() + view.size(), text.data() + text.size());
  }
}

TEST(Words, IllFormedTextIsTakenAsReplacementCharacters) {
  for (const std::string_view text : {"\xFF", "a\xC3", "\xE2\x80", "x\x80y \xF0\x9F\x98", "\xED\xA0\x80."}) {
    std::vector<std::string_view> views;
    for (const WordRules rules : {WordRules::kSpacy, WordRules::kNltk}) {
      split_words(text, rules, views);
      size_t bytes = 0;
      for (const std::string_view view : views) bytes += view.size();
      EXPECT_LE(bytes, text.size());
      EXPECT_GE(count_sentences(text, rules), 1u);
    }
  }
}

TEST(Words, EverySplitCoversTheTextWithoutItsSpace) {
  const std::string text = "A \"quote\", (5km) x--y... http://a.bc/d 'tis U.S. :) caf\u00E9\u3000end";
  std::string joined, expected;
  for (const std::string& word : words(text, WordRules::kSpacy)) joined += word;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text, at);
    if (!is_python_space(c.code_point)) expected += text.substr(at, c.size);
    at += c.size;
  }
  EXPECT_EQ(joined, expected);
}

TEST(Words, HostileTextEnds) {
  const size_t size = 300000;
  for (const std::string piece :
       {"!", ".", "-", "'", "\"", "`", "a@", "a.", ":)", "(", "[1", "1+", "don't", "\u2026", "x", "\u3000"}) {
    std::string text;
    while (text.size() < size) text += piece;
    std::vector<std::string_view> views;
    split_words(text, WordRules::kSpacy, views);
    EXPECT_LE(views.size(), text.size());
    split_words(text, WordRules::kNltk, views);
    EXPECT_LE(views.size(), text.size());
    EXPECT_GE(count_sentences(text, WordRules::kSpacy), 1u);
    EXPECT_GE(count_sentences(text, WordRules::kNltk), 1u);
  }
}

TEST(WordsOf, RemembersTheLastTextByItsContent) {
  const std::string text = "one two three";
  const std::string_view first = words_of(text, WordRules::kSpacy)[1];
  const std::string copy = text;
  EXPECT_EQ(words_of(copy, WordRules::kSpacy)[1].data(), first.data());  // not split again
  EXPECT_EQ(words_of("one 'two", WordRules::kSpacy).size(), 3u);
  EXPECT_EQ(words_of("cannot \"", WordRules::kSpacy).size(), 3u);
  EXPECT_EQ(words_of("can \"\"", WordRules::kSpacy).size(), 3u);
  EXPECT_EQ(words_of("can \"\"", WordRules::kNltk).size(), 3u);
  EXPECT_EQ(words_of("", WordRules::kSpacy).size(), 0u);
}

TEST(Url, NeedsAHostThatIsPublic) {
  EXPECT_TRUE(spacy::is_url("example.com"));
  EXPECT_TRUE(spacy::is_url("http://a.b.example.com:8080/x?y#z"));
  EXPECT_TRUE(spacy::is_url("8.8.8.8/x"));
  EXPECT_TRUE(spacy::is_url("any@thing@example.com"));
  EXPECT_FALSE(spacy::is_url("10.8.8.8"));
  EXPECT_FALSE(spacy::is_url("192.168.0.1"));
  EXPECT_FALSE(spacy::is_url("172.31.0.1"));
  EXPECT_TRUE(spacy::is_url("172.32.0.1"));
  EXPECT_FALSE(spacy::is_url("224.1.1.1"));
  EXPECT_FALSE(spacy::is_url("1.1.1.255"));
  EXPECT_FALSE(spacy::is_url("example.C"));
  EXPECT_FALSE(spacy::is_url("example.c"));
  EXPECT_FALSE(spacy::is_url("example.com:1"));
  EXPECT_FALSE(spacy::is_url("-a.com"));
  EXPECT_FALSE(spacy::is_url("@example.com"));
  EXPECT_TRUE(spacy::is_url(std::string(64, 'a') + ".com"));
  EXPECT_FALSE(spacy::is_url(std::string(65, 'a') + ".com"));
}

TEST(Sentences, SpacyRule) {
  EXPECT_EQ(count_sentences("", WordRules::kSpacy), 1u);
  EXPECT_EQ(count_sentences("No end", WordRules::kSpacy), 1u);
  EXPECT_EQ(count_sentences("One. Two", WordRules::kSpacy), 2u);
  EXPECT_EQ(count_sentences("One.) \"...\" Two", WordRules::kSpacy), 2u);
  EXPECT_EQ(count_sentences("Dr. Who", WordRules::kSpacy), 1u);
  EXPECT_EQ(count_sentences("End.  Two", WordRules::kSpacy), 2u);  // the second space starts it
}

TEST(Sentences, PunktLikeRule) {
  EXPECT_EQ(count_sentences("", WordRules::kNltk), 1u);
  EXPECT_EQ(count_sentences("One. Two! Three? Four", WordRules::kNltk), 4u);
  EXPECT_EQ(count_sentences("Dr. Who met J. Smith of the U.S. Army. Then", WordRules::kNltk), 2u);
  EXPECT_EQ(count_sentences("approx. five etc. and so on", WordRules::kNltk), 1u);
  EXPECT_EQ(count_sentences("It ended. but went on", WordRules::kNltk), 1u);
  EXPECT_EQ(count_sentences("(\"It ended.\") New", WordRules::kNltk), 2u);
  EXPECT_EQ(count_sentences("3.14 and v1.2", WordRules::kNltk), 1u);
}

TEST(Sentences, CoverTheText) {
  const std::string text = "One. Two! \"Three?\" Four... five.  Six\n";
  for (const WordRules rules : {WordRules::kSpacy, WordRules::kNltk}) {
    std::vector<std::string_view> sentences;
    split_sentences(text, rules, sentences);
    EXPECT_EQ(sentences.size(), count_sentences(text, rules));
    std::string joined;
    for (const std::string_view sentence : sentences) joined += sentence;
    EXPECT_EQ(joined, text);
  }
}

}  // namespace
}  // namespace ftok
