// Times as dolma writes them.
#include "shards/text_line.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(DolmaTime, IsInUtc) {
  EXPECT_EQ(dolma_time("2024-05-18T01:02:03Z"), "2024-05-18T01:02:03.000Z");
  EXPECT_EQ(dolma_time("2024-05-18 01:02:03"), "2024-05-18T01:02:03.000Z");
  EXPECT_EQ(dolma_time("2024-05-18T01:02:03.456Z"), "2024-05-18T01:02:03.000Z");
  EXPECT_EQ(dolma_time("2024-05-18T01:02:03.456"), "2024-05-18T01:02:03.000Z");
  EXPECT_EQ(dolma_time("2024-05-18T01:02"), "2024-05-18T01:02:00.000Z");
  EXPECT_EQ(dolma_time("2024-05-18"), "2024-05-18T00:00:00.000Z");
  EXPECT_EQ(dolma_time("2024-03-01T01:30:00+02:00"), "2024-02-29T23:30:00.000Z");
  EXPECT_EQ(dolma_time("2023-12-31T23:30:00-0130"), "2024-01-01T01:00:00.000Z");
  EXPECT_EQ(dolma_time("2024-05-18T01:02:03+02"), "2024-05-17T23:02:03.000Z");
  EXPECT_EQ(dolma_time("2016-12-31T23:59:60Z"), "2016-12-31T23:59:59.000Z");  // a leap second
}

TEST(DolmaTime, IsNoneWhereThereIsNone) {
  for (const char* const text : {"", "2024", "2024-05", "18.05.2024", "2024-13-01", "2023-02-29", "2024-05-18T24:00:00",
                                 "2024-05-18T01:60", "2024-05-18T01", "2024-05-18T01:02:61Z", "2024-05-18T01:02:03 CET",
                                 "2024-05-18T01:02:03+2:00", "2024-05-18T01:02:03+25:00", "2024-05-18X01:02:03",
                                 "2024-05-18T01:02:03Zx", "0000-01-01T00:00:00+01:00", "x2024-05-18"}) {
    EXPECT_EQ(dolma_time(text), "") << text;
  }
}

}  // namespace
}  // namespace ftok
