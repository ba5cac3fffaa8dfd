#include "core/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/json_numbers.h"

namespace ftok {
namespace {

std::string in_quotes(std::string_view text) {
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
  EXPECT_EQ(in_quotes("a\"b\\c\n\r\t\x01\x1f"), R"("a\"b\\c\n\r\t\u0001\u001f")");
  EXPECT_EQ(in_quotes("é👍"), "\"é👍\"");
}

TEST(JsonString, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(in_quotes("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(in_quotes("\xE2\x82"), "\"\xEF\xBF\xBD\"");
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

std::string without_large(std::string_view json) {
  std::string out;
  return replace_large_numbers(json, out) ? out : "";
}

TEST(JsonNumbers, ThoseBeyond64BitsAreReplacedAndNoOthers) {
  EXPECT_EQ(without_large("{\"a\":18446744073709551616,\"b\":1e-05}"), "{\"a\":null,\"b\":1e-05}");
  EXPECT_EQ(without_large("[18446744073709551615,-9223372036854775808,1.7e308,0.12345678901234567890]"), "");
  EXPECT_EQ(without_large("[-9223372036854775809,1.8e308,-1e400]"), "[null,null,null]");
  EXPECT_EQ(without_large("[\"18446744073709551616 \\\" 1e999\"]"), "");
  EXPECT_EQ(without_large("[018446744073709551616,1e,--1]"), "");  // no numbers of JSON: they stay wrong
  EXPECT_EQ(without_large("[NaN,-Infinity,Infinity,\"NaN\"]"), "[null,null,null,\"NaN\"]");
  EXPECT_EQ(without_large("[nan,Inf,\"-Infinity \\\" Infinity\"]"), "");
  EXPECT_TRUE(is_held_json_number("-0.5e3"));
  EXPECT_TRUE(is_held_json_number("18446744073709551615"));
  EXPECT_FALSE(is_held_json_number("18446744073709551616"));
  EXPECT_FALSE(is_held_json_number("0x10"));
}

}  // namespace
}  // namespace ftok
