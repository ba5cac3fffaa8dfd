#include "core/reason.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace ftok {
namespace {

TEST(Reason, ALiteralIsItsOwnString) {
  constexpr Reason reason = "c4.curly_bracket";
  EXPECT_EQ(reason, "c4.curly_bracket");
  EXPECT_EQ(reason.view(), "c4.curly_bracket");
  EXPECT_FALSE(reason.empty());
  EXPECT_TRUE(Reason().empty());
  EXPECT_EQ(Reason(), "");
  EXPECT_FALSE(reason == "c4.curly");
}

TEST(Reason, AnInternedNameIsEqualToALiteralAndKeptOnce) {
  const std::string made = std::string("toxicity") + ".low_score";
  const std::optional<Reason> first = Reason::intern(made), second = Reason::intern("toxicity.low_score");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->c_str(), second->c_str());
  EXPECT_NE(first->c_str(), made.c_str());
  EXPECT_EQ(*first, Reason("toxicity.low_score"));
}

TEST(Reason, RefusesWhatIsNotAName) {
  EXPECT_TRUE(Reason::intern("!"));
  EXPECT_TRUE(Reason::intern("~"));
  EXPECT_TRUE(Reason::intern(std::string(Reason::kBytesMax, 'a')));
  for (const std::string& bad :
       {std::string(), std::string(Reason::kBytesMax + 1, 'a'), std::string("two words"), std::string("line\n"),
        std::string("\x7F"), std::string("a\0b", 3), std::string("é")}) {
    EXPECT_FALSE(Reason::intern(bad)) << bad;
  }
}

TEST(Reason, ThreadsGetTheSameStrings) {
  std::vector<std::vector<const char*>> found(4);
  std::vector<std::thread> threads;
  for (auto& own : found) {
    threads.emplace_back([&own] {
      for (int i = 0; i < 100; ++i) own.push_back(Reason::intern("thread." + std::to_string(i))->c_str());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& own : found) EXPECT_EQ(own, found[0]);
}

// Last in this file: it leaves no room for more names in this process.
TEST(Reason, TheNumberOfNamesIsBounded) {
  size_t interned = 0;
  while (interned <= Reason::kInternedMax && Reason::intern("many." + std::to_string(interned))) ++interned;
  EXPECT_LE(interned, Reason::kInternedMax);
  EXPECT_FALSE(Reason::intern("one.more"));
  EXPECT_TRUE(Reason::intern("many.0"));
}

}  // namespace
}  // namespace ftok
