#include "tests/extract/parser_bounds.h"

#include <gtest/gtest.h>

#include "tests/support/test_data.h"

namespace ftok {
namespace {

const size_t kKilobytes = testing::kEveryNth == 1 ? 128 : 32;

TEST(ParserBounds, HostilePages) { testing::expect_bounded({kKilobytes << 10, kKilobytes << 11, kKilobytes << 12}); }

TEST(ExtractionBounds, HostilePages) {
  testing::expect_extraction_bounded({kKilobytes << 10, kKilobytes << 11, kKilobytes << 12});
}

}  // namespace
}  // namespace ftok
