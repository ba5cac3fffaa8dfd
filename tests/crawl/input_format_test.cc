// The table of input formats: what each is told by, on both sides of each threshold, what is refused and in which
// words, and arrays and tables read as their rows.
#include "crawl/input_format.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "tests/crawl/archive_builder.h"

namespace ftok {
namespace {

using testing::read_items;
using testing::ReadItems;
using testing::reasons;
using Strings = std::vector<std::string>;

std::string told(const std::string& bytes, const std::string& name = "input") {
  try {
    return tell_input_format(make_memory_source(bytes, name), {}).name;
  } catch (const Error& error) {
    return error.what();
  }
}

// The part of the refusal that names the format.
std::string refused(const std::string& bytes, const std::string& name = "input") {
  const std::string message = told(bytes, name);
  const size_t begin = message.find(" is "), end = message.find(", which is not read");
  return end == std::string::npos ? message : message.substr(begin + 4, end - begin - 4);
}

Strings texts(const ReadItems& read) {
  Strings all;
  for (const Item& item : read.items)
    all.push_back(item.verdict.kept() ? item.document.text : std::string(item.verdict.reason));
  return all;
}

ReadItems read_as(const std::string& format, const std::string& bytes, SourceOptions options = {}) {
  options.format = format;
  return read_items(bytes, options, "input");
}

TEST(InputFormats, AreNamedOnceAndTheLastTakesEverything) {
  Strings names;
  for (const InputFormat& format : input_formats()) names.emplace_back(format.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_STREQ(input_formats().back().name, "text");
  for (const InputFormat& format : input_formats()) EXPECT_EQ(format.is_read(), *format.advice == '\0') << format.name;
  EXPECT_EQ(input_format_names(), (Strings{"auto", "warc", "wet", "parquet", "json", "jsonl", "csv", "tsv", "text"}));
}

TEST(InputFormats, TellWhatIsRead) {
  EXPECT_EQ(told("Some text, and more of it.\nA second line.\n"), "text");
  EXPECT_EQ(told("{\"text\":\"x\"}\n"), "jsonl");
  EXPECT_EQ(told(" \n{ \"text\":\"x\"}\n"), "jsonl");
  EXPECT_EQ(told("{}\n{\"text\":\"x\"}\n"), "jsonl");
  EXPECT_EQ(told("{{Infobox}} is how this text begins\n"), "text");
  EXPECT_EQ(told("garbage\n{\"text\":\"x\"}\n", "a.jsonl.gz?"), "text");
  EXPECT_EQ(told("garbage\n{\"text\":\"x\"}\n", "a.jsonl"), "jsonl");
  EXPECT_EQ(told("[{\"text\":\"x\"}]"), "json");
  EXPECT_EQ(told("[\n  {\n    \"text\":\"x\"}]"), "json");
  EXPECT_EQ(told("[]\n"), "json");
  EXPECT_EQ(told(""), "text");
  EXPECT_EQ(told(" \n"), "text");
  EXPECT_EQ(told(" \n", "a.warc.gz"), "warc");
  EXPECT_EQ(told("<p align=\"center\">\n\n# A text in Markdown\n", "README.md"), "text");
  EXPECT_EQ(told("<!-- a note -->\n# Another\n"), "text");
  EXPECT_EQ(told("[1] Smith, On mills, 1902.\n"), "text");
  EXPECT_EQ(told("[\"Hello,\" she said]\n"), "text");
  EXPECT_EQ(told("WARC/1.0\r\n"), "warc");
  EXPECT_EQ(told(std::string("PAR1\x15\x04\0", 7)), "parquet");
  EXPECT_EQ(told("PAR1 is how this text begins\n"), "text");
  EXPECT_EQ(told("\xEF\xBB\xBF{\"text\":\"x\"}\n"), "jsonl");
  EXPECT_EQ(told("\xEF\xBB\xBF[{\"text\":\"x\"}]"), "json");
}

TEST(InputFormats, RefuseByName) {
  EXPECT_EQ(refused(std::string("ARROW1\0\0", 8)), "Arrow");
  EXPECT_EQ(refused(std::string("\xFF\xFF\xFF\xFF\x10\0\0\0", 8)), "Arrow");
  EXPECT_EQ(refused("\x80\x04\x95\x0B"), "a Python pickle");
  EXPECT_EQ(refused(std::string(257, 'a') + "ustar  " + std::string(248, 'x')), "a tar archive");
  EXPECT_EQ(refused("PK\x03\x04 and more"), "a packed archive (zip, 7z, rar)");
  EXPECT_EQ(refused("%PDF-1.7\n"), "PDF or PostScript");
  EXPECT_EQ(refused("{\\rtf1\\ansi"), "RTF");
  EXPECT_EQ(refused(std::string("\xFF\xFEh\0i\0", 6)), "text in UTF-16 or UTF-32");
  EXPECT_EQ(refused("<!DOCTYPE html>\n<p>x"), "HTML");
  EXPECT_EQ(refused("\xEF\xBB\xBF\n <HTML lang=en>"), "HTML");
  EXPECT_EQ(told("<pre-history> of the mill\n"), "text");
  EXPECT_EQ(refused("<!-- saved -->\n<!-- twice --><html>"), "HTML");
  EXPECT_EQ(told("<p>x", "page.txt"), "text");
  EXPECT_EQ(refused("<p>x", "page.HTML"), "HTML");
  EXPECT_EQ(refused("<?xml version='1.0'?><a/>"), "XML");
  EXPECT_EQ(refused("[\"a\", \"b\"]"), "a JSON array of values that are not objects");
  EXPECT_EQ(refused("[[1, 2], [3]]"), "a JSON array of values that are not objects");
  EXPECT_EQ(refused("{\n  \"text\": \"x\"\n}\n"), "one JSON object over several lines");
  EXPECT_EQ(refused("(lp0\nVa text\np1\na."), "a Python pickle");
  EXPECT_EQ(told("(lp records of the mill)\n"), "text");
  EXPECT_EQ(refused("Obj\x01\x04\x14"
                    "avro.codec"),
            "Avro");
  EXPECT_EQ(refused("%!PS-Adobe-3.0\n"), "PDF or PostScript");
  EXPECT_NE(told("<html>", "x.txt").find("x.txt is HTML, which is not read: extract its text first"),
            std::string::npos);
}

TEST(InputFormats, TellMarkupByWhatItIs) {
  EXPECT_EQ(refused("<!DOCTYPE\n html>"), "HTML");
  EXPECT_EQ(refused("<div><p>x</p></div></BODY>"), "HTML");
  EXPECT_EQ(told("<div align=center>\n\n# Markdown\n</div>\n"), "text");
  EXPECT_EQ(told("<3 is how this text begins, and so it ends </body>\n"), "text");
  EXPECT_EQ(refused("<!DOCTYPE note SYSTEM 'note.dtd'><note/>"), "XML");
  EXPECT_EQ(refused("<mediawiki xmlns=\"http://www.mediawiki.org/xml/export-0.11/\">\n"), "XML");
  EXPECT_EQ(refused("<rss version=\"2.0\">\n"), "XML");
  EXPECT_EQ(refused("<doc id=\"1\">a text</doc>", "dump.xml"), "XML");
  EXPECT_EQ(told("<doc id=\"1\">a text</doc>", "wiki_00"), "text");
}

TEST(InputFormats, TellJsonByItsSyntax) {
  const std::string values = "a JSON array of values that are not objects";
  EXPECT_EQ(refused("[[\"a\", \"b\"], [\"c\"]]"), values);
  EXPECT_EQ(refused("[\"only one\"]\n"), values);
  EXPECT_EQ(refused("[null, true, NaN]"), values);
  EXPECT_EQ(refused("[\"one text\"]\n[\"another\"]\n"), values);
  EXPECT_EQ(refused("[1, 2, 3]\n[4, 5]\n"), values);
  EXPECT_EQ(refused("[\"" + std::string(10, 'a') + "\", \"" + std::string(InputPrefix::kBytes, 'b') + "\"]"), values);
  for (const char* text : {"[1]\n", "[sic]\n", "[1] [2]\n", "[\"a\"] is an array\n", "[\"a\"] [\"b\"]\n",
                           "[1, 2] and more\n", "[one, two]\n", "[1,, 2]\n", "[1, 2}\n"}) {
    EXPECT_EQ(told(text), "text") << text;
  }
  const std::string object = "one JSON object over several lines";
  EXPECT_EQ(refused("{\"version\": 2, \"data\": [\n{\"text\": \"x\"}\n]}\n"), object);
  EXPECT_EQ(refused("{\n\"text\": \"x\"\n}\n{\n\"text\": \"y\"\n}\n"), object);
  EXPECT_EQ(told("{\"text\": \"x\", \"n\": [1, {\"a\": \"}\\\"\"}]}\n{\"text\": \"y\"}\n"), "jsonl");
  EXPECT_EQ(told("{\"text\": \"cut\n{\"text\": \"y\"}\n"), "jsonl");  // its first line is dropped by name
  EXPECT_EQ(told("{\"text\": \"x\"\n{\"text\": \"y\"}\n"), "jsonl");
  EXPECT_EQ(told("{\"text\": \"" + std::string(InputPrefix::kBytes, 'b') + "\"}\n"), "jsonl");
}

// A NUL, or more than one byte in ten that is not part of UTF-8, in the first 64 KiB.
TEST(InputFormats, RefuseBinaryData) {
  EXPECT_EQ(told(std::string(90, 'a') + std::string(10, '\xFF')), "text");
  EXPECT_EQ(refused(std::string(88, 'a') + "\x01" + std::string(11, '\xFF')), "binary data");
  EXPECT_EQ(refused(std::string(89, 'a') + std::string(11, '\xFF')), "text in another encoding than UTF-8");
  EXPECT_EQ(refused(std::string("text\0text", 9)), "binary data");
  const std::string prefix(InputPrefix::kBytes - 1, 'a');
  EXPECT_EQ(refused(prefix + std::string(1, '\0') + "a"), "binary data");
  EXPECT_EQ(told(prefix + "a" + std::string(1, '\0')), "text");
  EXPECT_EQ(told("caf\xE9 au lait, and so on in Latin-1\n"), "text");
  EXPECT_EQ(texts(read_as("text", std::string("a\0b", 3))),
            (Strings{std::string("a\0b", 3)}));  // format = text overrules
  EXPECT_EQ(texts(read_as("text", "<html>")), (Strings{"<html>"}));
  EXPECT_FALSE(is_binary("abcdefghi\xC3", false));  // cut inside a character
  EXPECT_FALSE(is_binary("abcdefghi\xC3", true));   // one in ten
  EXPECT_TRUE(is_binary("abcdefgh\xC3", true));
}

// Records of a format with counts in front of texts have both control characters and bytes that are not UTF-8.
TEST(InputFormats, RefuseCountsAndTextsInOne) {
  const auto mixed = [](size_t controls, size_t invalid, size_t bytes) {
    std::string out(bytes - controls - invalid, 'a');
    return out + std::string(controls, '\x02') + std::string(invalid, '\xA4');
  };
  EXPECT_EQ(refused(mixed(8, 8, 8 * 1024 - 1)), "binary data");
  EXPECT_EQ(told(mixed(8, 8, 8 * 1024)), "text");
  EXPECT_EQ(told(mixed(7, 90, 1024)), "text");
  EXPECT_EQ(told(mixed(50, 7, 1024)), "text");
  EXPECT_EQ(refused(mixed(52, 0, 1024)), "binary data");
  EXPECT_EQ(told(mixed(51, 0, 1024)), "text");
  EXPECT_EQ(told("\x1B[1mbold\x1B[0m\b\b\f\v\t\r\n\x1B[1m\x1B[0m\x1B[1m\x1B[0m"), "text");
}

// What was told as plain text by its beginning may go on as something else.
TEST(InputFormats, LookAtPlainTextAsItIsRead) {
  std::string text;
  while (text.size() < 80'000) text += "A line of text, as plain as they come.\n";
  std::string bytes(100'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i * 31 >> 7);
  const auto read = [](const std::string& content, const std::string& format = "auto") -> std::string {
    try {
      const ReadItems items = read_as(format, content);
      return items.items.size() == 1 ? "read" : "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(read(text), "read");
  const std::string refusal = read(text + bytes);
  EXPECT_NE(refusal.find("input is binary data, which is not read: "), std::string::npos) << refusal;
  EXPECT_EQ(read(text + bytes + text), refusal);
  EXPECT_EQ(read(testing::gzip(text + bytes)), refusal);
  EXPECT_EQ(read(text + bytes, "text"), "read");  // its bytes as they are
  EXPECT_EQ(read(text + std::string(15, '\0')), "read");
  EXPECT_EQ(read(text + std::string(16, '\0')), refusal);
  // What goes on after the first 64 KiB: at most a tenth of it, or 15 bytes, is no UTF-8.
  const auto going_on = [&](size_t more, size_t invalid) {
    return read((text + text).substr(0, (64 << 10) + more - invalid - 1) + std::string(invalid, '\xFF') + "\n");
  };
  EXPECT_EQ(going_on(10'000, 1000), "read");
  EXPECT_EQ(going_on(10'000, 1001), refusal);
  EXPECT_EQ(going_on(100, 15), "read");
  EXPECT_EQ(going_on(100, 16), refusal);
  std::string stray = text + text;
  stray[text.size() + 1000] = '\0';
  EXPECT_EQ(read(stray), "read");
}

// A column's name is written with every row. Long ones are not, unless they are the text's or the id's.
TEST(InputFormats, ALongColumnNameIsNotRepeated) {
  const std::string name(65, 'n'), shorter(64, 'n');
  const auto line_of = [](const std::string& header, const std::string& id_key) {
    SourceOptions options;
    options.format = "csv";
    options.id_key = id_key;
    const OpenedBytes opened = open_input_bytes(make_memory_source(header + ",text,x\n1,a,b\n"), options);
    std::string lines;
    while (opened.input->grow()) {
      lines += opened.input->window();
      opened.input->consume(opened.input->window().size());
    }
    return lines;
  };
  EXPECT_EQ(line_of(name, "id"), "{\"text\":\"a\",\"x\":\"b\"}\n");
  EXPECT_EQ(line_of(shorter, "id"), "{\"" + shorter + "\":\"1\",\"text\":\"a\",\"x\":\"b\"}\n");
  EXPECT_EQ(line_of(name, name), "{\"" + name + "\":\"1\",\"text\":\"a\",\"x\":\"b\"}\n");
}

TEST(InputFormats, TellTables) {
  EXPECT_EQ(told("anything at all\n", "a.csv"), "csv");
  EXPECT_EQ(told("anything at all\n", "https://host/a.TSV.gz?x=1"), "tsv");
  EXPECT_EQ(told("id,text\n1,one\n"), "csv");
  EXPECT_EQ(told("id,body\n1,one\n"), "text");  // of columns without the text's key two rows are asked for
  EXPECT_EQ(told("id,body\n1,one\n2,two\n"), "csv");
  EXPECT_EQ(told("id\ttext\n1\tone\n"), "tsv");
  EXPECT_EQ(told("id,text\n1,one,more\n"), "text");
  EXPECT_EQ(told("Roses are red, violets are blue\nSugar is sweet, and so are you\n"), "text");
  EXPECT_EQ(told("id,id\n1,2\n1,2\n"), "text");
  EXPECT_EQ(told("id;text\n1;one, two\n"), "csv");
  EXPECT_EQ(texts(read_as("auto", "id|text\n1|one; two\n")), (Strings{"one; two"}));
  EXPECT_EQ(told("id;body\n1;one\n2;two\n"), "text");  // in running text too
  EXPECT_EQ(told("id|body\n1|one\n2|two\n"), "text");
}

TEST(JsonArray, IsReadAsItsRows) {
  const ReadItems read = read_items(
      "\xEF\xBB\xBF[\n {\"text\": \"one\",\n  \"id\": \"a\"},\n {\"text\":\"t[w]o}\\\"\", \"x\":[{\"y\":[]}]}, "
      "{\"no\":1} , 7, \"s\","
      " {\"text\":\"last\"}\n]\n",
      {}, "d.json");
  EXPECT_EQ(texts(read), (Strings{"one", "t[w]o}\"", "text.no_text", "text.bad_json", "text.bad_json", "last"}));
  EXPECT_EQ(read.items[0].document.id, "a");
  EXPECT_EQ(read.items[1].document.id, "d.json:2");
  EXPECT_EQ(read.items[5].document.offset, 6u);  // the row
  EXPECT_TRUE(read.damage.empty());
  EXPECT_TRUE(read_as("json", "[]").items.empty());
}

TEST(JsonArray, NamesDamage) {
  const auto damage = [](const std::string& bytes) { return read_as("json", bytes).damage; };
  EXPECT_EQ(damage("[{\"text\":\"a\"}]"), Strings{});
  EXPECT_EQ(damage("[{\"text\":\"a\"}"), Strings{"json.unclosed_array"});
  EXPECT_EQ(damage("[{\"text\":\"a\"},{\"te"), Strings{"json.unclosed_array"});
  EXPECT_EQ(damage("[{\"text\":\"a\"}] x"), Strings{"json.garbage"});
  EXPECT_EQ(damage("[{\"text\":\"a\"} {\"text\":\"b\"}]"), Strings{"json.no_comma"});
  EXPECT_EQ(texts(read_as("json", "[{\"text\":\"a\nb\"},{\"text\":\"c\"}]")), (Strings{"text.bad_json", "c"}));
  EXPECT_EQ(texts(read_as("json", "[{\"text\":\"a\"},{\"text\":\"b")), (Strings{"a", "text.bad_json"}));
}

TEST(JsonArray, IsBoundedRowByRow) {
  SourceOptions options;
  options.record_bytes_max = 20;
  const std::string row = "{\"text\":\"12345678\"}";  // 19 bytes
  const ReadItems read = read_as(
      "json", "[" + row + "," + std::string("{\"text\":\"") + std::string(90000, 'x') + "\"}," + row + "]", options);
  EXPECT_EQ(texts(read), (Strings{"12345678", "text.too_large", "12345678"}));
}

TEST(Delimited, FollowsRfc4180) {
  const ReadItems read = read_items(
      "\xEF\xBB\xBFid,text,n\r\n1,plain,x\r\n2,\"with, comma\",\r\n3,\"a \"\"quote\"\" and\r\na line "
      "end\",y\r\n\r\n4,\"\",z\r\n5,tab\tand "
      "\\,w",
      {}, "d.csv");
  EXPECT_EQ(texts(read), (Strings{"plain", "with, comma", "a \"quote\" and\r\na line end", "", "tab\tand \\"}));
  EXPECT_EQ(read.items[0].document.id, "1");
  EXPECT_EQ(read.items[4].document.id, "5");
  EXPECT_TRUE(read.damage.empty());
}

TEST(Delimited, DropsRowsOfAnotherNumberOfFields) {
  const ReadItems read = read_as("csv", "a,text\n1,one\n2\n3,two,more\n4,three\n");
  EXPECT_EQ(texts(read), (Strings{"one", "text.bad_json", "text.bad_json", "three"}));
  EXPECT_EQ(read.damage, (Strings{"csv.fields", "csv.fields"}));
  const ReadItems open = read_as("csv", "a,text\n1,one\n2,\"two\n3,three\n");
  EXPECT_EQ(texts(open), (Strings{"one", "text.bad_json"}));
  EXPECT_EQ(open.damage, Strings{"csv.unclosed_quote"});
}

TEST(Delimited, NeedsTheTextsColumn) {
  const auto message = [](const std::string& bytes, const std::string& key = "text") {
    SourceOptions options;
    options.text_key = key;
    try {
      return std::to_string(read_as("csv", bytes, options).items.size());
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(message("id,body\n1,x\n"),
            "input: there is no column \"text\" in the header; its columns are id, body; name the one that holds the "
            "text (--text-key)");
  EXPECT_EQ(message("id,body\n1,x\n", "body"), "1");
  EXPECT_NE(message("text,text\n1,x\n").find("two columns"), std::string::npos);
  EXPECT_EQ(message(""), "0");
  EXPECT_NE(message("\"text").find("does not end"), std::string::npos);
  EXPECT_EQ(message("id;text\n1;x\n"), "1");  // as spreadsheets of many countries write it
}

TEST(Delimited, ReadsTabsAndOneColumn) {
  EXPECT_EQ(texts(read_as("tsv", "text\tid\na, b\t1\n\"c\td\"\t2\n")), (Strings{"a, b", "c\td"}));
  EXPECT_EQ(texts(read_as("csv", "text\none\n\ntwo\n")), (Strings{"one", "", "two"}));
}

// Any division of the bytes into reads gives the same rows.
TEST(Rows, DoNotDependOnWhereReadsEnd) {
  const std::string csv = "id,text\r\n1,\"a \"\"b\"\"\r\nc\"\r\n2,d\r\n";
  const std::string json = "[ {\"text\":\"a\\\\\"} , {\"text\":\"b\\\"]\"}\n]";
  for (const size_t read_max : {1u, 2u, 3u, 5u, 100u}) {
    for (const std::string& bytes : {csv, json}) {
      const std::unique_ptr<Source> source = make_source(make_memory_source(bytes, "input", read_max), {});
      Strings got;
      for (Item item; source->next(item); item = {}) got.push_back(item.document.text);
      EXPECT_EQ(got, bytes == csv ? (Strings{"a \"b\"\r\nc", "d"}) : (Strings{"a\\", "b\"]"})) << read_max;
    }
  }
}

// As old spreadsheets write them.
TEST(Rows, OfTablesMayEndInCr) {
  const ReadItems rows = read_as("csv", "text,id\rfoo,1\r\"b\rar\",2\rlast,3");
  EXPECT_EQ(texts(rows), (Strings{"foo", "b\rar", "last"}));
  EXPECT_EQ(rows.items[1].document.id, "2");
  EXPECT_EQ(texts(read_as("csv", "id;text\r1;foo\r")), (Strings{"foo"}));
  // One LF in the table, and a CR belongs to its field.
  EXPECT_EQ(texts(read_as("csv", "id,text\n1,fo\ro\n")), (Strings{"fo\ro"}));
  // A first row as long as what is read at once, whose line end is CR LF.
  const std::string name(5000, 'x');
  EXPECT_EQ(texts(read_as("csv", "text," + name + "\r\nfoo,1\r\n")), (Strings{"foo"}));
}

// A row is as long as its text, not as its escapes.
TEST(Rows, OfTablesMayBeNearlyAsLongAsTheLimit) {
  SourceOptions options;
  options.record_bytes_max = 2100;
  const std::string lines = std::string(1000, '\n');
  EXPECT_EQ(reasons(read_as("csv", "text\n\"" + lines + "\"\n", options)), (Strings{""}));
  options.record_bytes_max = 2000;
  EXPECT_EQ(reasons(read_as("csv", "text\n\"" + lines + "\"\n", options)), (Strings{"text.too_large"}));
}

TEST(Rows, WithAnEmptyIdHaveNone) {
  const ReadItems read = read_as("csv", "id,text\n,one\n2,two\n");
  ASSERT_EQ(read.items.size(), 2U);
  EXPECT_EQ(read.items[0].document.id, "input:1");
  EXPECT_EQ(read.items[1].document.id, "2");
}

// What lies before damage is read, a row that it cuts is dropped, and what lies behind it is not taken for rows.
TEST(Rows, EndWhereTheInputIsDamaged) {
  struct Form {
    std::string format, rows, open, more;
  };
  const Form forms[] = {
      {"csv", "id,text\n1,one\n2,two\n", "3,three", "4,four\n"},
      {"csv", "id,text\n1,one\n2,two\n", "3,\"three\"", "4,four\n"},
      {"json", "[{\"text\": \"one\"}, {\"text\": \"two\"},", "{\"text\": \"three\"", ", {\"text\": \"four\"}]"}};
  for (const Form& form : forms) {
    std::string broken = testing::gzip(form.rows);
    broken[broken.size() - 6] ^= 1;  // the check
    const ReadItems all = read_as(form.format, broken);
    EXPECT_EQ(reasons(all), (Strings{"", ""})) << form.format;
    EXPECT_EQ(all.damage, (Strings{"gzip.bad_check", "rows.lost"}));
    const ReadItems more = read_as(form.format, broken + testing::gzip(form.more));
    EXPECT_EQ(reasons(more), (Strings{"", ""})) << form.format;
    EXPECT_EQ(more.damage, (Strings{"gzip.bad_check", "rows.lost"}));
    std::string cut = testing::gzip(form.rows + form.open);
    cut.resize(cut.size() - 8);  // without check and length: all rows, and then no more
    const ReadItems cut_row = read_as(form.format, cut);
    EXPECT_EQ(reasons(cut_row), (Strings{"", "", "text.damaged"})) << form.format;
    EXPECT_EQ(cut_row.damage, (Strings{"gzip.truncated", "rows.lost"}));
  }
}

// Garbage behind the last member takes nothing away, not even a last row without a line end.
TEST(Rows, AreWholeBeforeGarbageAtTheEnd) {
  const std::string zeros(20, '\0');
  const ReadItems table = read_as("csv", testing::gzip("id,text\n1,one\n2,two") + zeros);
  EXPECT_EQ(reasons(table), (Strings{"", ""}));
  EXPECT_EQ(table.damage, (Strings{"gzip.garbage"}));
  const ReadItems array = read_as("json", testing::gzip("[{\"text\": \"one\"}, {\"text\": \"two\"}]") + zeros);
  EXPECT_EQ(reasons(array), (Strings{"", ""}));
  EXPECT_EQ(array.damage, (Strings{"gzip.garbage"}));
  const ReadItems frame = read_as("csv", testing::zstd("id,text\n1,one\n2,two") + "x");
  EXPECT_EQ(reasons(frame), (Strings{"", ""}));
  EXPECT_EQ(frame.damage, (Strings{"zstd.garbage"}));
}

TEST(JsonLines, MayBeginWithAByteOrderMark) {
  const ReadItems read =
      read_items("\xEF\xBB\xBF{\"text\":\"a\"}\r\n\r\n\xEF\xBB\xBF{\"text\":\"b\"}\r\n", {}, "d.jsonl");
  EXPECT_EQ(texts(read), (Strings{"a", "b"}));
  EXPECT_EQ(read.items[1].document.id, "d.jsonl:3");
  EXPECT_EQ(texts(read_items("\xEF\xBB\xBFOne.\n", {}, "a.txt")), Strings{"One.\n"});
}

TEST(JsonLines, MayHoldNumbersOfAnySize) {
  const ReadItems read = read_items(
      "{\"n\":123456789012345678901234567890,\"text\":\"a\"}\n{\"id\":123456789012345678901234567890,\"text\":\"b\"}\n"
      "{\"n\":[-1e999,1E+400,2.5],\"text\":\"c "
      "123456789012345678901234567890\"}\n{\"n\":0123456789012345678901,\"text\":\"d\"}\n"
      "{\"n\":12345678901234567890123x,\"text\":\"e\"}\n{\"text\":123456789012345678901234567890}\n");
  EXPECT_EQ(texts(read),
            (Strings{"a", "b", "c 123456789012345678901234567890", "text.bad_json", "text.bad_json", "text.no_text"}));
  EXPECT_EQ(read.items[1].document.id, "123456789012345678901234567890");
}

TEST(ByteSource, IsReadAtAnyPlace) {
  const auto source = make_memory_source("0123456789");
  ASSERT_TRUE(source->can_read_at());
  char out[4];
  EXPECT_EQ(source->read_at(6, out, 4), 4u);
  EXPECT_EQ(std::string(out, 4), "6789");
  EXPECT_EQ(source->read_at(8, out, 4), 2u);
  EXPECT_EQ(source->read_at(10, out, 4), 0u);
  EXPECT_EQ(source->read(out, 2), 2u);  // from where it stood
  EXPECT_EQ(std::string(out, 2), "01");
  const auto input = make_decoded_input(make_memory_source("plain text"));
  EXPECT_NE(input->positioned(), nullptr);
  EXPECT_EQ(make_decoded_input(make_memory_source(testing::gzip("x")))->positioned(), nullptr);
}

}  // namespace
}  // namespace ftok
