#include "tests/extract/parser_bounds.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "extract/content/blocks.h"
#include "extract/extract.h"
#include "extract/html/parser.h"
#include "tools/bench/hostile_html.h"

namespace ftok::testing {

void expect_bounded(const std::vector<size_t>& sizes) {
  constexpr double kStepsPerByte = 10;  // TreeBuilder ends a page at 8 a byte and a million; reading it is one more
  constexpr double kStepsAtLeast = 1100000;
  constexpr double kArenaPerByte = 20, kArenaAtLeast = 1 << 20;
  double steps_max = 0, arena_max = 0;
  size_t ended = 0, count = 0;
  for (const bench::HostilePage& page : bench::hostile_pages()) {
    double steps_before = 0, size_before = 0;
    for (const size_t size : sizes) {
      const std::string html = page.html(size);
      html::Dom dom;
      const html::ParseResult result = html::parse_html(html, {}, dom);
      const auto bytes = static_cast<double>(html.size());
      const auto steps = static_cast<double>(result.steps), arena = static_cast<double>(result.arena_bytes);
      EXPECT_LE(steps, kStepsPerByte * bytes + kStepsAtLeast) << page.name << " " << size;
      EXPECT_LE(arena, kArenaPerByte * bytes + kArenaAtLeast) << page.name << " " << size;
      EXPECT_EQ(result.arena_bytes, dom.bytes());
      if (size_before > 0) {  // linear: twice the page, at most twice the steps
        EXPECT_LE(steps, 1.1 * steps_before * bytes / size_before + 2 * kStepsAtLeast) << page.name << " " << size;
      }
      steps_before = steps;
      size_before = bytes;
      steps_max = std::max(steps_max, steps / bytes);
      arena_max = std::max(arena_max, arena / bytes);
      ended += result.status != html::ParseStatus::kDone;
      ++count;
    }
  }
  std::printf("%zu hostile pages, %zu ended by a cap: at most %.1f steps and %.1f bytes of memory a byte\n", count,
              ended, steps_max, arena_max);
}

void expect_extraction_bounded(const std::vector<size_t>& sizes) {
  constexpr double kStepsPerByte =
      14;  // the parser's ten; then each node is seen by three walks at most, each byte of text once
  constexpr double kStepsAtLeast = 1200000;
  constexpr double kArenaPerByte = 20, kArenaAtLeast = 1 << 20;
  constexpr double kBlockBytesPerByte = 6;  // text, names of boxes and marks, in lists that double
  constexpr double kBlockBytesAtLeast =
      2.0 * (html::kBlocksMax * sizeof(html::Block) + html::kContainersMax * sizeof(html::Container));
  double steps_max = 0, blocks_max = 0, block_bytes_max = 0;
  for (const bench::HostilePage& page : bench::hostile_pages()) {
    double steps_before = 0, size_before = 0;
    for (const size_t size : sizes) {
      const std::string html = page.html(size);
      const ExtractResult result = extract(html, {});
      const auto bytes = static_cast<double>(html.size()), steps = static_cast<double>(result.steps);
      EXPECT_LE(steps, kStepsPerByte * bytes + kStepsAtLeast) << page.name << " " << size;
      EXPECT_LE(static_cast<double>(result.arena_bytes), kArenaPerByte * bytes + kArenaAtLeast)
          << page.name << " " << size;
      EXPECT_LE(static_cast<double>(result.block_bytes), kBlockBytesPerByte * bytes + kBlockBytesAtLeast)
          << page.name << " " << size;
      EXPECT_LE(result.blocks, html::kBlocksMax) << page.name << " " << size;
      EXPECT_LE(result.containers, html::kContainersMax + 1) << page.name << " " << size;
      if (size_before > 0) {
        EXPECT_LE(steps, 1.1 * steps_before * bytes / size_before + 2 * kStepsAtLeast) << page.name << " " << size;
      }
      steps_before = steps;
      size_before = bytes;
      steps_max = std::max(steps_max, steps / bytes);
      blocks_max = std::max(blocks_max, static_cast<double>(result.blocks));
      block_bytes_max = std::max(block_bytes_max, static_cast<double>(result.block_bytes));
    }
  }
  std::printf("extraction: at most %.1f steps a byte, %.0f blocks, %.1f MB of blocks\n", steps_max, blocks_max,
              block_bytes_max / 1e6);
}

}  // namespace ftok::testing
