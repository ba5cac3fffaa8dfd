#include "tests/extract/parser_bounds.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "extract/parser.h"
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
  std::printf("%zu hostile pages, %zu ended by a cap: at most %.1f steps and %.1f bytes of memory a byte\n", count, ended, steps_max,
              arena_max);
}

}  // namespace ftok::testing
