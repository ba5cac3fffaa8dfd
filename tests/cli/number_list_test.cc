#include "tools/ftok/number_list.h"

#include <gtest/gtest.h>

namespace ftok::cli {
namespace {

std::string slow_list(const std::vector<uint32_t>& numbers, char between) {
  std::string out;
  for (const uint32_t number : numbers) {
    if (!out.empty()) out.push_back(between);
    out += std::to_string(number);
  }
  return out;
}

TEST(NumberList, WritesNumbersOfTheTableAndBeyond) {
  NumberList list(',');
  EXPECT_EQ(list.write({}), "");
  constexpr uint32_t kMax = NumberList::kTableMax;
  for (const std::vector<uint32_t>& numbers : std::vector<std::vector<uint32_t>>{{0},
                                                                                 {7, 8},
                                                                                 {9, 10, 99, 100},
                                                                                 {16, 15},
                                                                                 {65535, 65536, 0},
                                                                                 {kMax - 1},
                                                                                 {kMax, 5},
                                                                                 {1, 4294967295, 100000}}) {
    EXPECT_EQ(list.write(numbers), slow_list(numbers, ','));
  }
  EXPECT_EQ(NumberList(' ').write(std::vector<uint32_t>{kMax, kMax - 1}),
            slow_list({kMax, kMax - 1}, ' '));  // the table is not there yet
  std::vector<uint32_t> all(kMax + 2);
  for (uint32_t number = 0; number < all.size(); ++number) all[number] = number;
  EXPECT_EQ(list.write(all), slow_list(all, ','));
  all.resize(kMax);
  EXPECT_EQ(list.write(all), slow_list(all, ','));
}

}  // namespace
}  // namespace ftok::cli
