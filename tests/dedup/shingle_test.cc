#include "dedup/shingle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "dedup/exact.h"
#include "dedup/kernels/random_state.h"

namespace ftok {
namespace {

// NumPy 2's RandomState(seed).randint(1, 2**61 - 1, dtype=uint64, size=112), then randint(0, 2**61 - 1, ...): a[0],
// a[1], a[111], b[0], b[111].
TEST(RandomState, DrawsNumPysNumbers) {
  constexpr uint64_t kPrime = (uint64_t{1} << 61) - 1;
  const std::vector<std::vector<uint64_t>> golden = {
      {0, 900450186894289456, 1663700137427455169, 1778425994450018244, 1373900170940344459, 886307586694282554},
      {1, 775169054918279404, 1758426461858698313, 223865076026037746, 1062448801025099917, 1097409548522419201},
      {42, 2297359619001564596, 1396682528897996047, 668164788960253724, 1008993515362167465, 2171473285054116309},
      {199, 549559708116789623, 1974526210956802120, 1451145047834025045, 2094426792371272595, 1357945814059073339}};
  for (const auto& row : golden) {
    RandomState random(static_cast<uint32_t>(row[0]));
    std::vector<uint64_t> a(112), b(112);
    for (uint64_t& value : a) value = random.randint(1, kPrime);
    for (uint64_t& value : b) value = random.randint(0, kPrime);
    EXPECT_EQ((std::vector<uint64_t>{row[0], a[0], a[1], a[111], b[0], b[111]}), row);
  }
}

TEST(RandomState, StaysInSmallRanges) {
  RandomState random(5);
  EXPECT_EQ(random.randint(7, 8), 7u);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.randint(10, 13));
  EXPECT_EQ(seen, (std::set<uint64_t>{10, 11, 12}));
}

uint64_t sha1_of_word(const std::string& word) {
  ShingleOptions options;
  options.words = 1;
  options.hash = ShingleHash::kSha1;
  std::vector<uint64_t> shingles;
  make_shingles(word, options, shingles);
  return shingles.at(0);
}

std::vector<uint64_t> shingles_of(const std::string& text, ShingleWords words, UnspacedWords unspaced) {
  ShingleOptions options;
  options.word_rules = words;
  options.unspaced = unspaced;
  std::vector<uint64_t> shingles;
  make_shingles(text, options, shingles);
  return shingles;
}

TEST(Shingles, ScriptsWithoutSpaces) {
  const std::string chinese = "世界各地的水车，博物馆",
                    latin = "it's \u00E9t\u00E9 3.5 of  one\u201Ctwo\u201D \uD55C\uAD6D\uC5B4 and more";
  for (const ShingleWords words : {ShingleWords::kSpaces, ShingleWords::kNltk, ShingleWords::kSpacy}) {
    EXPECT_TRUE(shingles_of(chinese, words, UnspacedWords::kAsRules).empty());
    EXPECT_EQ(shingles_of(chinese, words, UnspacedWords::kCharacters).size(), 10u - 4);
    EXPECT_EQ(shingles_of(latin, words, UnspacedWords::kCharacters),
              shingles_of(latin, words, UnspacedWords::kAsRules));
    EXPECT_FALSE(shingles_of(latin, words, UnspacedWords::kAsRules).empty());
  }
  ShingleOptions options;
  options.words = 2;
  options.unspaced = UnspacedWords::kCharacters;
  EXPECT_EQ(shingle_strings("the 水车 turns", options), (std::vector<std::string>{"the 水", "水 车", "车 turns"}));
}

// Two long texts that differ in one character, in each of the scripts: most of their shingles are the same.
TEST(Shingles, OfTextsWithoutSpacesThatDifferInACharacter) {
  struct Script {
    const char* name;
    char32_t first, count;
    const char* between;
  };
  const auto words = UnspacedWords::kCharacters;
  for (const Script& script : {Script{"Han", 0x4E00, 2000, ""},
                               {"Kana", 0x3042, 80, ""},
                               {"Hangul", 0xAC00, 2000, ""},
                               {"Yi", 0xA000, 1000, ""},
                               {"Tibetan", 0x0F40, 8, "\u0F0B"},
                               {"Thai", 0x0E01, 40, ""},
                               {"Lao", 0x0E94, 4, ""},
                               {"Khmer", 0x1780, 30, ""},
                               {"Myanmar", 0x1000, 30, ""},
                               {"Tai Le", 0x1950, 29, ""},
                               {"New Tai Lue", 0x1980, 40, ""},
                               {"Tai Tham", 0x1A20, 50, ""},
                               {"Balinese", 0x1B05, 40, ""},
                               {"Javanese", 0xA984, 45, ""},
                               {"Tai Viet", 0xAA80, 40, ""},
                               {"Ahom", 0x11700, 26, ""},
                               {"Tangut", 0x17000, 2000, ""}}) {
    std::string one, other, parted;
    for (uint32_t i = 0, state = 1; i < 300; ++i) {
      state = state * 1664525 + 1013904223;
      append_utf8(one, script.first + (state >> 8) % script.count);
      append_utf8(other, script.first + ((state >> 8) + (i == 150 ? script.count / 2 : 0)) % script.count);
      append_utf8(parted, script.first + (state >> 8) % script.count);
      one += script.between, other += script.between, parted += script.between;
      if (i % 3 == 0) parted += "\u200B";
    }
    auto a = shingles_of(one, ShingleWords::kSpaces, words), b = shingles_of(other, ShingleWords::kSpaces, words);
    std::sort(a.begin(), a.end()), std::sort(b.begin(), b.end());
    EXPECT_GT(a.size(), 250u) << script.name;
    EXPECT_GT(exact_jaccard(a, b), 0.9) << script.name;
    EXPECT_LT(exact_jaccard(a, b), 1.0) << script.name;
    auto c = shingles_of(parted, ShingleWords::kSpaces, words);
    std::sort(c.begin(), c.end());
    if (std::string_view(script.name) != "Hangul") EXPECT_EQ(a, c) << script.name;
    EXPECT_LE(shingles_of(one, ShingleWords::kSpaces, UnspacedWords::kAsRules).size(), 1u) << script.name;
  }
}

// FIPS 180-4's examples: "abc" is A9993E36 4706816A..., the 56 letters are 84983E44 1C3BD26E..., and lengths around a
// block.
TEST(Shingles, AreSha1OnRequest) {
  EXPECT_EQ(sha1_of_word("abc"), 0x6A810647363E99A9u);
  EXPECT_EQ(sha1_of_word("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), 0x6ED23B1C443E9884u);
  // sha1(b"x" * 55), 56, 64 and 119: by hashlib
  EXPECT_EQ(sha1_of_word(std::string(55, 'x')), 0x4724A081BA34F7CEu);
  EXPECT_EQ(sha1_of_word(std::string(56, 'x')), 0x5299257C36051390u);
  EXPECT_EQ(sha1_of_word(std::string(64, 'x')), 0x549FFB7AEEA32FBBu);
  EXPECT_EQ(sha1_of_word(std::string(119, 'x')), 0x23EEF79403320043u);
}

TEST(Shingles, AreTheWordNGrams) {
  ShingleOptions options;
  EXPECT_EQ(shingle_strings("One two, three four five six.", options),
            (std::vector<std::string>{"one two three four five", "two three four five six"}));
  EXPECT_TRUE(shingle_strings("one two three four", options).empty());
  options.words = 2;
  EXPECT_EQ(shingle_strings("a \u0301 b", options), std::vector<std::string>{"a b"});
  options.words = 1;
  EXPECT_EQ(shingle_strings("a b", options), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(shingle_strings("", options).empty());
}

TEST(Shingles, FollowTheRulesForWords) {
  ShingleOptions options;
  options.words = 2;
  EXPECT_EQ(shingle_strings("I cannot go", options), (std::vector<std::string>{"i cannot", "cannot go"}));
  for (const ShingleWords rules : {ShingleWords::kNltk, ShingleWords::kSpacy}) {
    options.word_rules = rules;
    EXPECT_EQ(shingle_strings("I cannot go", options), (std::vector<std::string>{"i can", "can not", "not go"}));
  }
}

TEST(Shingles, AreHashesOfThoseStrings) {
  const std::string text = "The quick brown fox jumps over the lazy dog and runs away from 27 angry cats.";
  std::vector<uint64_t> shingles;
  ShingleOptions options;
  make_shingles(text, options, shingles);
  const auto strings = shingle_strings(text, options);
  ASSERT_EQ(shingles.size(), strings.size());
  EXPECT_EQ(std::set<uint64_t>(shingles.begin(), shingles.end()).size(), strings.size());
  options.hash = ShingleHash::kSha1;
  make_shingles(text, options, shingles);
  EXPECT_EQ(std::set<uint64_t>(shingles.begin(), shingles.end()).size(), strings.size());
  EXPECT_EQ(shingles[0], 12313522834835307089u);  // by hashlib, on datatrove's simplify_text
}

TEST(ExactJaccard, AgreesWithSets) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::set<uint64_t> a, b, both, either;
    for (uint64_t i = random() % 30; i > 0; --i) a.insert(random() % 40);
    for (uint64_t i = random() % 30; i > 0; --i) b.insert(random() % 40);
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::inserter(either, either.end()));
    const double expected = either.empty() ? 0 : static_cast<double>(both.size()) / static_cast<double>(either.size());
    EXPECT_EQ(exact_jaccard({a.begin(), a.end()}, {b.begin(), b.end()}), expected);
  }
}

TEST(ContentKey, FollowsTheText) {
  EXPECT_EQ(content_key("a"), content_hash("a").low);
  EXPECT_NE(content_key("a"), content_key("b"));
  EXPECT_NE(content_key(""), 0u);
}

}  // namespace
}  // namespace ftok
