// The names of classes and ids: against their definition, and as the cache remembers them.
#include "extract/content/hints.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace ftok::html {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
char folded(char c) { return static_cast<char>(is_upper(c) ? c | 0x20 : c); }

// Each word as it ends, then the class as a whole where it has several; at most 24 of the first 400 bytes.
std::vector<uint32_t> names_by_definition(std::string_view value) {
  std::vector<uint32_t> names;
  std::string word, whole;
  size_t words = 0;
  const auto add = [&](const std::string& name) {
    if (names.size() < 24) names.push_back(hash_of_name(name));
  };
  const auto end_word = [&] {
    if (word.size() > 1) add(word.substr(0, 24));
    words += word.empty() ? 0 : 1;
    word.clear();
  };
  value = value.substr(0, 400);
  for (size_t i = 0; i <= value.size(); ++i) {
    const char c = i < value.size() ? value[i] : ' ';
    const bool is_letter = is_upper(c) || is_lower(c);
    if (!is_letter || (i > 0 && is_upper(c) && is_lower(value[i - 1]))) end_word();
    if (is_letter) word += folded(c);
    if (c == ' ' || c == '\n' || c == '\t') {
      if (words > 1 && !whole.empty()) add(whole);
      whole.clear();
      words = 0;
    } else if (!(c >= '0' && c <= '9')) {
      whole += folded(c);
    }
  }
  return names;
}

std::string some_value(std::mt19937& random) {
  static const std::string kParts[] = {"post",
                                       "Title",
                                       "entry-content",
                                       "a",
                                       " ",
                                       " ",
                                       "-",
                                       "_",
                                       "sideBar",
                                       "12",
                                       "ABC",
                                       "\n",
                                       "\xC3\xA9",
                                       "areallylongwordofmanyletters"};
  std::string value;
  for (size_t length = random() % 12; length > 0; --length) value += kParts[random() % std::size(kParts)];
  if (random() % 100 == 0) value += std::string(random() % 500, "ab -"[random() % 4]);
  return value;
}

TEST(Hints, NamesAreThoseOfTheDefinition) {
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    const std::string value = some_value(random);
    std::vector<uint32_t> names;
    hints_of(value, names);
    ASSERT_EQ(names, names_by_definition(value)) << value;
  }
}

// Values come again, others take their places, and all are forgotten when there are too many names.
TEST(Hints, TheCacheGivesWhatItWasNotAsked) {
  std::mt19937 random(4);
  std::vector<std::string> values(3000);
  for (std::string& value : values) value = some_value(random);
  HintCache cache;
  for (int i = 0; i < 60000; ++i) {
    const std::string& value = values[random() % (i % 1000 < 500 ? values.size() : 20)];
    std::vector<uint32_t> names = {7}, expected = {7};
    uint32_t hash = 0, again = 0;
    const uint16_t hints = cache.hints_of(value, names, hash);
    ASSERT_EQ(hints, hints_of(value, expected)) << value;
    ASSERT_EQ(names, expected) << value;
    names.resize(1);
    EXPECT_EQ(cache.hints_of(value, names, again), hints);
    EXPECT_EQ(names, expected);
    EXPECT_EQ(again, hash);
  }
}

}  // namespace
}  // namespace ftok::html
