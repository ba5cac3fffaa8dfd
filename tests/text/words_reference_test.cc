// core/words and core/sentences against spaCy and NLTK themselves (label full): real text and random strings. Needs the
// Python environment of the peers: FTOK_PEERS names the folder that holds web/bin/python and text/.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "core/json.h"
#include "tests/support/test_data.h"
#include "tests/support/words_file.h"
#include "text/unicode.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

fs::path peers() {
  const char* named = std::getenv("FTOK_PEERS");
  return named != nullptr ? fs::path(named) : fs::path();
}

#define FTOK_NEEDS_PEERS()                                                                  \
  if (peers().empty() || !fs::exists(peers() / "web/bin/python")) {                         \
    GTEST_SKIP() << "needs spaCy and NLTK: set FTOK_PEERS to a folder with web/bin/python"; \
  }

// Asks the reference for the words of `texts` (JSON lines) and compares every row.
void expect_like_reference(const fs::path& texts) {
  testing::TemporaryFolder folder;
  const std::string rows = folder / "words.jsonl";
  const fs::path script = testing::source_folder() / "tests/reference/peer_words.py";
  const std::string command =
      (peers() / "web/bin/python").string() + " " + script.string() + " < " + texts.string() + " > " + rows;
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  size_t different = 0, count = 0;
  for (const testing::WordsRow& row : testing::read_words_file(rows)) {
    ++count;
    if (!testing::expect_words(row) && ++different == 10) break;  // enough to see
  }
  EXPECT_GT(count, 0u);
  std::printf("%zu texts compared\n", count);
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces = {
      "a",      "B",      "the",    "don",        "'t",     "'s",     "\u2019s",     "n't",     "can",
      "not",    "'ll",    "\"",     "'",          "''",     "``",     "`",           "(",       ")",
      "[",      "]",      "{",      "}",          ".",      "..",     "...",         "\u2026",  "\u2026\u2026",
      ",",      ":",      ";",      "!",          "?",      "-",      "--",          "---",     "\u2013",
      "\u2014", "/",      "\\",     "|",          "@",      "#",      "$",           "%",       "&",
      "*",      "+",      "=",      "<",          ">",      "^",      "_",           "~",       "1",
      "23",     "5",      "km",     "km/h",       "US$",    "C$",     "\u20AC",      "\u00B0",  "\u00B0C.",
      "\u00B2", "\u00BD", "\u00E9", "\u00C9",     "\u00DF", "\u03A9", "\u0416",      "\u4E2D",  "\u3002",
      "\u0301", "\u200B", "\u00A9", "\U0001F600", "\u00A0", "\u3000", "\u2028",      "\x1c",    "\t",
      "\n",     " ",      "  ",     "http://",    "www.",   ".com",   "example.com", "8.8.8.8", "10.0.0.1",
      ":80",    "user@",  "Mr.",    "e.g.",       "U.S.",   "p.m.",   ":)",          ":-(",     "8)",
      "<3",     "o.O",    "^_^",    "cannot",     "gonna",  "wanna",  "d'ye",        "more'n",  "xD",
      "10am",   "12p.m.", "y'all",  "c'mon",      "C++",    "\\n",    "\u0660",      "\u0964"};
  std::string text;
  const size_t count = 1 + random() % 60;
  for (size_t i = 0; i < count; ++i) {
    text += pieces[random() % pieces.size()];
    if (random() % 4 == 0) text += ' ';
  }
  return text;
}

TEST(WordsReference, RandomStrings) {
  FTOK_NEEDS_PEERS();
  testing::TemporaryFolder folder;
  const std::string path = folder / "texts.jsonl";
  {
    std::ofstream out(path);
    std::mt19937 random(20240522);
    for (int i = 0; i < 20000; ++i) {
      std::string line = "{\"text\":";
      append_json_string(line, random_text(random));
      out << line << "}\n";
    }
  }
  expect_like_reference(path);
}

TEST(WordsReference, EveryCodePoint) {
  FTOK_NEEDS_PEERS();
  testing::TemporaryFolder folder;
  const std::string path = folder / "texts.jsonl";
  {
    std::ofstream out(path);
    for (char32_t first = 0x20; first < 0x110000; first += 64) {
      if (first >= 0xD800 && first < 0xE000) continue;
      std::string text;
      for (char32_t c = first; c < first + 64; ++c) {
        if (category_of(c) == Category::kCn) continue;  // which are assigned is the Unicode version's matter
        for (const char* around : {" ", "a", "1", "A", "."}) {
          text += around;
          append_utf8(text, c);
          text += around;
        }
      }
      std::string line = "{\"text\":";
      append_json_string(line, text);
      out << line << "}\n";
    }
  }
  expect_like_reference(path);
}

TEST(WordsReference, RealText) {
  FTOK_NEEDS_PEERS();
  const fs::path texts = peers() / "text/c4_1000.jsonl";
  if (!fs::exists(texts)) GTEST_SKIP() << "needs " << texts;
  expect_like_reference(texts);
}

}  // namespace
}  // namespace ftok
