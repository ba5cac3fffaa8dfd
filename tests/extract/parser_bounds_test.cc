#include "tests/extract/parser_bounds.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(ParserBounds, HostilePages) { testing::expect_bounded({size_t{128} << 10, size_t{256} << 10, size_t{512} << 10}); }

TEST(ExtractionBounds, HostilePages) {
  testing::expect_extraction_bounded({size_t{128} << 10, size_t{256} << 10, size_t{512} << 10});
}

}  // namespace
}  // namespace ftok
