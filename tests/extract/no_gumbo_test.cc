// A build without gumbo: the test links no_gumbo.cc itself, before the library, so that it has no gumbo in any build.
#include <gtest/gtest.h>

#include "core/error.h"
#include "extract/extract_stage.h"
#include "extract/html/gumbo_parser.h"

namespace ftok {
namespace {

TEST(NoGumbo, IsRefusedInOneLine) {
  ASSERT_FALSE(html::has_gumbo());
  ExtractOptions options;
  options.html_parser = "gumbo";
  const std::string expected =
      "extract.html_parser: gumbo is not part of this build (the CMake option FTOK_GUMBO); the parser at hand is ftok";
  try {
    const ExtractStage stage(options);
    FAIL() << "expected a UsageError";
  } catch (const UsageError& error) {
    EXPECT_EQ(error.what(), expected);
  }
  EXPECT_THROW(extract("<p>text", options), UsageError);
}

TEST(NoGumbo, LeavesOurParser) {
  const ExtractStage stage{ExtractOptions()};
  Document document;
  document.html = "<p>The people of the town have long lived with the river, and in the evening they speak of it.";
  EXPECT_TRUE(stage.process(document).kept());
}

}  // namespace
}  // namespace ftok
