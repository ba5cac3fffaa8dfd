#include "filters/prose.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/filters/quality_texts.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::outcome;

constexpr char kProse[] =
    "The harbour was built in the year of the great flood, and the people of the town have kept it ever since. Every "
    "morning the boats leave before it is light, and they come back in the afternoon with what they have caught. My "
    "grandfather used to say that the sea gives nothing to those who do not ask for it. I never knew what he meant "
    "until I went out with him one day in March.\n"
    "We were alone, and the wind was so strong that we could not hear each other. He showed me with his hands what had "
    "to be done. When we came home he told my mother that I would be a fisherman, and that was the end of it.";
constexpr char kList[] =
    "Home\nShop\nCart (0)\nBlue shoe 42\n$19.99\nAdd to cart\nRed shoe 42\n$21.99\nAdd to cart\nNext";

double score(const std::string& text, const std::string& model = "") {
  ProseOptions options;
  options.model = model;
  Document document;
  document.text = text;
  const double value = Prose(options).score(document);
  EXPECT_EQ(document.text, text);
  return value;
}

std::string bundled_model() { return (testing::source_folder() / "share/models/ftok-prose.ftz").string(); }

TEST(Prose, ProseScoresAboveLists) {
  for (const std::string& model : {std::string(), bundled_model()}) {
    EXPECT_GT(score(kProse, model), 0.5);
    EXPECT_LT(score(kList, model), 0.2);
    EXPECT_GE(score("", model), 0);
    EXPECT_LT(score("", model), 0.2);
  }
}

TEST(Prose, LabelsAndDropsOnlyWhereAsked) {
  ProseOptions options;
  options.model = "";
  EXPECT_EQ(outcome(Prose(options), kList), "keep");
  Document document;
  document.text = kProse;
  EXPECT_TRUE(Prose(options).process(document).kept());
  ASSERT_EQ(document.scores.size(), 1u);
  EXPECT_EQ(document.scores[0].name, "prose_score");
  const double value = document.scores[0].value;
  EXPECT_EQ(value, score(kProse));
  options.score_min = value;
  EXPECT_EQ(outcome(Prose(options), kProse), "keep");
  options.score_min = value + 1e-9;
  EXPECT_EQ(outcome(Prose(options), kProse), "prose.low_score");
  options = {"", 0, value};
  EXPECT_EQ(outcome(Prose(options), kProse), "keep");
  options.score_max = value - 1e-9;
  EXPECT_EQ(outcome(Prose(options), kProse), "prose.high_score");
  options.score_min = 1;
  EXPECT_THROW(Prose{options}, UsageError);
}

TEST(Prose, AnotherModelIsRefused) {
  ProseOptions options;
  options.model = (testing::source_folder() / "share/models/ftok-lid.ftz").string();
  EXPECT_THROW(Prose{options}, Error);
}

}  // namespace
}  // namespace ftok
