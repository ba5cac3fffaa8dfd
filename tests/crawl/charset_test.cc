// Labels, decoders and the choice of a charset, against values of the WHATWG Encoding Standard and the HTML Standard.
#include "crawl/charset.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "core/file.h"
#include "crawl/charsets/charset_tables.h"
#include "tests/support/test_data.h"
#include "text/unicode.h"

namespace ftok {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string decoded(std::string_view encoding, std::string_view bytes, uint64_t replacements = 0) {
  std::string out;
  EXPECT_EQ(decode_text(encoding, bytes, out), replacements) << encoding;
  EXPECT_TRUE(is_valid_utf8(out)) << encoding;
  return out;
}

TEST(CharsetLabel, AreThoseOfTheStandard) {
  EXPECT_EQ(kCharsetLabelCount, 228U);
  EXPECT_EQ(encoding_for_label("latin1"), "windows-1252");
  EXPECT_EQ(encoding_for_label("ISO-8859-1"), "windows-1252");
  EXPECT_EQ(encoding_for_label(" \tUTF8\n"), "UTF-8");
  EXPECT_EQ(encoding_for_label("x-sjis"), "Shift_JIS");
  EXPECT_EQ(encoding_for_label("gb2312"), "GBK");
  EXPECT_EQ(encoding_for_label("iso-8859-9"), "windows-1254");
  EXPECT_EQ(encoding_for_label("unicode"), "UTF-16LE");
  EXPECT_EQ(encoding_for_label("hz-gb-2312"), "replacement");
  EXPECT_EQ(encoding_for_label("utf-7"), "");
  EXPECT_EQ(encoding_for_label(""), "");
}

TEST(CharsetLabel, EveryEncodingDecodesAscii) {
  std::set<std::string_view> encodings;
  for (size_t i = 0; i < kCharsetLabelCount; ++i) {
    EXPECT_EQ(encoding_for_label(kCharsetLabels[i].label), kCharsetLabels[i].encoding);
    encodings.insert(kCharsetLabels[i].encoding);
  }
  EXPECT_EQ(encodings.size(), 40U);
  for (const std::string_view encoding : encodings) {
    if (encoding.starts_with("UTF-16") || encoding == "replacement") continue;
    EXPECT_EQ(decoded(encoding, "<p>Hello, 123</p>\r\n"), "<p>Hello, 123</p>\r\n") << encoding;
    // Every byte value gives valid UTF-8.
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    std::string out;
    decode_text(encoding, all + all, out);
    EXPECT_TRUE(is_valid_utf8(out)) << encoding;
  }
}

TEST(DecodeText, KnownCharactersOfEachEncoding) {
  const struct {
    const char *encoding, *bytes, *text;
  } cases[] = {
      {"UTF-8", "\xE2\x82\xAC", "€"},
      {"IBM866", "\x8F\xE0\xA8", "При"},
      {"ISO-8859-2", "\xB1\xE6\xEA", "ąćę"},
      {"ISO-8859-3", "\xA6\xB6", "Ĥĥ"},
      {"ISO-8859-4", "\xE0\xBF", "āŋ"},
      {"ISO-8859-5", "\xBF\xE0", "Пр"},
      {"ISO-8859-6", "\xC7\xE4", "ال"},
      {"ISO-8859-7", "\xC1\xF9\xA4", "Αω€"},
      {"ISO-8859-8", "\xF9\xEC", "של"},
      {"ISO-8859-8-I", "\xF9\xEC", "של"},
      {"ISO-8859-10", "\xE0\xBD", "ā―"},
      {"ISO-8859-13", "\xE0\xFE", "ąž"},
      {"ISO-8859-14", "\xD0\xF0", "Ŵŵ"},
      {"ISO-8859-15", "\xA4", "€"},
      {"ISO-8859-16", "\xAA\xBA", "Șș"},
      {"KOI8-R", "\xF0\xD2", "Пр"},
      {"KOI8-U", "\xA7\xAE", "їў"},
      {"macintosh", "\x8E\xDB", "é€"},
      {"windows-874", "\xA1\x80", "ก€"},
      {"windows-1250", "\x9A\xB9", "šą"},
      {"windows-1251", "\xCF\xF0", "Пр"},
      {"windows-1252", "\x93\x80\x81", "“€\xC2\x81"},
      {"windows-1253", "\xC1\x80", "Α€"},
      {"windows-1254", "\xFD\xF0", "ığ"},
      {"windows-1255", "\xF9\xA4", "ש₪"},
      {"windows-1256", "\xC7\x81", "اپ"},
      {"windows-1257", "\xE0\x80", "ą€"},
      {"windows-1258", "\xFE\xD2", "₫\xCC\x89"},
      {"x-mac-cyrillic", "\x80\xFF", "А€"},
      {"x-user-defined", "\x80\xFF", "\xEF\x9E\x80\xEF\x9F\xBF"},
      {"GBK", "\xC4\xE3\x80", "你€"},
      {"gb18030", "\xC4\xE3\x81\x30\x81\x30", "你\xC2\x80"},
      {"Big5", "\xA7\x41\xA4\xA4", "你中"},
      {"EUC-JP", "\xA4\xA2\x8E\xB1\x8F\xB0\xA1", "あｱ丂"},
      {"ISO-2022-JP", "\x1B$B$\"\x1B(B!", "あ!"},
      {"Shift_JIS", "\x82\xA0\xB1\x87\x40", "あｱ①"},
      {"EUC-KR", "\xB0\xA1\x81\x41", "가갂"},
  };
  for (const auto& one : cases) EXPECT_EQ(decoded(one.encoding, one.bytes), one.text) << one.encoding;
}

TEST(DecodeText, CountsReplacements) {
  EXPECT_EQ(decoded("UTF-8", "a\xFFz", 1), "a\xEF\xBF\xBDz");
  EXPECT_EQ(decoded("UTF-8", "\xF0\x9F\x98", 1), "\xEF\xBF\xBD");                          // one maximal prefix
  EXPECT_EQ(decoded("UTF-8", "\xED\xA0\x80", 3), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(decoded("ISO-8859-3", "\xA5", 1), "\xEF\xBF\xBD");
  EXPECT_EQ(decoded("windows-1253", "\xFF", 1), "\xEF\xBF\xBD");
  EXPECT_EQ(decoded("replacement", "anything", 1), "\xEF\xBF\xBD");
  EXPECT_EQ(decoded("replacement", ""), "");
  // A wrong lead byte does not swallow the ASCII behind it.
  EXPECT_EQ(decoded("Shift_JIS", "\x81<b>", 1), "\xEF\xBF\xBD<b>");
  EXPECT_EQ(decoded("EUC-KR", "\xC9<b>", 1), "\xEF\xBF\xBD<b>");
  EXPECT_EQ(decoded("Big5", "\xA1<b>", 1), "\xEF\xBF\xBD<b>");
  EXPECT_EQ(decoded("Shift_JIS", "\x81", 1), "\xEF\xBF\xBD");
}

// Where ICU's converters and the standard part, and the standard's indexes of 2024 and those before.
TEST(DecodeText, AsTheStandardAndNotAsIcu) {
  // GB18030-2022.
  EXPECT_EQ(decoded("gb18030", "\xA6\xD9\xA6\xDA\xA6\xDB\xA6\xDC\xA6\xDD\xA6\xDE\xA6\xDF\xA6\xEC\xA6\xED\xA6\xF3"),
            "\uFE10\uFE12\uFE11\uFE13\uFE14\uFE15\uFE16\uFE17\uFE18\uFE19");
  EXPECT_EQ(decoded("GBK", "\xFE\x59\xFE\x61\xFE\x66\xFE\x67\xFE\x6D\xFE\x7E\xFE\x90\xFE\xA0"),
            "\u9FB4\u9FB5\u9FB6\u9FB7\u9FB8\u9FB9\u9FBA\u9FBB");
  EXPECT_EQ(decoded("gb18030", "\x84\x31\x82\x36\x82\x35\x90\x37\xA6\xFE\xFE\x51"), "\uFE10\u9FB4\uE79F\uE816");
  EXPECT_EQ(decoded("gb18030", "\xA3\xA0"), "\u3000");
  EXPECT_EQ(decoded("Shift_JIS", "\x80\x1A\x1C\x7F!"), "\xC2\x80\x1A\x1C\x7F!");
  EXPECT_EQ(decoded("EUC-JP", "\x8E\xDF\xA1\xF1\xA2\xCC"), "\uFF9F\uFFE0\uFFE2");
  for (const char* const code : {"\x81", "\x9F", "\x8E\xE0", "\x8E\xE1", "\x8E\xE2"})
    EXPECT_EQ(decoded("EUC-JP", code + "!"s, 1), "\uFFFD!");
  EXPECT_EQ(decoded("EUC-KR", "\x80!", 1), "\uFFFD!");
}

TEST(DecodeText, WhatIsStoredIsMovedWhereItIsUtf8) {
  const std::string page = std::string(200, 'a') + "\xC3\xA9";
  struct Case {
    std::string encoding, stored;
    bool moves;
  };
  for (const Case& known : {Case{"UTF-8", page, true},
                            {"UTF-8", "\xEF\xBB\xBF" + page, true},
                            {"UTF-8", page + "\xFF", false},
                            {"windows-1252", page, false},
                            {"UTF-8", "", true}}) {
    std::string expected, found = "before", storage = "HTTP/1.1 200\r\n\r\n" + known.stored;
    const size_t first = storage.size() - known.stored.size();
    const uint64_t replacements = decode_text(known.encoding, known.stored, expected);
    EXPECT_EQ(decode_stored_text(known.encoding, storage, first, found), replacements);
    EXPECT_EQ(found, expected);
    EXPECT_EQ(storage.empty(), known.moves) << known.encoding << ", " << known.stored.size();
  }
}

TEST(DecodeText, Utf16AndItsMarks) {
  EXPECT_EQ(decoded("UTF-16LE", "\xFF\xFEh\0i\0"sv), "hi");
  EXPECT_EQ(decoded("UTF-16BE", "\xFE\xFF\0h\xD8\x3D\xDE\x00"sv), "h😀");
  EXPECT_EQ(decoded("UTF-16LE", "h\0\x3D\xD8i\0"sv, 1), "h\xEF\xBF\xBDi");  // a lone high surrogate
  EXPECT_EQ(decoded("UTF-16LE", "h\0x"sv, 1), "h\xEF\xBF\xBD");             // half a unit
  EXPECT_EQ(decoded("UTF-8", "\xEF\xBB\xBFhi"), "hi");
}

TEST(ChooseCharset, SaysWhichPagesAreWhollyUtf8) {
  const auto is_valid = [](const std::string& page, const char* type) {
    return choose_charset(page, type).is_valid_utf8;
  };
  EXPECT_TRUE(is_valid("caf\xC3\xA9", ""));
  EXPECT_TRUE(is_valid("coffee", ""));
  EXPECT_TRUE(is_valid("coffee", "text/html; charset=utf-8"));
  EXPECT_FALSE(is_valid("caf\xC3\xA9 caf\xC3", ""));  // UTF-8 but for a character that is cut
  EXPECT_FALSE(is_valid("coffee\xC3", "text/html; charset=utf-8"));
  EXPECT_FALSE(is_valid("caf\xE9", "text/html; charset=utf-8"));
  const CharsetChoice cut = choose_charset("caf\xC3\xA9 caf\xC3", "");
  EXPECT_EQ(cut.encoding, "UTF-8");
  std::string storage = "caf\xC3\xA9 caf\xC3", page;
  EXPECT_EQ(decode_stored_text(cut.encoding, storage, 0, page, cut.is_valid_utf8), 1U);
  EXPECT_EQ(page, "caf\xC3\xA9 caf\xEF\xBF\xBD");
}

TEST(ChooseCharset, Order) {
  const std::string meta = "<meta charset=koi8-r>";
  const auto choose = [](const std::string& page, const char* type) {
    const CharsetChoice choice = choose_charset(page, type);
    return std::string(choice.encoding) + " " + choice.source;
  };
  EXPECT_EQ(choose("\xEF\xBB\xBF" + meta, "text/html; charset=gbk"), "UTF-8 bom");
  EXPECT_EQ(choose("\xFF\xFE" + meta, "text/html; charset=gbk"), "UTF-16LE bom");
  EXPECT_EQ(choose(meta, "text/html; charset=gbk"), "GBK http");
  EXPECT_EQ(choose(meta, "text/html; charset=nonsense"), "KOI8-R meta");
  EXPECT_EQ(choose(meta, "text/html"), "KOI8-R meta");
  EXPECT_EQ(choose("plain ascii", "text/html"), "UTF-8 detected");
  EXPECT_EQ(choose("caf\xC3\xA9", ""), "UTF-8 bytes");
  const std::string late = std::string(2000, ' ') + meta;
  EXPECT_EQ(choose("caf\xC3\xA9" + late, ""), "UTF-8 bytes");
  EXPECT_EQ(choose("\xCF\xF0\xE8" + late, ""), "KOI8-R meta");
}

std::string choice_of(std::string_view page, const char* type) {
  const CharsetChoice choice = choose_charset(page, type);
  return std::string(choice.encoding) + " " + choice.source;
}

TEST(ChooseCharset, BytesThatAreUtf8WinOverWhatIsDeclared) {
  const std::string meta = "<meta charset=koi8-r>";
  EXPECT_EQ(choice_of(meta + "caf\xC3\xA9", "text/html; charset=gbk"), "UTF-8 bytes");
  EXPECT_EQ(choice_of(meta + "cafe", "text/html; charset=gbk"), "GBK http");                // ASCII says nothing
  EXPECT_EQ(choice_of(meta + "caf\xC3\xA9\xE9", "text/html; charset=gbk"), "UTF-8 bytes");  // cut within a character
  EXPECT_EQ(choice_of(meta + "caf\xC3\xA9\xE9!", "text/html; charset=gbk"), "GBK http");
  EXPECT_EQ(choice_of(meta + "caf\xC3\xA9\xF0\x9F\x98", ""), "UTF-8 bytes");
  EXPECT_EQ(choice_of(meta + "caf\xC3\xA9\xA9", ""), "KOI8-R meta");  // no character begins there
  EXPECT_EQ(choice_of(meta + "\xE9", ""), "KOI8-R meta");
}

TEST(ChooseCharset, SeesOneCharacterOutsideAsciiAnywhere) {
  for (const size_t before : {0, 1, 7, 255, 256, 257, 600}) {
    for (const size_t after : {0, 1, 255, 256, 300}) {
      const std::string ascii = std::string(before, 'a') + "e" + std::string(after, 'b');
      EXPECT_EQ(choice_of(ascii, "text/html; charset=koi8-r"), "KOI8-R http") << before << " " << after;
      const std::string utf8 = std::string(before, 'a') + "\xC3\xA9" + std::string(after, 'b');
      EXPECT_EQ(choice_of(utf8, "text/html; charset=koi8-r"), "UTF-8 bytes") << before << " " << after;
    }
  }
}

TEST(ChooseCharset, WhatTheBytesBelieIsPassedOver) {
  const std::string meta = "<meta charset=koi8-r>";
  EXPECT_EQ(choice_of(meta + "caf\xE9", "text/html; charset=utf-8"), "KOI8-R meta");
  EXPECT_STREQ(choose_charset("<meta charset=utf-8>caf\xE9", "text/html; charset=utf-8").source, "detected");
  EXPECT_EQ(choice_of("<?xml version='1.0' encoding='koi8-r'?><meta charset=utf-8>caf\xE9", ""), "KOI8-R xml");
  // A few bytes that are not UTF-8 in a page that is: more of it is than not.
  EXPECT_EQ(choice_of("\xC3\xA9\xC3\xA9 \xE9 !", "text/html; charset=utf-8"), "UTF-8 http");
  EXPECT_EQ(choice_of(meta + "\xC3\xA9 \xE9 !", "text/html; charset=utf-8"), "KOI8-R meta");
  EXPECT_EQ(choice_of("plain", "text/html; charset=utf-16le"), "UTF-8 detected");
  EXPECT_EQ(choice_of(std::string_view("<\0p\0>\0", 6), "text/html; charset=utf-16le"), "UTF-16LE http");
}

// A few broken bytes in a page of UTF-8 do not make it one of what its server says of every page.
TEST(ChooseCharset, NearlyAllUtf8WinsOverOtherDeclarations) {
  const auto page = [](size_t characters, const std::string& broken) {
    std::string text = "<p>";
    for (size_t i = 0; i < characters; ++i) text += i % 7 == 6 ? " \xD0\xB6" : "\xD0\xB6";
    return "<p>abc " + broken + "</p>" + text;
  };
  for (const char* const label : {"windows-1251", "koi8-r", "gbk", "big5", "shift_jis", "euc-kr", "iso-8859-2"}) {
    const std::string type = "text/html; charset=" + std::string(label), meta = "<meta charset=" + std::string(label);
    EXPECT_EQ(choice_of(page(20, "\xD0"), type.c_str()), "UTF-8 detected") << label;
    EXPECT_EQ(choice_of(meta + ">" + page(60, "\xD0 \xFF\xFE"), ""), "UTF-8 detected") << label;
    EXPECT_EQ(choice_of(meta + ">" + page(60, "\xD0"), "text/html; charset=utf-8"), "UTF-8 http") << label;
    const std::string few = std::string(encoding_for_label(label)) + " http";
    EXPECT_EQ(choice_of(page(19, "\xD0"), type.c_str()), few) << label;
    EXPECT_EQ(choice_of(page(59, "\xD0 \xFF\xFE"), type.c_str()), few) << label;
  }
  EXPECT_EQ(choice_of(page(20, "\xD0"), ""), "UTF-8 detected");
  // Read as windows-1252 it is repaired, and no byte is lost.
  EXPECT_EQ(choice_of(page(20, "\xD0"), "text/html; charset=latin1"), "windows-1252 http");
}

// Text in units of two or four bytes.
std::string units(std::string_view text, size_t size, bool big_endian) {
  std::string out;
  for (const char c : text) {
    const std::string zeros(size - 1, '\0');
    out += big_endian ? zeros + c : c + zeros;
  }
  return out;
}

TEST(ChooseCharset, Utf32ByItsMark) {
  const std::string page = "<meta charset=koi8-r><p>hi";
  const std::string little = "\xFF\xFE\0\0"s + units(page, 4, false);
  const std::string big = "\0\0\xFE\xFF"s + units(page, 4, true);
  EXPECT_EQ(choice_of(little, "text/html; charset=utf-8"), "UTF-32LE bom");
  EXPECT_EQ(choice_of(big, "text/html; charset=utf-8"), "UTF-32BE bom");
  EXPECT_EQ(decoded("UTF-32LE", little), page);
  EXPECT_EQ(decoded("UTF-32BE", big), page);
  EXPECT_EQ(decoded("UTF-32LE", "\x00\xF6\x01\0"sv), "😀");
  EXPECT_EQ(decoded("UTF-32LE", "\xFF\xFF\x10\0h\0\0\0"sv), "\xF4\x8F\xBF\xBFh");
  EXPECT_EQ(decoded("UTF-32LE", "\0\0\x11\0h\0\0\0"sv, 1), "\xEF\xBF\xBDh");  // beyond the last one
  EXPECT_EQ(decoded("UTF-32LE", "\0\xD8\0\0h\0\0\0"sv, 1), "\xEF\xBF\xBDh");  // half of a pair
  EXPECT_EQ(decoded("UTF-32LE", "h\0\0\0i\0"sv, 1), "h\xEF\xBF\xBD");         // half a unit
}

TEST(ChooseCharset, Utf16ByItsZeros) {
  const std::string page = "<html><p>caf\xE9 au lait</html>";
  EXPECT_EQ(choice_of(units(page, 2, false), "text/html; charset=utf-8"), "UTF-16LE bytes");
  EXPECT_EQ(choice_of(units(page, 2, true), ""), "UTF-16BE bytes");
  const std::string wide = "\x42\x30";  // a kana
  const auto with = [&](int kana) {
    std::string out = units("<p>words", 2, false);
    for (int i = 0; i < kana; ++i) out += wide;
    return out;
  };
  EXPECT_EQ(choice_of(with(8), ""), "UTF-16LE bytes");
  EXPECT_NE(choice_of(with(9), ""), "UTF-16LE bytes");                      // fewer than half have a zero byte
  EXPECT_EQ(choice_of(units("<p>words", 2, false), ""), "UTF-16LE bytes");  // eight pairs
  EXPECT_NE(choice_of(units("<p>word", 2, false), ""), "UTF-16LE bytes");   // seven
  EXPECT_EQ(page.size(), 28U);
  for (const auto& [others, is_utf16] : {std::pair(1, true), {3, true}, {4, false}}) {
    std::string little = units(page, 2, false), big = units(page, 2, true);
    for (int i = 0; i < others; ++i) little += "\0\x4E"s, big += "\x4E\0"s;
    EXPECT_EQ(choice_of(little, "text/html; charset=utf-16") == "UTF-16LE bytes", is_utf16) << others;
    EXPECT_EQ(choice_of(big, "text/html; charset=utf-16") == "UTF-16BE bytes", is_utf16) << others;
    EXPECT_EQ(choice_of(little, "") == "UTF-16LE bytes", is_utf16) << others;
    EXPECT_EQ(choice_of(big, "") == "UTF-16BE bytes", is_utf16) << others;
  }
  EXPECT_FALSE(choice_of(units(page, 4, false), "").starts_with("UTF-16"));  // zeros on both sides
}

TEST(ChooseCharset, MarksWinOverMeta) {
  EXPECT_EQ(choice_of("\xEF\xBB\xBF<meta charset=gbk>caf\xC3\xA9", "text/html; charset=latin1"), "UTF-8 bom");
  EXPECT_EQ(choice_of("\xFF\xFE" + units("<meta charset=utf-8>", 2, false), ""), "UTF-16LE bom");
  EXPECT_EQ(choice_of("\xFE\xFF" + units("<meta charset=utf-8>", 2, true), ""), "UTF-16BE bom");
}

TEST(ChooseCharset, LabelsOfContentType) {
  const auto choose = [](const std::string& label) {
    return std::string(choose_charset("<p>caf\xE9!", ("text/html; charset=" + label).c_str()).encoding);
  };
  EXPECT_EQ(choose("\"iso-8859-15\""), "ISO-8859-15");
  EXPECT_EQ(choose("'ISO8859-2'"), "ISO-8859-2");
  EXPECT_EQ(choose("\" latin1 \""), "windows-1252");
  EXPECT_EQ(choose("\"koi8-r"), "KOI8-R");  // the quote never ends
  EXPECT_EQ(choose("x-sjis"), "Shift_JIS");
  EXPECT_EQ(choose("cp1251"), "windows-1251");
  for (const char* const unknown : {"win1251", "utf8mb4", "", "\"\""})
    EXPECT_STREQ(choose_charset("<p>caf\xE9!", std::string("text/html; charset=") + unknown).source, "detected");
}

TEST(ChooseCharset, XmlDeclaration) {
  EXPECT_EQ(encoding_of_xml_declaration("<?xml version=\"1.0\" encoding=\"iso-8859-2\"?>"), "ISO-8859-2");
  EXPECT_EQ(encoding_of_xml_declaration("\r\n<?XML encoding = 'ISO-8859-2' ?>"), "ISO-8859-2");
  EXPECT_EQ(encoding_of_xml_declaration("<?xml version=\"1.0\"?><p encoding='iso-8859-2'>"), "");
  EXPECT_EQ(encoding_of_xml_declaration("<?xml encoding=iso-8859-2?>"), "");
  EXPECT_EQ(encoding_of_xml_declaration("<?xml encoding='iso-8859-2"), "");
  EXPECT_EQ(encoding_of_xml_declaration("<p><?xml encoding='iso-8859-2'?>"), "");
  EXPECT_EQ(encoding_of_xml_declaration("<?xml encoding='utf-16'?>"), "UTF-8");
  EXPECT_EQ(encoding_of_xml_declaration("<?xml encoding='nonsense'?>"), "");
  EXPECT_EQ(encoding_of_xml_declaration(std::string_view("<\0?\0x\0m\0", 8)), "UTF-16LE");
  EXPECT_EQ(encoding_of_xml_declaration(std::string_view("\0<\0?\0x\0m", 8)), "UTF-16BE");
  const std::string xml = "<?xml version='1.0' encoding='iso-8859-2'?>\xE9";
  EXPECT_EQ(choice_of(xml, "text/html"), "ISO-8859-2 xml");
  EXPECT_EQ(choice_of(xml + "<meta charset=koi8-r>", "text/html"), "KOI8-R meta");
  EXPECT_EQ(choice_of(xml, "text/html; charset=gbk"), "GBK http");
}

TEST(ChooseCharset, ParametersOfContentType) {
  EXPECT_EQ(charset_parameter("text/html; charset=utf-8"), "utf-8");
  EXPECT_EQ(charset_parameter("text/html;CHARSET = \"utf-8\"; x=y"), "utf-8");
  EXPECT_EQ(charset_parameter("text/html; a=b; charset='gbk'"), "gbk");
  EXPECT_EQ(charset_parameter("text/html; charset=utf-8, text/plain"), "utf-8");
  EXPECT_EQ(charset_parameter("text/html"), "");
  EXPECT_EQ(charset_parameter("text/html; charset="), "");
}

TEST(ChooseCharset, MetaPrescan) {
  EXPECT_EQ(encoding_of_meta("<META http-equiv='Content-Type' content='text/html; charset=Big5'>"), "Big5");
  EXPECT_EQ(encoding_of_meta("<meta content='text/html; charset=Big5'>"), "");  // no http-equiv
  EXPECT_EQ(encoding_of_meta("<!-- <meta charset=gbk> --><meta charset=euc-kr>"), "EUC-KR");
  EXPECT_EQ(encoding_of_meta("<!--><meta charset=gbk>-->"), "GBK");
  EXPECT_EQ(encoding_of_meta("<a title='<meta charset=gbk>'><meta charset=\"utf-16\"/>"), "UTF-8");
  EXPECT_EQ(encoding_of_meta("<metadata charset=gbk>"), "");
  EXPECT_EQ(encoding_of_meta("<meta charset=unknown><meta charset=x-user-defined>"), "windows-1252");
  EXPECT_EQ(encoding_of_meta(std::string(1003, ' ') + "<meta charset=gbk>"), "GBK");  // ends at byte 1,021
  EXPECT_EQ(encoding_of_meta(std::string(1024, ' ') + "<meta charset=gbk>"), "");
  EXPECT_EQ(encoding_of_meta("<meta charset=gbk"), "");
}

TEST(DetectEncoding, GuessesFromTheBytes) {
  std::string russian;  // windows-1251
  for (int i = 0; i < 20; ++i)
    russian +=
        "\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0! \xDD\xF2\xEE \xF0\xF3\xF1\xF1\xEA\xE8\xE9 \xF2\xE5\xEA\xF1\xF2. ";
  EXPECT_EQ(detect_encoding(russian), "windows-1251");
  std::string japanese;  // Shift_JIS
  for (int i = 0; i < 20; ++i) japanese += "\x82\xB1\x82\xEA\x82\xCD\x93\xFA\x96\x7B\x8C\xEA\x82\xC5\x82\xB7\x81\x42";
  EXPECT_EQ(detect_encoding(japanese), "Shift_JIS");
  EXPECT_EQ(detect_encoding("\xFF"), "windows-1252");
}

// The bytes of a text in an encoding of one and two bytes; characters that it does not have are left out.
class Encoder {
 public:
  explicit Encoder(std::string_view encoding) {
    std::string out;
    const auto add = [&](const std::string& code) {
      decode_text(encoding, code, out);
      const Utf8Char character = decode_utf8(out, 0);
      if (character.valid && character.size == out.size() && character.code_point != 0xFFFD)
        codes_.emplace(character.code_point, code);
    };
    for (int first = 0; first < 256; ++first) add({static_cast<char>(first)});
    for (int first = 0x81; first < 0xFF; ++first) {
      for (int second = 0x40; second < 0xFF; ++second) add({static_cast<char>(first), static_cast<char>(second)});
    }
  }
  std::string encode(std::string_view text) const {
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const Utf8Char character = decode_utf8(text, at);
      at += character.size;
      if (const auto code = codes_.find(character.code_point); code != codes_.end()) out += code->second;
    }
    return out;
  }

 private:
  std::map<char32_t, std::string> codes_;
};

// Pages of sentences that name no encoding, in those that were in use for their languages.
TEST(DetectEncoding, EncodingsOfEveryFamily) {
  FTOK_NEEDS_TEST_DATA("lid/lingua_sentences.tar.zst");
  testing::TemporaryFolder folder;
  const std::string archive = (testing::test_data_folder() / "lid/lingua_sentences.tar.zst").string();
  ASSERT_EQ(std::system(("zstd -qdc '" + archive + "' | tar x -C '" + folder.path().string() + "'").c_str()), 0);
  const struct {
    const char *language, *encoding, *found;
  } cases[] = {
      {"ko", "EUC-KR", "EUC-KR"},
      {"ja", "Shift_JIS", "Shift_JIS"},
      {"ja", "EUC-JP", "EUC-JP"},
      {"zh", "GBK", "gb18030"},
      {"ru", "windows-1251", "windows-1251"},
      {"ru", "KOI8-R", "KOI8-R"},
      {"ru", "x-mac-cyrillic", "x-mac-cyrillic"},
      {"ru", "ISO-8859-5", "ISO-8859-5"},
      {"ru", "IBM866", "IBM866"},
      {"bg", "windows-1251", "windows-1251"},
      {"el", "windows-1253", "windows-1253"},
      {"el", "ISO-8859-7", "ISO-8859-7"},
      {"he", "windows-1255", "windows-1255"},
      {"ar", "windows-1256", "windows-1256"},
      {"ar", "ISO-8859-6", "ISO-8859-6"},
      {"fa", "windows-1256", "windows-1256"},
      {"th", "windows-874", "windows-874"},
      {"tr", "windows-1254", "windows-1254"},
      {"pl", "windows-1250", "windows-1250"},
      {"pl", "ISO-8859-2", "ISO-8859-2"},
      {"cs", "windows-1250", "windows-1250"},
      {"hu", "ISO-8859-2", "ISO-8859-2"},
      {"de", "windows-1252", "windows-1252"},
      {"fr", "windows-1252", "windows-1252"},
  };
  for (const auto& one : cases) {
    constexpr int kSentences = 60;
    std::ifstream sentences(folder / ("sentences/" + std::string(one.language) + ".txt"));
    std::string page = "<!doctype html><title>x</title>", line;
    for (int i = 0; i < kSentences && std::getline(sentences, line); ++i) page += "<p>" + line + "</p>\n";
    const std::string bytes = Encoder(one.encoding).encode(page);
    ASSERT_GT(bytes.size(), 1000U);
    EXPECT_EQ(choice_of(bytes, "text/html"), std::string(one.found) + " detected") << one.language;
    EXPECT_EQ(choice_of(bytes, ("text/html; charset=" + std::string(one.encoding)).c_str()),
              std::string(one.encoding) + " http")
        << one.language;
    EXPECT_EQ(choice_of("<meta charset=unheard-of>" + bytes, "text/html; charset=x-unheard-of"),
              std::string(one.found) + " detected")
        << one.language;
  }
}

// Labels that browsers do not know, and pages name.
TEST(DetectEncoding, KoreanUnderEveryLabel) {
  std::string korean;
  const Encoder encoder("EUC-KR");
  for (int i = 0; i < 20; ++i) korean += encoder.encode("이것은 한국어로 쓴 글입니다. ");
  for (const char* const label : {"cp949", "ms949", "uhc", "x-windows-949", "euckr"})
    EXPECT_EQ(choice_of(korean, ("text/html; charset=" + std::string(label)).c_str()), "EUC-KR detected") << label;
}

// What is ASCII tells nothing, however much there is of it.
TEST(DetectEncoding, BehindMuchStyle) {
  const std::string style = "<style>" + std::string(size_t{66} << 10, 'a') + "</style>";
  std::string russian, japanese;
  for (int i = 0; i < 20; ++i) {
    russian +=
        "\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0! \xDD\xF2\xEE \xF0\xF3\xF1\xF1\xEA\xE8\xE9 \xF2\xE5\xEA\xF1\xF2. ";
    japanese += "\x82\xB1\x82\xEA\x82\xCD\x93\xFA\x96\x7B\x8C\xEA\x82\xC5\x82\xB7\x81\x42\x83\x41";
  }
  EXPECT_EQ(detect_encoding(style + russian), "windows-1251");
  EXPECT_EQ(detect_encoding("\xCF" + style + style + russian), "windows-1251");
  EXPECT_EQ(detect_encoding(style + japanese + style + japanese + style), "Shift_JIS");
}

TEST(DetectEncoding, Iso2022JpByItsSwitches) {
  const std::string kana = "\x1B$B$3$l$O\x1B(B", old = "\x1B$@F|K\\8l\x1B(J";
  for (const std::string& page : {"<title>" + kana + "</title>", "<p>" + old + "<p>" + kana, kana + " \x1B$B$3"}) {
    EXPECT_EQ(detect_encoding(page + kana), "ISO-2022-JP") << page;
    EXPECT_EQ(choice_of(page + kana, "text/html"), "ISO-2022-JP detected") << page;
    EXPECT_EQ(choice_of(page + kana, "text/html; charset=utf-8"), "UTF-8 http");
    EXPECT_EQ(choice_of("<meta charset=shift_jis>" + page + kana, ""), "Shift_JIS meta");
  }
  // Colours of terminals, switches that lead nowhere, half a pair, Korean, and what is not ASCII.
  for (const std::string page : {"\x1B[31mred\x1B(B\x1B[m", "\x1B$B$3$l", "\x1B$B\x1B(B", "\x1B$B$3$\x1B(B",
                                 "\x1B$B$3 $l\x1B(B", "\x1B$)C\x0E$3$l\x0F", "\x1B$", "\x1B$B", "\x1B", "$B$3$l(B"}) {
    EXPECT_EQ(choice_of(page, ""), "UTF-8 detected") << page;
  }
  EXPECT_EQ(choice_of(kana + "caf\xC3\xA9", ""), "UTF-8 bytes");
  EXPECT_EQ(detect_encoding(kana + "caf\xC3\xA9"), "UTF-8");
}

TEST(DetectEncoding, TraditionalChinese) {
  std::string chinese;
  const Encoder encoder("Big5");
  for (int i = 0; i < 20; ++i) chinese += encoder.encode("這是一篇用繁體中文寫成的文章，說明網頁所使用的編碼。");
  EXPECT_EQ(choice_of(chinese, ""), "Big5 detected");
}

// The whole of the East Asian indexes, where the vectors of the encoding_rs crate (public domain; Debian package
// librust-encoding-rs-dev, or a copy in $FTOK_CHARSET_VECTORS) are installed: codes that decode otherwise than in the
// standard are counted, and their number is what docs/formats.md says. (The vectors are older than the standard's 18
// changes for GB18030-2022.)
TEST(DecodeText, WholeIndexes) {
  const char* const named = std::getenv("FTOK_CHARSET_VECTORS");
  const std::string folder =
      (named != nullptr ? named : "/usr/share/cargo/registry/encoding_rs-0.8.31/src/test_data") + std::string("/");
  if (!std::ifstream(folder + "big5_in.txt")) GTEST_SKIP() << "needs the Debian package librust-encoding-rs-dev";
  const struct {
    const char *encoding, *file;
    size_t differing_lines;
  } cases[] = {{"Big5", "big5", 413},         {"EUC-KR", "euc_kr", 0},          {"gb18030", "gb18030", 18},
               {"GBK", "gb18030", 18},        {"EUC-JP", "jis0208", 0},         {"EUC-JP", "jis0212", 21},
               {"Shift_JIS", "shift_jis", 0}, {"ISO-2022-JP", "iso_2022_jp", 0}};
  for (const auto& one : cases) {
    const std::string wanted = read_file(folder + one.file + "_in_ref.txt");
    std::string got;
    decode_text(one.encoding, read_file(folder + one.file + "_in.txt"), got);
    size_t differing = 0;
    for (size_t a = 0, b = 0; a < wanted.size() && b < got.size();) {
      const size_t a_end = std::min(wanted.find('\n', a), wanted.size()),
                   b_end = std::min(got.find('\n', b), got.size());
      differing += wanted.compare(a, a_end - a, got, b, b_end - b) != 0;
      a = a_end + 1;
      b = b_end + 1;
    }
    EXPECT_EQ(differing, one.differing_lines) << one.encoding << " " << one.file;
  }
}

}  // namespace
}  // namespace ftok
