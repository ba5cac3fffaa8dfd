#include "core/value_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ftok {
namespace {

TEST(ValueHistogram, HoldsEachNumberInTheBinThatSurroundsIt) {
  for (const double value : {0.0, 1.0, 63.0, 64.0, 0.3, 1e-9, 1e15, -1.0, -0.3, 1e300}) {
    ValueHistogram histogram;
    histogram.add(value);
    const auto bins = histogram.bins();
    ASSERT_EQ(bins.size(), 1U);
    EXPECT_EQ(bins[0].count, 1U);
    EXPECT_LE(bins[0].low, value);
    EXPECT_GE(bins[0].high, value);
    EXPECT_LE(bins[0].high - bins[0].low, std::abs(value) / 32) << value;
  }
}

TEST(ValueHistogram, TellsWholeNumbersBelow64Apart) {
  ValueHistogram histogram;
  for (int i = 0; i < 64; ++i) histogram.add(i);
  EXPECT_EQ(histogram.bins().size(), 64U);
  histogram.add(64);
  histogram.add(65);  // with 64
  EXPECT_EQ(histogram.bins().size(), 65U);
}

TEST(ValueHistogram, IsAscendingWhateverTheOrder) {
  ValueHistogram forward, backward;
  for (int i = -500; i <= 500; ++i) forward.add(i * 0.01), backward.add(-i * 0.01);
  const auto a = forward.bins(), b = backward.bins();
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].low, b[i].low);
    EXPECT_EQ(a[i].count, b[i].count);
    if (i > 0) EXPECT_GE(a[i].low, a[i - 1].high);
  }
  EXPECT_EQ(forward.count(), 1001U);
}

TEST(ValueHistogram, LeavesOutWhatIsNoNumber) {
  ValueHistogram histogram;
  histogram.add(std::numeric_limits<double>::quiet_NaN());
  histogram.add(std::numeric_limits<double>::infinity());
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_TRUE(histogram.bins().empty());
}

}  // namespace
}  // namespace ftok
