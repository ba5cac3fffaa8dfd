#include "core/shown.h"

#include <gtest/gtest.h>

#include "core/utf8.h"

namespace ftok {
namespace {

TEST(EscapeBytes, IsReadBackWithoutDoubt) {
  using namespace std::string_literals;
  for (const std::string& text : {""s, "plain"s, "caf\xC3\xA9"s, "a\xFF"s, "a\\xff"s, "a\\xff\xFF"s, "\\x"s, "\\\\x5c"s,
                                  "x\\"s, "\xE2\x82"s, "\x1B[31m\0z"s}) {
    const std::string escaped = escape_bytes(text);
    EXPECT_TRUE(is_valid_utf8(escaped)) << escaped;
    EXPECT_EQ(unescape_bytes(escaped), text) << escaped;
  }
  EXPECT_EQ(escape_bytes("a\xFF"), "a\\xff");
  EXPECT_EQ(escape_bytes("a\\xff"), "a\\x5cxff");
  EXPECT_EQ(escape_bytes("C:\\dir \\n \x1B"), "C:\\dir \\n \x1B");  // UTF-8 without "\x": as it is
}

TEST(Printable, LeavesNothingThatSteersATerminal) {
  EXPECT_EQ(printable("a\x1B[31mb\tc\nd\x7F"), "a\\x1b[31mb\\x09c\\x0ad\\x7f");
  EXPECT_EQ(printable("a\tb\nc\r", true), "a\tb\nc\\x0d");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\xc2\\x9b31m");                    // U+009B, which terminals take for ESC [
  EXPECT_EQ(printable("\xC2\xA0"), "\xC2\xA0");  // U+00A0, the first behind it
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\xe2\\x80\\xaeb");  // U+202E, right-to-left override
  EXPECT_EQ(printable("a\xFF caf\xC3\xA9"), "a\\xff caf\xC3\xA9");
}

TEST(ShownField, IsHarmlessAndReadBack) {
  for (const std::string text : {"a\x1B[2J\xFF\\x41\n", "plain", "\xC2\x9B"}) {
    EXPECT_EQ(printable(shown_field(text)), shown_field(text));
    EXPECT_EQ(unescape_bytes(shown_field(text)), text);
  }
}

TEST(WithoutSecrets, TakesOutPasswordsAndSignatures) {
  EXPECT_EQ(without_secrets("https://user:pa@ss@host:8080/a.warc.gz"), "https://host:8080/a.warc.gz");
  EXPECT_EQ(without_secrets("https://host/a?file=1&X-Amz-Signature=abc&X-Amz-Credential=k%2F2&part=2#end"),
            "https://host/a?file=1&X-Amz-Signature=***&X-Amz-Credential=***&part=2#end");
  EXPECT_EQ(without_secrets("https://h/?TOKEN=a;api_key=b&sig=&x"), "https://h/?TOKEN=***;api_key=***&sig=***&x");
  EXPECT_EQ(without_secrets("https://host?token=a"), "https://host?token=***");
  EXPECT_EQ(without_secrets("s3://bucket/a@b"), "s3://bucket/a@b");
  EXPECT_EQ(without_secrets("dir/user:pw@host?token=a"), "dir/user:pw@host?token=a");  // a path
  EXPECT_EQ(without_secrets("https://user@host"), "https://host");
}

TEST(HideSecrets, OfEachAddressInAMessage) {
  EXPECT_EQ(hide_secrets("ftp://user:PW@h/x: expected a path"), "ftp://h/x: expected a path");
  EXPECT_EQ(hide_secrets("cannot read https://u:p@h/a?sig=abc: gone, nor s3://A:PW@bkt/x"),
            "cannot read https://h/a?sig=***: gone, nor s3://bkt/x");
  EXPECT_EQ(hide_secrets("got 'ftp://user:P\"W@h'"), "got 'ftp://h'");
  EXPECT_EQ(hide_secrets("https://h/?token=PW"), "https://h/?token=***");
  EXPECT_EQ(hide_secrets("https://h/?token=PW&part=2, then"), "https://h/?token=***&part=2, then");
  // Nothing else is touched.
  for (const std::string text :
       {"s3://bucket/a@b: gone", "https://h/x@y and a@b", "user:PW@host", "://a", "a: b://", ""})
    EXPECT_EQ(hide_secrets(text), text);
}

}  // namespace
}  // namespace ftok
