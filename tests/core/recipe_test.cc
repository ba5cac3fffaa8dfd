#include "core/recipe.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace ftok {
namespace {

struct Example {
  bool on = true;
  int64_t words_min = 50;
  int64_t html_bytes = 10;
  double ratio = 0.5;
  std::string mode = "balanced";
  std::vector<std::string> lists;
  std::map<std::string, double> languages{{"en", 0.65}};

  void visit(OptionVisitor& visitor) {
    visitor.field("on", on, "whether");
    visitor.field("words_min", words_min, "fewest words");
    visitor.field("html_bytes", html_bytes, "most bytes");
    visitor.field("ratio", ratio, "a share");
    visitor.choice("mode", mode, {"balanced", "precision"}, "how");
    visitor.field("lists", lists, "files");
    visitor.field("languages", languages, "thresholds");
  }
};

std::string refusal(std::string_view toml, std::string_view set = "") {
  try {
    RecipeReader reader(toml, "r.toml");
    if (!set.empty()) reader.set(set);
    Example example;
    reader.section("c4", example);
    reader.finish();
  } catch (const UsageError& error) {
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  return "";
}

TEST(RecipeReader, ReadsEveryTypeAndKeepsDefaults) {
  RecipeReader reader(
      "[c4]\non=false\nwords_min='2K'\nhtml_bytes='2K'\nmode='precision'\nlists=['a','b']\nlanguages={de=1}\n", "r");
  Example example;
  reader.section("c4", example);
  reader.finish();
  EXPECT_FALSE(example.on);
  EXPECT_EQ(example.words_min, 2000);
  EXPECT_EQ(example.html_bytes, 2048);
  EXPECT_EQ(example.ratio, 0.5);
  EXPECT_EQ(example.mode, "precision");
  EXPECT_EQ(example.lists, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(example.languages, (std::map<std::string, double>{{"de", 1.0}}));
}

TEST(RecipeReader, NamesEveryMistake) {
  EXPECT_EQ(refusal("[c4]\nword_min = 3"),
            "recipe r.toml, line 2: unknown key 'c4.word_min'; the nearest valid one is 'words_min'");
  EXPECT_EQ(refusal("[c5]\nx = 3"), "recipe r.toml, line 1: unknown key 'c5'; the nearest valid one is 'c4'");
  EXPECT_EQ(refusal("[c4]\non = 3"), "recipe r.toml, line 2: c4.on: got 3, expected true or false");
  EXPECT_EQ(refusal("[c4]\nwords_min = -1"),
            "recipe r.toml, line 2: c4.words_min: got -1, expected an integer of at least 0");
  EXPECT_EQ(refusal("[c4]\nwords_min = nan"),
            "recipe r.toml, line 2: c4.words_min: got nan, expected an integer of at least 0");
  EXPECT_EQ(refusal("[c4]\nratio = 'x'"), "recipe r.toml, line 2: c4.ratio: got a string, expected a number");
  EXPECT_EQ(refusal("[c4]\nmode = 'fast'"),
            "recipe r.toml, line 2: c4.mode: got 'fast', expected one of balanced, precision");
  EXPECT_EQ(refusal("[c4]\nlists = 'x'"), "recipe r.toml, line 2: c4.lists: got a string, expected a list of strings");
  EXPECT_EQ(refusal("[c4]\nlanguages = 0.5"),
            "recipe r.toml, line 2: c4.languages: got 0.5, expected a table of names and numbers, "
            "as in {en = 0.65}");
  EXPECT_EQ(refusal("c4 = 1"), "recipe r.toml, line 1: c4: got 1, expected a table [c4]");
  EXPECT_NE(refusal("[c4\n").find("recipe r.toml, line 1:"), std::string::npos);
}

TEST(RecipeReader, TakesIntegersForFractions) {
  for (const int64_t integer : {int64_t{3}, int64_t{-3}, int64_t{9007199254740993}, INT64_MAX, INT64_MIN + 1}) {
    RecipeReader reader(fmt::format("[c4]\nratio = {0}\nlanguages = {{en = {0}}}\n", integer), "r");
    Example example;
    reader.section("c4", example);
    EXPECT_EQ(example.ratio, static_cast<double>(integer));
    EXPECT_EQ(example.languages.at("en"), static_cast<double>(integer));
  }
}

TEST(RecipeReader, TakesAssignments) {
  EXPECT_EQ(refusal("", "c4.mode=precision"), "");
  EXPECT_EQ(refusal("[c4]\non = false", "c4.words_min=7"), "");
  EXPECT_EQ(refusal("", "c4.mod=precision"), "recipe r.toml: unknown key 'c4.mod'; the nearest valid one is 'mode'");
  EXPECT_EQ(refusal("", "c4"), "assignment 'c4': expected SECTION.KEY=VALUE");
}

TEST(RecipeWriter, WritesWhatTheReaderReads) {
  Example example;
  example.lists = {"a\"b"};
  RecipeWriter writer(true);
  writer.section("c4", example);
  EXPECT_NE(writer.text().find("# how (balanced | precision)\nmode = \"balanced\"\n"), std::string::npos);
  RecipeReader reader(writer.text(), "again");
  Example read;
  read.lists.clear();
  reader.section("c4", read);
  reader.finish();
  EXPECT_EQ(read.lists, example.lists);
  EXPECT_EQ(read.languages, example.languages);
}

TEST(RecipeDifference, NamesTheKey) {
  EXPECT_EQ(recipe_difference("a = 1\n\n[c4]\nb = 2\n", "a = 1\n\n[c4]\nb = 2\n"), "");
  EXPECT_EQ(recipe_difference("a = 1\n\n[c4]\nb = 2\n", "a = 1\n\n[c4]\nb = 3\n"), "c4.b: 2, not 3");
  // A key that only one of them has is not compared with its neighbour.
  EXPECT_EQ(recipe_difference("[s]\nb = 2\nc = 1\n", "[s]\na = 1\nb = 2\nc = 2\n"), "s.a: nothing, not 1");
  EXPECT_EQ(recipe_difference("[s]\na = 1\nb = 2\n", "[s]\nb = 2\n"), "s.a: 1, not nothing");
  EXPECT_EQ(recipe_difference("[s]\na = 1\n", "[s]\na = 1\nb = 2\n"), "s.b: nothing, not 2");
  EXPECT_EQ(recipe_difference("[s]\na = 1\nb = 2\n", "[s]\na = 1\n"), "s.b: 2, not nothing");
}

TEST(ParseSize, KnowsBytesAndCounts) {
  EXPECT_EQ(parse_size("64", true, "--memory"), 64);
  EXPECT_EQ(parse_size("1.5G", true, "--memory"), 1610612736);
  EXPECT_EQ(parse_size("100M", false, "--shard-tokens"), 100000000);
  EXPECT_EQ(parse_size("0.", true, "--memory"), 0);
  EXPECT_EQ(parse_size("00.5k", false, "--documents"), 500);
  EXPECT_EQ(parse_size("0." + std::string(31, '9'), false, "--documents"), 1);
  EXPECT_THROW(parse_size("0." + std::string(32, '9'), false, "--documents"), UsageError);
  for (const char* bad : {"", "x", "-1", "1.2.3", "1KB", ".", ".K", "99999999999T"}) {
    EXPECT_THROW(parse_size(bad, true, "--memory"), UsageError) << bad;
  }
}

struct ListElement {
  int64_t from = 1;
  std::map<std::string, double> weights;
  void visit(OptionVisitor& visitor) {
    visitor.field("from", from, "first");
    visitor.field("weights", weights, "shares");
  }
};

std::vector<ListElement> stages_of(std::string_view toml) {
  RecipeReader reader(toml, "r.toml");
  std::vector<ListElement> stages;
  reader.list("mixture", "stage", stages);
  reader.finish();
  return stages;
}

TEST(Recipe, ListsOfTablesComeBackAsWritten) {
  std::vector<ListElement> stages =
      stages_of("[[mixture.stage]]\nfrom = 3\nweights = {a = 1}\n[[mixture.stage]]\nweights = {b = 0.5}\n");
  ASSERT_EQ(stages.size(), 2u);
  EXPECT_EQ(stages[0].from, 3);
  EXPECT_EQ(stages[1].from, 1);
  EXPECT_EQ(stages[1].weights.at("b"), 0.5);
  RecipeWriter writer(false);
  writer.list("mixture", "stage", stages);
  std::vector<ListElement> again = stages_of(writer.text());
  RecipeWriter second(false);
  second.list("mixture", "stage", again);
  EXPECT_EQ(writer.text(), second.text());
  EXPECT_TRUE(stages_of("").empty());
}

TEST(Recipe, ListsOfTablesNameWhatIsWrong) {
  const auto refusal_of = [](std::string_view toml) -> std::string {
    try {
      stages_of(toml);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal_of("[mixture]\nstage = 3\n").find("mixture.stage: got 3, expected tables"), std::string::npos);
  EXPECT_NE(refusal_of("[mixture]\nstage = [3]\n").find("expected tables [[mixture.stage]]"), std::string::npos);
  EXPECT_NE(refusal_of("[[mixture.stage]]\nform = 3\n").find("'mixture.stage 1.form'; the nearest valid one is 'from'"),
            std::string::npos)
      << refusal_of("[[mixture.stage]]\nform = 3\n");
  EXPECT_NE(refusal_of("[[mixture.stages]]\nfrom = 3\n").find("'stage'"), std::string::npos);
}

}  // namespace
}  // namespace ftok
