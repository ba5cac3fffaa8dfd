#include "tests/extract/parser_bounds.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/test_data.h"

namespace ftok {
namespace {

// The smallest alone under the sanitizers.
std::vector<size_t> sizes() {
  std::vector<size_t> sizes = {size_t{128} << 10, size_t{256} << 10, size_t{512} << 10};
  if (testing::kEveryNth > 1) sizes.resize(1);
  return sizes;
}

TEST(ParserBounds, HostilePages) { testing::expect_bounded(sizes()); }

TEST(ExtractionBounds, HostilePages) { testing::expect_extraction_bounded(sizes()); }

}  // namespace
}  // namespace ftok
