// The vector scans against a plain loop: random bytes from small alphabets, at every length around the blocks' sizes,
// at every place within a block, with the byte looked for at every boundary.
#include "extract/html/scan.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/vector_levels.h"

namespace ftok::html {
namespace {

void note(char c, Seen& seen) {
  seen.ampersand |= c == '&';
  seen.nul |= c == '\0';
}

size_t slow_to(std::string_view text, char stop, Seen& seen) {
  size_t i = 0;
  for (; i < text.size() && text[i] != stop; ++i) note(text[i], seen);
  return i;
}

size_t slow_to_pair(std::string_view text, char a, char b, Seen& seen) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == a && i + 1 < text.size() && text[i + 1] == b) return i;
    note(text[i], seen);
  }
  return text.size();
}

size_t slow_to_either(std::string_view text, char a, char b) {
  size_t i = 0;
  while (i < text.size() && text[i] != a && text[i] != b) ++i;
  return i;
}

void expect_same(std::string_view text) {
  const auto at = [&](const char* p) { return static_cast<size_t>(p - text.data()); };
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  for (const VectorLevel level : testing::vector_levels_here()) {
    const ScanKernels& kernels = kernels_of(level);
    for (const char stop : {'<', '"', '\'', '-'}) {
      Seen expected, seen, inlined;
      const size_t place = slow_to(text, stop, expected);
      ASSERT_EQ(at(kernels.to(begin, end, stop, seen)), place) << static_cast<int>(level) << " " << text.size();
      ASSERT_EQ(at(scan_to(kernels, begin, end, stop, inlined)), place);
      for (const Seen& s : {seen, inlined}) {
        ASSERT_EQ(s.ampersand, expected.ampersand) << static_cast<int>(level) << " " << text.size();
        ASSERT_EQ(s.nul, expected.nul) << static_cast<int>(level) << " " << text.size();
      }
    }
    for (const auto& [a, b] : {std::pair{'<', '/'}, std::pair{'-', '-'}, std::pair{']', ']'}}) {
      Seen expected, seen;
      const size_t place = slow_to_pair(text, a, b, expected);
      ASSERT_EQ(at(kernels.to_pair(begin, end, a, b, seen)), place) << static_cast<int>(level) << " " << text.size();
      ASSERT_EQ(seen.ampersand, expected.ampersand);
      ASSERT_EQ(seen.nul, expected.nul);
    }
    ASSERT_EQ(at(kernels.to_either(begin, end, '<', '-')), slow_to_either(text, '<', '-'));
    ASSERT_EQ(at(kernels.to_either(begin, end, '&', '\0')), slow_to_either(text, '&', '\0'));
  }
}

TEST(Scan, RandomBytesFromSmallAlphabets) {
  std::mt19937 random(3);
  const std::string bytes("\0&<-]/\"'x\x80\xFF", 11);
  for (int round = 0; round < 20000; ++round) {
    const size_t kinds = 1 + random() % 5, size = random() % 300, rare = 1 + random() % 100;
    std::string alphabet, text(size, 'a');
    for (size_t i = 0; i < kinds; ++i) alphabet += bytes[random() % bytes.size()];
    for (char& c : text) {
      if (random() % rare == 0) c = alphabet[random() % kinds];
    }
    expect_same(text);
    expect_same(std::string_view(text).substr(std::min<size_t>(size, random() % 64)));
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Scan, EveryPlaceOfEveryByte) {
  for (size_t size = 0; size <= 200; ++size) {
    std::string text(size, 'a');
    expect_same(text);
    for (size_t i = 0; i < size; ++i) {
      for (const char c : {'<', '&', '\0', '-'}) {
        text[i] = c;
        if (i + 1 < size) text[i + 1] = c == '<' ? '/' : c;
        expect_same(text);
        text[i] = 'a';
        if (i + 1 < size) text[i + 1] = 'a';
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// What stands behind the end is not looked at.
TEST(Scan, StopsAtTheEnd) {
  for (size_t size = 0; size <= 150; ++size) {
    const std::string text = std::string(size, 'a') + "<&" + std::string(200, '\0');
    expect_same(std::string_view(text).substr(0, size));
    expect_same(std::string_view(text).substr(0, size + 1));
  }
}

}  // namespace
}  // namespace ftok::html
