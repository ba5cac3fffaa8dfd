#include "core/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace ftok {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string number(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

TEST(JsonString, EscapesWhatJsonAsks) {
  EXPECT_EQ(quoted("a\"b\\c\n\r\t\x01\x1f"), R"("a\"b\\c\n\r\t\u0001\u001f")");
  EXPECT_EQ(quoted("é👍"), "\"é👍\"");
}

TEST(JsonString, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(quoted("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\"");
}

TEST(JsonNumber, IsShortAndExact) {
  EXPECT_EQ(number(0.65), "0.65");
  EXPECT_EQ(number(-0.0), "0");
  EXPECT_EQ(number(100000), "100000");
  EXPECT_EQ(number(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonWriter, NestsCompactAndIndented) {
  const auto build = [](bool indented) {
    JsonWriter json(indented);
    json.begin_object()
        .field("a", uint64_t{1})
        .key("b")
        .begin_array()
        .value("x")
        .value(true)
        .begin_object()
        .end_object();
    json.end_array().key("c").null().end_object();
    return json.take();
  };
  EXPECT_EQ(build(false), R"({"a":1,"b":["x",true,{}],"c":null})");
  EXPECT_EQ(build(true), "{\n  \"a\": 1,\n  \"b\": [\n    \"x\",\n    true,\n    {}\n  ],\n  \"c\": null\n}");
}

}  // namespace
}  // namespace ftok
