// make_source: formats told from content, one item a record, every skip kind and drop reason.
#include "crawl/source.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/crawl/archive_builder.h"

namespace ftok {
namespace {

using testing::gzip;
using testing::http_response;
using testing::read_items;
using testing::ReadItems;
using testing::reasons;
using testing::warc_record;
using testing::zstd;
using Strings = std::vector<std::string>;

TEST(MakeSource, EveryKindOfRecord) {
  const std::string page = http_response("Content-Type: text/html\r\n", "<p>x");
  const std::string archive =
      warc_record("warcinfo", "software: x\r\n") + warc_record("request", "GET / HTTP/1.1\r\n\r\n") +
      warc_record("response", page) + warc_record("metadata", "a: b") + warc_record("revisit", page) +
      warc_record("resource", "x", "http://a/", {}, "text/html") + warc_record("continuation", "x") +
      warc_record("response", "x", "dns:a", {}, "text/dns") +
      warc_record("conversion", "<p>", "http://a/", {}, "text/html") +
      warc_record("conversion", "the text", "http://a/", {}, "text/plain") + warc_record("novelty", "x");
  const ReadItems read = read_items(archive);
  EXPECT_EQ(reasons(read), (Strings{"warcinfo", "request", "", "metadata", "revisit", "resource", "continuation",
                                    "not_http", "conversion", "", "unknown_type"}));
  for (const Item& item : read.items) EXPECT_NE(item.verdict.kind, Verdict::Kind::kDrop);
  const Document& response = read.items[2].document;
  EXPECT_EQ(response.payload, page);
  EXPECT_EQ(response.id, "urn:uuid:response-" + std::to_string(page.size()));
  EXPECT_EQ(response.url, "http://example.com/");
  EXPECT_EQ(response.date, "2024-05-23T00:00:00Z");
  EXPECT_EQ(response.file_path, "memory");
  EXPECT_EQ(response.text, "");
  const Document& conversion = read.items[9].document;
  EXPECT_EQ(conversion.text, "the text");
  EXPECT_EQ(conversion.payload, "");
}

TEST(MakeSource, DamagedResponsesAreDropsAndOthersAreReported) {
  const std::string page = http_response("Content-Type: text/html\r\n", "<p>x");
  SourceOptions options;
  options.record_bytes_max = 100;
  const ReadItems read = read_items(
      warc_record("response", page, "http://a/", "7000000") + warc_record("response", page, "http://a/", "99") +
          warc_record("request", "GET / HTTP/1.1\r\n\r\n", "http://a/", "99") +
          warc_record("response", page + std::string(100, 'x')) + warc_record("response", page),
      options);
  EXPECT_EQ(reasons(read), (Strings{"warc.too_large", "warc.damaged", "request", "warc.too_large", ""}));
  EXPECT_EQ(read.damage, (Strings{"warc.bad_length"}));
}

TEST(MakeSource, ALineWithoutTextNamesItsKeys) {
  const auto detail_of = [](const std::string& line) {
    return read_items(line + "\n{\"text\":\"t\"}\n").items[0].verdict.detail;
  };
  EXPECT_EQ(detail_of("{}"), "no string under \"text\"; the keys are none");
  EXPECT_EQ(detail_of(R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1})"),
            "no string under \"text\"; the keys are a, b, c, d, e, f, g, h");
  EXPECT_EQ(detail_of(R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1})"),
            "no string under \"text\"; the keys are a, b, c, d, e, f, g, h, ...");
  const std::string longest(32, 'k');
  EXPECT_EQ(detail_of("{\"" + longest + "\":1}"), "no string under \"text\"; the keys are " + longest);
  EXPECT_EQ(detail_of("{\"" + longest + "more\":1}"), "no string under \"text\"; the keys are " + longest);
  const std::string accents = longest.substr(1) + "\u00e9";  // its last character would be cut in two
  EXPECT_EQ(detail_of("{\"" + accents + "\":1}"), "no string under \"text\"; the keys are " + longest.substr(1));
  EXPECT_EQ(detail_of(R"({"two\nlines":1})"), "no string under \"text\"; the keys are two?lines");
}

TEST(MakeSource, JsonLines) {
  const std::string lines =
      "{\"text\":\"one\\u00e9\",\"id\":\"a\",\"url\":\"http://a/"
      "\",\"date\":\"d\",\"language\":\"en\",\"language_score\":0.5}\n"
      "\n"
      "{\"id\":7,\"text\":\"two\"}\r\n"
      "{\"text\":3}\n"
      "{\"text\":\"unterminated\n"
      "[1]\n"
      "{\"text\":\"bad \xFF utf-8\"}\n"
      "{\"text\":\"last\"}";
  for (const std::string& bytes : {lines, gzip(lines), zstd(lines)}) {
    const ReadItems read = read_items(bytes);
    ASSERT_EQ(reasons(read), (Strings{"", "", "text.no_text", "text.bad_json", "text.bad_json", "", ""}));
    EXPECT_EQ(read.items[2].verdict.detail, "no string under \"text\"; the keys are text");
    EXPECT_EQ(read.items[0].document.text, "oneé");
    EXPECT_EQ(read.items[0].document.id, "a");
    EXPECT_EQ(read.items[0].document.url, "http://a/");
    EXPECT_EQ(read.items[0].document.language, "en");
    EXPECT_EQ(read.items[0].document.language_score, 0.5);
    EXPECT_EQ(read.items[1].document.id, "7");
    EXPECT_EQ(read.items[5].document.text, "bad \xEF\xBF\xBD utf-8");
    EXPECT_EQ(read.items[5].document.replacements, 1U);
    EXPECT_EQ(read.items[6].document.text, "last");
    EXPECT_EQ(read.items[6].document.id, "memory:8");
  }
}

// Whatever an id is, it is the document's; a row's number stands only where there is none.
TEST(MakeSource, IdsOfLinesAreThoseGiven) {
  const auto id_of = [](const std::string& id) {
    return read_items("{\"text\":\"t\",\"id\":" + id + "}\n").items[0].document.id;
  };
  for (const std::string number : {"0", "-7", "9223372036854775807", "9223372036854775808", "18446744073709551615",
                                   "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "-0", "0.0",
                                   "123456789012345678901234567890", "1.50", "1e400", "-0.5"})
    EXPECT_EQ(id_of(number), number);
  EXPECT_EQ(id_of("true"), "true");
  EXPECT_EQ(id_of(R"({ "$oid" : "5f 1" })"), R"({"$oid":"5f 1"})");
  EXPECT_EQ(id_of("[1, 2]"), "[1,2]");
  EXPECT_EQ(id_of("\"null\""), "null");
  EXPECT_EQ(id_of("null"), "memory:1");
  EXPECT_EQ(id_of("null,\"n\":123456789012345678901234567890"), "memory:1");
}

// As Python and JavaScript have it.
TEST(MakeSource, TheLastOfAKeyThatStandsTwiceCounts) {
  const ReadItems read = read_items(
      "{\"text\":\"a\",\"id\":\"1\",\"text\":\"b\",\"id\":\"2\"}\n{\"id\":1,\"text\":\"c\",\"id\":1.5}\n"
      "{\"text\":\"d\",\"text\":null}\n{\"id\":\"1\",\"text\":\"e\",\"id\":null}\n");
  EXPECT_EQ(reasons(read), (Strings{"", "", "text.no_text", ""}));
  EXPECT_EQ(read.items[0].document.text, "b");
  EXPECT_EQ(read.items[0].document.id, "2");
  EXPECT_EQ(read.items[1].document.id, "1.5");
  EXPECT_EQ(read.items[3].document.id, "memory:4");
}

// Half of a surrogate pair is what json.dumps writes of an emoji that was cut in two.
TEST(MakeSource, HalfASurrogatePairIsReplacedAndDropsNothing) {
  const ReadItems read = read_items(R"({"text":"hello","id":"g","x":"\ud83d"})"
                                    "\n"
                                    R"({"text":"cut \ud83d","id":"\ude00\ud83d\ude00"})"
                                    "\n"
                                    R"({"text":"\\ud83d"})"
                                    "\n"
                                    R"({"text":"\ud83"})"
                                    "\n");
  EXPECT_EQ(reasons(read), (Strings{"", "", "", "text.bad_json"}));
  EXPECT_EQ(read.items[0].document.text, "hello");
  EXPECT_EQ(read.items[1].document.text, "cut \uFFFD");
  EXPECT_EQ(read.items[1].document.id, "\uFFFD\U0001F600");
  EXPECT_EQ(read.items[2].document.text, "\\ud83d");
}

TEST(MakeSource, AFieldNobodyReadsMayBeNestedDeeply) {
  const auto line = [](size_t depth) {
    return "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + ",\"text\":\"t\"}\n";
  };
  EXPECT_EQ(reasons(read_items(line(2000) + line(8000) + line(9000) + line(1))),
            (Strings{"", "", "text.bad_json", ""}));
}

TEST(MakeSource, JsonKeysAndLimits) {
  SourceOptions options;
  options.text_key = "content";
  options.id_key = "name";
  options.record_bytes_max = 40;
  const std::string fits = "{\"content\":\"" + std::string(12, 'x') + "\",\"name\":\"n\"}";  // 37 bytes
  const std::string longer = "{\"content\":\"" + std::string(16, 'x') + "\",\"name\":\"n\"}";
  ASSERT_EQ(fits.size() + 4, longer.size());
  const ReadItems read = read_items(fits + "\n" + longer + "\n" + fits + "\n", options);
  EXPECT_EQ(reasons(read), (Strings{"", "text.too_large", ""}));
  EXPECT_EQ(read.items[2].document.id, "n");
}

TEST(MakeSource, DamagedCompressedLines) {
  const std::string lines = "{\"text\":\"one\"}\n{\"text\":\"two\"}\n";
  std::string cut = gzip(lines);
  cut.resize(cut.size() - 9);
  const ReadItems read = read_items(cut);
  ASSERT_FALSE(read.items.empty());
  EXPECT_EQ(read.items.back().verdict.reason, "text.damaged");
  EXPECT_EQ(read.damage, (Strings{"gzip.truncated"}));
}

// Of a broken member the last line goes, whole or not; the member after it begins with a line of its own.
TEST(MakeSource, LinesBehindADamagedMember) {
  std::string broken = gzip("{\"text\":\"one\"}\n{\"text\":\"two\"}\n");
  broken[broken.size() - 6] ^= 1;  // the check
  const std::string sound = gzip("{\"text\":\"three\"}\n{\"text\":\"four\"}\n");
  EXPECT_EQ(reasons(read_items(broken + sound)), (Strings{"", "text.damaged", "", ""}));
  std::string half = gzip("{\"text\":\"one\"}\n{\"text\":\"tw");
  half[half.size() - 6] ^= 1;
  const ReadItems read = read_items(half + sound);
  ASSERT_EQ(reasons(read), (Strings{"", "text.damaged", "", ""}));
  EXPECT_EQ(read.items[2].document.text, "three");
}

TEST(MakeSource, PlainText) {
  SourceOptions options;
  options.file_path = "books/a.txt";
  const ReadItems read = read_items("\xEF\xBB\xBFOne.\r\nTwo.\n", options);
  ASSERT_EQ(reasons(read), (Strings{""}));
  EXPECT_EQ(read.items[0].document.text, "One.\nTwo.\n");
  EXPECT_EQ(read.items[0].document.id, "books/a.txt");
  options.record_bytes_max = 3;
  EXPECT_EQ(reasons(read_items("One.", options)), (Strings{"text.too_large"}));
  EXPECT_EQ(reasons(read_items("One", options)), (Strings{""}));
}

TEST(MakeSource, TellsTheFormatFromTheContent) {
  EXPECT_EQ(read_items("").items.size(), 0U);
  EXPECT_EQ(read_items(gzip("")).items.size(), 0U);
  EXPECT_EQ(read_items(testing::small_archive(true), {}, "named.jsonl").items.size(), 3U);
  EXPECT_EQ(read_items("{\"text\":\"x\"}", {}, "named.txt").items[0].document.text, "x");
  EXPECT_THROW(read_items(std::string("\x00\x01\x02", 3)), Error);
  EXPECT_THROW(read_items("<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>", {}, "https://a/CC.warc.gz?x=1"),
               Error);
  EXPECT_EQ(read_items("rubbish at the start\n" + testing::small_archive(false), {}, "a.warc").items.size(), 3U);
  EXPECT_THROW(read_items(gzip("crawl-data/CC-MAIN-2024-22/a.warc.gz\n"), {}, "warc.paths.warc.gz"), Error);
  EXPECT_THROW(read_items("\x04\x22\x4D\x18 lz4", {}, "a.warc.lz4"), Error);
  SourceOptions options;
  options.format = "html";
  EXPECT_THROW(read_items("x", options), UsageError);
}

TEST(MakeSource, DumpOfAPath) {
  EXPECT_EQ(dump_of("s3://commoncrawl/crawl-data/CC-MAIN-2024-22/segments/1/warc/CC-MAIN-20240517210055-00000.warc.gz"),
            "CC-MAIN-2024-22");
  EXPECT_EQ(dump_of("CC-MAIN-20240517210055-00000.warc.gz"), "");
  EXPECT_EQ(dump_of("CC-MAIN-2024-221"), "");
  EXPECT_EQ(dump_of("/data/x.warc"), "");
  SourceOptions options;
  options.file_path = "a/CC-MAIN-2013-20/b.warc";
  EXPECT_EQ(read_items(testing::small_archive(false), options).items[0].document.dump, "CC-MAIN-2013-20");
}

}  // namespace
}  // namespace ftok
