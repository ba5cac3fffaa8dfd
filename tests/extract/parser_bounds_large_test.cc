#include "tests/extract/parser_bounds.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(ParserBounds, HostilePagesOfFiveMebibytes) {
  testing::expect_bounded({size_t{1} << 20, size_t{2} << 20, size_t{4} << 20, size_t{5} << 20});
}

TEST(ExtractionBounds, HostilePagesOfFiveMebibytes) {
  testing::expect_extraction_bounded({size_t{1} << 20, size_t{2} << 20, size_t{4} << 20, size_t{5} << 20});
}

}  // namespace
}  // namespace ftok
