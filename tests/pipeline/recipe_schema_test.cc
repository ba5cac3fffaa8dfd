#include "pipeline/recipe_schema.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <sstream>

#include "pipeline/recipe_config.h"
#include "pipeline/stage_kinds.h"

namespace ftok {
namespace {

class Schema : public ::testing::Test {
 protected:
  Schema() : text_(recipe_schema()), root_(parser_.parse(text_)) {}

  // The schema of a section's key; an error where there is none.
  auto key(std::string_view section, std::string_view name) const {
    const simdjson::dom::element properties = root_["properties"];
    return section.empty() ? properties[name] : properties[section]["properties"][name];
  }
  static std::string text_of(const simdjson::dom::element& element) { return simdjson::minify(element); }

  simdjson::dom::parser parser_;
  std::string text_;
  simdjson::dom::element root_;
};

TEST_F(Schema, HasEveryKeyOfARecipeAndItsDefault) {
  std::istringstream lines(recipe_text(load_recipe("fineweb-2024-04", {}), false));
  std::string section;
  size_t keys = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('[')) section = line.substr(1, line.size() - 2);
    const size_t equals = line.find(" = ");
    if (line.starts_with('[') || equals == std::string::npos) continue;
    const auto found = key(section, line.substr(0, equals));
    ASSERT_EQ(found.error(), simdjson::SUCCESS) << section << "." << line;
    EXPECT_EQ(found["description"].error(), simdjson::SUCCESS) << line;
    EXPECT_TRUE(found["type"].error() == simdjson::SUCCESS || found["enum"].error() == simdjson::SUCCESS) << line;
    ++keys;
  }
  EXPECT_GT(keys, 100u);
  EXPECT_EQ(text_of(key("shards", "format")["default"].value()), "\"llmc\"");
  EXPECT_EQ(text_of(key("gopher_quality", "words_min")["default"].value()), "50");
}

TEST_F(Schema, TypesAreWhatTheReaderTakes) {
  EXPECT_EQ(text_of(key("shards", "shard_tokens")["type"].value()), R"(["integer","string"])");  // "100M"
  EXPECT_EQ(text_of(key("shards", "end_of_text")["enum"].value()), R"(["auto","before","after","none"])");
  EXPECT_EQ(text_of(key("", "stages")["items"].value()), R"({"type":"string"})");
  EXPECT_EQ(text_of(key("language", "languages")["additionalProperties"].value()), R"({"type":"number"})");
  for (const StageKind* kind : stage_kinds()) {
    EXPECT_EQ(text_of(root_["properties"][kind->name]["additionalProperties"].value()), "false") << kind->name;
  }
}

TEST_F(Schema, ASectionOfAnotherNameSaysItsKind) {
  size_t kinds = 0;
  for (const simdjson::dom::element each : root_["additionalProperties"]["oneOf"].get_array()) {
    const std::string_view kind = each["properties"]["kind"]["const"].get_string().value();
    EXPECT_NE(find_stage_kind(kind), nullptr) << kind;
    EXPECT_EQ(text_of(each["required"].value()), R"(["kind"])");
    ++kinds;
  }
  EXPECT_EQ(kinds, stage_kinds().size() - 1);  // deduplication has one name
}

}  // namespace
}  // namespace ftok
