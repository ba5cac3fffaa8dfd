// The quality filters against the slow ones on real text (label full): the 1,000 C4 documents of the test data.
#include <gtest/gtest.h>

#include "core/byte_source.h"
#include "crawl/source.h"
#include "filters/c4.h"
#include "filters/fineweb.h"
#include "filters/gopher_quality.h"
#include "filters/gopher_repetition.h"
#include "tests/filters/quality_texts.h"
#include "tests/reference/slow_filters.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

constexpr char kTexts[] = "text/c4_1000.jsonl.zst";

// Calls check(text) for every document.
template <typename Check>
size_t for_each_text(const Check& check) {
  SourceOptions options;
  options.format = "jsonl";
  const auto source = make_source(open_file_source((testing::test_data_folder() / kTexts).string()), options);
  size_t count = 0;
  for (Item item; source->next(item); item = Item()) {
    check(item.document.text);
    ++count;
    if (::testing::Test::HasFailure()) break;
  }
  return count;
}

void expect_values(const Stage& stage, const std::string& text, const testing::Values& expected) {
  const Report report = testing::measure(stage, text);
  EXPECT_EQ(report.measurements.size(), expected.size());
  for (const Measurement& m : report.measurements) {
    EXPECT_EQ(m.value, expected.at(std::string(m.rule))) << m.rule << "\n" << text.substr(0, 300);
  }
}

TEST(QualityRealText, EveryValueEqualsTheSlowFilters) {
  FTOK_NEEDS_TEST_DATA(kTexts);
  for (const bool head : {false, true}) {
    const GopherRepetition repetition(head ? GopherRepetitionOptions::head() : GopherRepetitionOptions());
    const GopherQuality quality(head ? GopherQualityOptions::head() : GopherQualityOptions());
    const C4 c4(head ? C4Options::head() : C4Options());
    const FineWeb fineweb(head ? FineWebOptions::head() : FineWebOptions());
    const size_t count = for_each_text([&](const std::string& text) {
      std::string rewritten;
      expect_values(repetition, text, testing::slow_gopher_repetition(text, head));
      expect_values(quality, text, testing::slow_gopher_quality(text, head));
      expect_values(fineweb, text, testing::slow_fineweb(text, head));
      expect_values(c4, text, testing::slow_c4(text, head, rewritten));
      Document document;
      document.text = text;
      if (c4.process(document).kept()) {
        EXPECT_EQ(document.text, rewritten);
      }
    });
    EXPECT_EQ(count, 1000u);
  }
}

}  // namespace
}  // namespace ftok
