#include "core/json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <limits>

#include "core/lenient_json.h"

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

// Bytes that stand as they are are found eight at a time: every byte, at every place of three such steps.
TEST(JsonString, EveryByteAtEveryPlaceReadsBack) {
  simdjson::ondemand::parser parser;
  for (size_t place = 0; place < 24; ++place) {
    for (int byte = 0; byte < 0x80; ++byte) {
      std::string text(24, 'a');
      text[place] = static_cast<char>(byte);
      const std::string quoted = in_quotes(text);
      const bool is_plain = byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
      EXPECT_EQ(quoted == '"' + text + '"', is_plain) << byte << " at " << place;
      const simdjson::padded_string padded(quoted);
      simdjson::ondemand::document document = parser.iterate(padded);
      EXPECT_EQ(std::string_view(document.get_string()), text) << byte << " at " << place;
    }
    std::string broken(24, 'a');
    broken[place] = '\xFF';
    EXPECT_EQ(in_quotes(broken), '"' + broken.substr(0, place) + "\xEF\xBF\xBD" + broken.substr(place + 1) + '"');
  }
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
  return make_parsable(json, out) ? out : "";
}

TEST(JsonNumbers, ThoseBeyond64BitsAreReplacedAndNoOthers) {
  EXPECT_EQ(without_large("{\"a\":18446744073709551616,\"b\":1e-05}"), "{\"a\":null,\"b\":1e-05}");
  EXPECT_EQ(without_large("[18446744073709551615,-9223372036854775808,1.7e308,0.12345678901234567890]"), "");
  EXPECT_EQ(without_large("[-9223372036854775809,1.8e308,-1e400]"), "[null,null,null]");
  EXPECT_EQ(without_large("[\"18446744073709551616 \\\" 1e999\"]"), "");
  EXPECT_EQ(without_large("[018446744073709551616,1e,--1]"), "");  // no numbers of JSON: they stay wrong
  EXPECT_EQ(without_large("[NaN,-Infinity,Infinity,\"NaN\"]"), "[null,null,null,\"NaN\"]");
  std::string other;
  EXPECT_TRUE(make_parsable("[NaN,1e999,2]", other, "false"));
  EXPECT_EQ(other, "[false,false,2]");
  EXPECT_EQ(without_large("[nan,Inf,\"-Infinity \\\" Infinity\"]"), "");
  EXPECT_TRUE(is_held_json_number("-0.5e3"));
  EXPECT_TRUE(is_held_json_number("18446744073709551615"));
  EXPECT_FALSE(is_held_json_number("18446744073709551616"));
  EXPECT_FALSE(is_held_json_number("0x10"));
}

// Python's json.dumps writes half of a pair where a text was cut within an emoji.
TEST(JsonNumbers, HalvesOfSurrogatePairsAreReplacedAndPairsAreNot) {
  EXPECT_EQ(without_large(R"(["\ud83d"])"), R"(["\ufffd"])");
  EXPECT_EQ(without_large(R"(["\uDE00x\uD83D"])"), R"(["\ufffdx\ufffd"])");
  EXPECT_EQ(without_large(R"(["\ud83d\ude00\ud83d"])"), R"(["\ud83d\ude00\ufffd"])");
  EXPECT_EQ(without_large(R"(["\ud83d\ud83d\ude00"])"), R"(["\ufffd\ud83d\ude00"])");
  EXPECT_EQ(without_large(R"({"\ud83d\u0041":1})"), R"({"\ufffd\u0041":1})");
  EXPECT_EQ(without_large(R"(["\ud83d\ude00\ud7ff\ue000"])"), "");
  EXPECT_EQ(without_large(R"(["\\ud83d", "\u-123", "\ud83g"])"), "");
  EXPECT_EQ(without_large(R"(["\ud83)"), "");
  EXPECT_EQ(without_large("[\"\\"), "");
}

simdjson::error_code parsed(simdjson::dom::parser& parser, const std::string& text) {
  simdjson::dom::element root;
  std::string plain;
  return parse_json(parser, text, root, plain);
}

TEST(JsonNumbers, ValuesMayBeNestedDeeply) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  simdjson::dom::parser parser;
  EXPECT_EQ(parsed(parser, nested(2000)), simdjson::SUCCESS);
  EXPECT_EQ(parsed(parser, nested(kJsonDepthMax - 1)), simdjson::SUCCESS);
  EXPECT_EQ(parsed(parser, nested(kJsonDepthMax + 1)), simdjson::DEPTH_ERROR);
  EXPECT_NE(parsed(parser, nested(2000) + "]"), simdjson::SUCCESS);
  EXPECT_EQ(parsed(parser, "[1]"), simdjson::SUCCESS);
}

TEST(JsonNumbers, TheLastOfAKeyCounts) {
  simdjson::dom::parser parser;
  const simdjson::dom::object object = parser.parse(std::string(R"({"a":"1","b":"x","a":"2","b":3})"));
  std::string_view text;
  EXPECT_TRUE(get_last(object, "a", text));
  EXPECT_EQ(text, "2");
  EXPECT_FALSE(get_last(object, "b", text));  // the last is no text
  EXPECT_FALSE(get_last(object, "c", text));
}

}  // namespace
}  // namespace ftok
