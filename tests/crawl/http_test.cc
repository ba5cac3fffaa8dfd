// HTTP heads, chunks, content encodings and types; and the stage that makes pages of them.
#include "crawl/http.h"

#include <gtest/gtest.h>

#include <tuple>

#include "crawl/http_stage.h"
#include "tests/crawl/archive_builder.h"

namespace ftok {
namespace {

using testing::brotli;
using testing::deflate;
using testing::gzip;
using testing::http_response;
using testing::zstd;
using Kind = ContentDecoded::Kind;
using namespace std::string_literals;

TEST(HttpHead, ToleratesWhatServersSend) {
  const auto head =
      parse_http_head("HTTP/1.1 200 OK\r\nContent-Type:text/html\r\nX: a\r\n  folded\r\nno colon\r\nX: b\r\n\r\nbody");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->reason, "OK");
  EXPECT_EQ(head->field("content-type"), "text/html");
  EXPECT_EQ(head->field("x"), "a\r\n  folded");
  EXPECT_EQ(head->field("absent"), "");
  for (const char* block : {"HTTP/1.0 302 \r\nA: b\r\n\r\n", "HTTP/2 302\nA: b\n\n", "ICY 302 Found\r\nA: b\r\n\r\n",
                            "http/1.1  302 x\r\nA: b\r\n\r\n", "HTTP/1.1 302", "HTTP/1.1 302\r\nA: b"}) {
    const auto parsed = parse_http_head(block);
    ASSERT_TRUE(parsed.ok()) << block;
    EXPECT_EQ(parsed->status, 302) << block;
    EXPECT_EQ(parsed->size, std::string_view(block).size()) << block;
  }
}

// RFC 9112, 5.2: a line that begins with white space continues the one before it.
TEST(HttpHead, FoldedFields) {
  const auto parse = [](const std::string& fields) {
    const std::string block = "HTTP/1.1 200 OK\r\n" + fields + "\r\nbody";
    const auto head = parse_http_head(block);
    EXPECT_EQ(head->size, block.size() - 4);
    return std::make_pair(head->content_type(), content_codings(head->field("Content-Encoding")));
  };
  const std::vector<std::string> gzipped = {"gzip"}, none;
  EXPECT_EQ(parse("Content-Type: text/html;\r\n charset=iso-8859-2\r\nContent-Encoding:\r\n\tgzip\r\n"),
            std::make_pair("text/html; charset=\"iso-8859-2\""s, gzipped));
  EXPECT_EQ(parse("Content-Type:\n text/html\n  ;\n\tcharset =\n \"gbk\"\nContent-Encoding: gzip\n"),
            std::make_pair("text/html; charset=\"gbk\""s, gzipped));
  // Not a field: what continues it is none of the field's before it.
  EXPECT_EQ(parse("Content-Type: text/html\r\nno colon\r\n ; charset=gbk\r\n"), std::make_pair("text/html"s, none));
  // Behind the empty line the body begins, whatever it begins with.
  EXPECT_EQ(parse_http_head("HTTP/1.1 200 OK\r\nX: a\r\n\r\n  body")->field("X"), "a");
  EXPECT_EQ(parse_http_head("HTTP/1.1 200 OK\r\n folded: x\r\nX: a\r\n\r\n")->fields.size(), 1U);
  const std::string folds = "HTTP/1.1 200 OK\r\nX: " + std::string(1000, ' ') + "\r\n " + std::string(1000, 'a');
  EXPECT_EQ(parse_http_head(folds + "\r\n a\r\n a\r\n\r\n", 1900).damage().code, "head_too_long");
}

TEST(HttpHead, InterimResponsesArePassedOver) {
  const std::string go_on = "HTTP/1.1 100 Continue\r\nX: a\r\n\r\n",
                    hints = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const std::string final = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
  for (const std::string& before : {std::string(), go_on, hints, go_on + hints + go_on}) {
    const std::string block = before + final + "<p>HTTP/1.1";
    const auto head = parse_http_head(block);
    ASSERT_TRUE(head.ok());
    EXPECT_EQ(head->status, 200);
    EXPECT_EQ(head->content_type(), "text/html");
    EXPECT_EQ(head->field("X"), "");
    EXPECT_EQ(block.substr(head->size), "<p>HTTP/1.1");
  }
  for (const char* const body : {"", "<p>hi", "HTTP/1.1 is a protocol"}) {
    const std::string block = go_on + body;
    const auto head = parse_http_head(block);
    ASSERT_TRUE(head.ok());
    EXPECT_EQ(head->status, 100);
    EXPECT_EQ(head->size, go_on.size());
  }
  const std::string page = "HTTP/1.1 200 OK\r\n\r\n" + final;  // a final one has a body, whatever it is
  EXPECT_EQ(parse_http_head(page)->size, page.size() - final.size());
}

TEST(HttpHead, Damage) {
  for (const char* block : {"", "<html>", "HTTP/1.1", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 99 x\r\n\r\n",
                            "HTTP/1.1 99999 x\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
    const auto parsed = parse_http_head(block);
    ASSERT_FALSE(parsed.ok()) << block;
    EXPECT_EQ(parsed.damage().code, "no_status_line");
  }
  const std::string lines = "HTTP/1.1 200 OK\r\n" + std::string(1000, 'a') + "\r\n\r\n";
  EXPECT_TRUE(parse_http_head(lines, 1100).ok());
  EXPECT_EQ(parse_http_head(lines, 900).damage().code, "head_too_long");
}

TEST(Dechunk, EdgeCases) {
  const struct {
    const char* body;
    bool chunked, complete;
    const char* out;
  } cases[] = {
      {"4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", true, true, "Wikipedia"},
      {"4;name=value\r\nWiki\r\n0\r\nTrailer: x\r\n\r\n", true, true, "Wiki"},
      {"4\nWiki\n0\n\n", true, true, "Wiki"},
      {"0004 \r\nWiki\r\n0\r\n\r\n", true, true, "Wiki"},
      {"4\r\nWiki0\r\n\r\n", true, true, "Wiki"},        // the line end after the data left out
      {"4\r\nWiki\r\n0", true, false, "Wiki"},           // cut
      {"9\r\nWiki", true, false, "Wiki"},                // cut in a chunk
      {"4\r\nWiki\r\nzz\r\nmore", true, false, "Wiki"},  // broken later
      {"0\r\n\r\n", true, true, ""},
      {"00000000000000000000004\r\nWiki\r\n00000000000000000\r\n\r\n", true, true, "Wiki"},
      {"ffffffffffffffff\r\nWiki", true, false, "Wiki"},  // a size of 2^64 - 1
      {"10000000000000000\r\nWiki", false, false, ""},    // more than 64 bits
      {"-4\r\nWiki", false, false, ""},
      {"<html>\r\n</html>", false, false, ""},
      {"4", false, false, ""},
      {"", false, false, ""},
  };
  for (const auto& one : cases) {
    std::string out;
    const Dechunked result = dechunk(one.body, out);
    EXPECT_EQ(result.chunked, one.chunked) << one.body;
    EXPECT_EQ(result.complete, one.complete) << one.body;
    EXPECT_EQ(out, one.out) << one.body;
  }
}

TEST(DecodeContent, EveryCoding) {
  const std::string text = "<p>" + std::string(1000, 'x');
  const std::pair<const char*, std::string> cases[] = {{"gzip", gzip(text)},
                                                       {"x-gzip", gzip(text)},
                                                       {"gzip", gzip("<p>") + gzip(text.substr(3))},
                                                       {"deflate", deflate(text, false)},
                                                       {"deflate", deflate(text, true)},
                                                       {"br", brotli(text)},
                                                       {"zstd", zstd(text)},
                                                       {"gzip", gzip(text) + "trailing"},
                                                       {"deflate", deflate(text, true) + "\r\n"},
                                                       {"br", brotli(text) + "\r\n"},
                                                       {"zstd", zstd(text) + "\r\n"},
                                                       {"zstd", zstd(text) + "trailing"},
                                                       {"zstd", zstd("<p>") + zstd(text.substr(3))},
                                                       {"zstd", zstd(text) + "\x5F\x2A\x4D\x18\x02\0\0\0ab"s}};
  for (const auto& [coding, body] : cases) {
    std::string out;
    EXPECT_EQ(decode_content(coding, body, 2000, out).kind, Kind::kDecoded) << coding;
    EXPECT_EQ(out, text) << coding;
    EXPECT_EQ(decode_content(coding, body, text.size(), out).kind, Kind::kDecoded) << coding;
    EXPECT_EQ(decode_content(coding, body, text.size() - 1, out).kind, Kind::kTooLarge) << coding;
    EXPECT_LE(out.size(), text.size()) << coding;
  }
}

// Members and frames without content: each once cost as much as what was decoded before it. What is prepared for the
// decoder stays within twice what it gives and a step.
TEST(DecodeContent, EmptyMembersCostNothing) {
  const std::string text(1 << 20, 'x');
  for (const auto& [coding, one, empty] : std::vector<std::tuple<const char*, std::string, std::string>>{
           {"gzip", gzip(text), gzip("")}, {"zstd", zstd(text), zstd("")}}) {
    std::string body = one, out;
    for (int i = 0; i < 5000; ++i) body += empty;
    const ContentDecoded result = decode_content(coding, body + one, 4 << 20, out);
    EXPECT_EQ(result.kind, Kind::kDecoded) << coding;
    EXPECT_EQ(out, text + text) << coding;
    EXPECT_LE(result.prepared_bytes, 2 * out.size() + (64 << 10)) << coding;
  }
}

TEST(DecodeContent, CutAndDamagedBodies) {
  std::string text, out;
  for (int i = 0; i < 3000; ++i) text += std::to_string(i * 7919 % 1000);
  for (const auto& [coding, body] : std::vector<std::pair<const char*, std::string>>{
           {"gzip", gzip(text)}, {"deflate", deflate(text, false)}, {"br", brotli(text)}, {"zstd", zstd(text)}}) {
    EXPECT_EQ(decode_content(coding, body.substr(0, body.size() - 5), 1 << 20, out).kind, Kind::kTruncated) << coding;
    EXPECT_TRUE(text.starts_with(out)) << coding;
  }
  std::string bad = gzip(text);
  bad.replace(bad.size() / 2, 40, std::string(40, '\xFF'));
  EXPECT_EQ(decode_content("gzip", bad, 1 << 20, out).kind, Kind::kDamaged);
}

// A crawler that stored the body decoded under the old header.
TEST(DecodeContent, BodiesThatAreNotEncodedAfterAll) {
  std::string out;
  for (const char* coding : {"gzip", "deflate", "br", "zstd", "identity", "aes128gcm"}) {
    EXPECT_EQ(decode_content(coding, "<html><p>plain text</html>", 1000, out).kind, Kind::kIdentity) << coding;
  }
  EXPECT_NE(decode_content("br", std::string("\x00\x01\x02\x03\x04\x05\x06", 7), 1000, out).kind, Kind::kIdentity);
}

TEST(SniffType, TellsPagesFromTheRest) {
  EXPECT_EQ(sniff_type("  \n<!DOCTYPE HTML><html>"), "text/html");
  EXPECT_EQ(sniff_type("<!-- c --><html>"), "text/html");
  EXPECT_EQ(sniff_type("<?xml version='1.0'?><!DOCTYPE html PUBLIC ''><html xmlns=''>"), "application/xhtml+xml");
  EXPECT_EQ(sniff_type("<?xml version='1.0'?><rss>"), "text/xml");
  EXPECT_EQ(sniff_type("%PDF-1.4"), "application/pdf");
  EXPECT_EQ(sniff_type("just words"), "text/plain");
  EXPECT_EQ(sniff_type("words <html>"), "text/html");
  EXPECT_EQ(sniff_type(std::string_view("a\0b", 3)), "application/octet-stream");
  EXPECT_EQ(sniff_type("<article>"), "text/plain");  // "<a" needs a tag's end behind it
}

// ---- The stage ----

struct Outcome {
  Verdict verdict;
  Document document;
};

Outcome run_stage(const std::string& payload, HttpOptions options = {}, const std::string& identified_type = {}) {
  Outcome outcome;
  outcome.document.payload = payload;
  outcome.document.identified_type = identified_type;
  outcome.verdict = HttpStage(options).process(outcome.document);
  return outcome;
}

constexpr char kHtml[] = "Content-Type: text/html; charset=utf-8\r\n";
constexpr char kPage[] = "<html><p>caf\xC3\xA9</html>";

TEST(HttpStage, MakesAPage) {
  const Outcome outcome = run_stage(http_response(kHtml, kPage));
  EXPECT_TRUE(outcome.verdict.kept());
  EXPECT_EQ(outcome.document.html, kPage);
  EXPECT_EQ(outcome.document.charset, "UTF-8");
  EXPECT_EQ(outcome.document.replacements, 0U);
  EXPECT_TRUE(outcome.document.payload.empty());
}

TEST(HttpStage, LeavesTextInputsAlone) {
  Document document;
  document.text = "text";
  EXPECT_TRUE(HttpStage(HttpOptions{}).process(document).kept());
  EXPECT_EQ(document.text, "text");
}

TEST(HttpStage, ChunksAndCodings) {
  const std::string fields = std::string(kHtml) + "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n";
  const auto chunked = [](const std::string& body) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", body.size());
    return size + body + "\r\n0\r\n\r\n";
  };
  // Both headers, with and without what they announce.
  for (const std::string& body :
       {chunked(gzip(kPage)), gzip(kPage), chunked(kPage), std::string(kPage), chunked(chunked(kPage))}) {
    const Outcome outcome = run_stage(http_response(fields, body));
    EXPECT_TRUE(outcome.verdict.kept()) << outcome.verdict.reason;
    EXPECT_EQ(outcome.document.html, kPage);
    EXPECT_EQ(outcome.document.truncated, "");
  }
  // Chunks no header announces are undone when they are whole.
  EXPECT_EQ(run_stage(http_response(kHtml, chunked(kPage))).document.html, kPage);
  EXPECT_EQ(run_stage(http_response(kHtml, "5\r\nhello")).document.html, "5\r\nhello");
}

TEST(HttpStage, CutBodiesAreMarked) {
  const Outcome chunk = run_stage(http_response(std::string(kHtml) + "Transfer-Encoding: chunked\r\n", "ff\r\n<p>cut"));
  EXPECT_EQ(chunk.document.html, "<p>cut");
  EXPECT_EQ(chunk.document.truncated, "chunked");
  std::string page;
  for (int i = 0; i < 1000; ++i) page += std::to_string(i * 7919 % 1000);
  const std::string cut = gzip(page).substr(0, 500);
  const Outcome coding = run_stage(http_response(std::string(kHtml) + "Content-Encoding: gzip\r\n", cut));
  EXPECT_TRUE(coding.verdict.kept());
  EXPECT_EQ(coding.document.truncated, "encoding");
  EXPECT_TRUE(page.starts_with(coding.document.html));
}

TEST(HttpStage, EveryDropReason) {
  HttpOptions small;
  small.body_bytes_max = 1000;
  const std::string encoded = std::string(kHtml) + "Content-Encoding: gzip\r\n";
  std::string bad = gzip(std::string(kPage) + std::string(500, 'x'), 0);
  bad[20] ^= 1;
  const auto reason = [](const Outcome& outcome) { return std::string(outcome.verdict.reason); };
  EXPECT_EQ(reason(run_stage("<html>no head")), "http.malformed");
  EXPECT_EQ(reason(run_stage(http_response(encoded, bad))), "http.bad_encoding");
  EXPECT_EQ(
      reason(run_stage(http_response(std::string(kHtml) + "Content-Encoding: gzip, gzip\r\n", gzip(gzip(kPage))))),
      "http.bad_encoding");
  EXPECT_EQ(reason(run_stage(http_response(kHtml, std::string(1000, 'x')), small)), "");
  EXPECT_EQ(reason(run_stage(http_response(kHtml, std::string(1001, 'x')), small)), "http.too_large");
  std::string page;
  for (int i = 0; i < 1000; ++i) page += std::to_string(i * 7919 % 1000);
  EXPECT_EQ(reason(run_stage(http_response(encoded, gzip(page)), small)), "http.too_large");
  small.body_bytes_max = 100'000;
  EXPECT_EQ(reason(run_stage(http_response(encoded, gzip(std::string(1 << 20, 'x'))), small)), "http.bomb");
  EXPECT_EQ(reason(run_stage(http_response(kHtml, " \r\n"))), "http.empty");
}

// Before a coded body is decoded, room is asked for what it may decode to; for others their size tells.
TEST(HttpStage, SaysWhatDecodingMayTake) {
  HttpOptions options;
  options.body_bytes_max = 100'000;
  const auto bytes = [&](const std::string& payload) {
    Document document;
    document.payload = payload;
    return HttpStage(options).decoding_bytes(document);
  };
  const std::string html = kHtml, packed = gzip(kPage);
  EXPECT_EQ(bytes(http_response(html, kPage)), 0U);
  EXPECT_EQ(bytes(http_response(html, "\xEF\xBB\xBF words")), 0U);
  EXPECT_EQ(bytes("no head"), 0U);
  EXPECT_EQ(bytes(http_response(html + "Content-Encoding: gzip\r\n", std::string(10, 'x'))), 4 * 10 * 1032U);
  EXPECT_EQ(bytes(http_response(html + "Content-Encoding: gzip\r\n", std::string(97, 'x'))), 4 * 100'000U);
  EXPECT_EQ(bytes(http_response(html + "Content-Encoding: br\r\n", "x")), 4 * 100'000U);  // no ratio bounds it
  EXPECT_EQ(bytes(http_response(html, zstd(kPage))), 4 * 100'000U);
  EXPECT_EQ(bytes(http_response(html, packed)), std::min<uint64_t>(4 * 1032 * packed.size(), 4 * 100'000U));
  EXPECT_GT(bytes(http_response(html, "5\r\n" + packed.substr(0, 5) + "\r\n0\r\n\r\n")), 0U);  // within chunks
}

TEST(HttpStage, TellsPagesFromOtherResponses) {
  const auto outcome = [](const char* type, const char* body, const char* identified = "", bool xhtml = true) {
    HttpOptions options;
    options.xhtml = xhtml;
    const Outcome result =
        run_stage(http_response(std::string("Content-Type: ") + type + "\r\n", body), options, identified);
    EXPECT_NE(result.verdict.kind, Verdict::Kind::kDrop);
    return std::string(result.verdict.reason) + result.verdict.detail;
  };
  EXPECT_EQ(outcome("text/html", "anything"), "");
  EXPECT_EQ(outcome("TEXT/HTML;charset=x", "anything"), "");
  EXPECT_EQ(outcome("application/xhtml+xml", "<html/>"), "");
  EXPECT_EQ(outcome("application/xhtml+xml", "<html/>", "", false), "not_htmlapplication/xhtml+xml");
  EXPECT_EQ(outcome("text/plain", "<html>"), "not_htmltext/plain");
  EXPECT_EQ(outcome("text/plain", "<html>", "text/html"), "");  // the crawler looked
  EXPECT_EQ(outcome("text/html", "%PDF-", "application/pdf"), "not_htmlapplication/pdf");
  EXPECT_EQ(outcome("", "<html>"), "");  // nothing said: the bytes decide
  EXPECT_EQ(outcome("application/octet-stream", "<html>"), "");
  EXPECT_EQ(outcome("", "plain words"), "not_htmltext/plain");
}

TEST(HttpStage, StatusIsReadOrNot) {
  const std::string payload = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>gone";
  EXPECT_TRUE(run_stage(payload).verdict.kept());
  HttpOptions options;
  options.status = "ok";
  EXPECT_EQ(run_stage(payload, options).verdict.kind, Verdict::Kind::kSkip);
  EXPECT_EQ(run_stage(payload, options).verdict.reason, "http_status");
  EXPECT_TRUE(run_stage("HTTP/1.1 299 x\r\nContent-Type: text/html\r\n\r\n<p>", options).verdict.kept());
}

TEST(HttpStage, CharsetsAndReplacements) {
  const Outcome outcome = run_stage(http_response("Content-Type: text/html; charset=latin1\r\n", "caf\xE9"));
  EXPECT_EQ(outcome.document.html, "caf\xC3\xA9");
  EXPECT_EQ(outcome.document.charset, "windows-1252");
  EXPECT_EQ(run_stage(http_response(kHtml, "caf\xC3\xA9 \xE9 caf\xC3\xA9")).document.replacements, 1U);
  // One that is called UTF-8 and is not.
  const Outcome belied = run_stage(http_response(kHtml, "caf\xE9"));
  EXPECT_EQ(belied.document.html, "caf\xC3\xA9");
  EXPECT_NE(belied.document.charset, "UTF-8");
}

TEST(HttpStage, XhtmlServedAsSuchIsReadAsXml) {
  const std::string xml = "<?xml version=\"1.0\"?>", root = "<html xmlns=\"http://www.w3.org/1999/xhtml\">";
  const std::string type = "Content-Type: application/xhtml+xml; charset=utf-8\r\n";
  const auto page = [&](const std::string& body, const std::string& begin) {
    return run_stage(http_response(type, begin + body)).document.html;
  };
  const std::pair<std::string, std::string> cases[] = {
      {"<script src=\"a>b.js\"/><p>text", "<script src=\"a>b.js\"/></script><p>text"},
      {"<title/><iframe /><textarea id='x'\n/>", "<title/></title><iframe /></iframe><textarea id='x'\n/></textarea>"},
      {"<a id=\"x\"/><br/><hr /><img src=\"/a/\"/>", "<a id=\"x\"/></a><br/><hr /><img src=\"/a/\"/>"},
      {"<p><![CDATA[a < b > c && d]]> e<![CDATA[]]>", "<p>a &lt; b > c &amp;&amp; d e"},
      {"<!-- <p/> <![CDATA[x]]> --><p/>", "<!-- <p/> <![CDATA[x]]> --><p/></p>"},
      {"<script>//<![CDATA[\nif (a<b) '<p/>'//]]></script><p/>",
       "<script>//<![CDATA[\nif (a<b) '<p/>'//]]></script><p/></p>"},
      {"<p>caf\xC3\xA9</p><a href=x/>y</a>", "<p>caf\xC3\xA9</p><a href=x/>y</a>"},
      {"<![CDATA[never ends", "<![CDATA[never ends"},
      {"<p/><script/", "<p/></p><script/"},
      {"<p/><!-- <p/>", "<p/></p><!-- <p/>"},
      {"<![CDATA[" + std::string(1000, '&') + "]]>",
       "<![CDATA[" + std::string(1000, '&') + "]]>"},  // would grow too much
  };
  for (const auto& [body, html] : cases) {
    EXPECT_EQ(page(body, xml), xml + html);
    EXPECT_EQ(page(body, root), root + html);
  }
  EXPECT_EQ(page("<p/>", "\xEF\xBB\xBF " + root), " " + root + "<p/></p>");
  const std::string doctype = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"x\"><html>";
  EXPECT_EQ(page("<p/>", doctype), doctype + "<p/></p>");
  // A page that does not begin as XHTML, and one that is served as HTML, whatever the crawler made of it.
  EXPECT_EQ(page("<p/>", "<!doctype html><html>"), "<!doctype html><html><p/>");
  EXPECT_EQ(run_stage(http_response(kHtml, root + "<p/>"), {}, "application/xhtml+xml").document.html, root + "<p/>");
}

TEST(HttpHead, ContentTypeIsTheLastValidOne) {
  const auto type = [](const std::string& fields) {
    const std::string block = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
    return parse_http_head(block)->content_type();
  };
  EXPECT_EQ(type("Content-Type: Text/HTML\r\n"), "text/html");
  EXPECT_EQ(type("Content-Type: text/html;charset=utf-8\r\n"), "text/html; charset=\"utf-8\"");
  EXPECT_EQ(type("Content-Type: text/plain\r\ncontent-type: text/html;charset=gbk\r\n"), "text/html; charset=\"gbk\"");
  EXPECT_EQ(type("Content-Type: text/html;charset=gbk\r\nContent-Type: text/html\r\n"), "text/html; charset=\"gbk\"");
  EXPECT_EQ(type("Content-Type: text/plain;charset=gbk\r\nContent-Type: text/html\r\n"), "text/html");
  EXPECT_EQ(type("Content-Type: text/html;charset=gbk\r\nContent-Type: */*;charset=big5\r\n"),
            "text/html; charset=\"gbk\"");
  EXPECT_EQ(type("Content-Type: text/plain, text/html; a=\"x, y/z\"; charset=gbk\r\n"), "text/html; charset=\"gbk\"");
  EXPECT_EQ(type("Content-Type: text/html;charset=gbk, , html\r\n"), "text/html; charset=\"gbk\"");
  for (const char* invalid : {"\"text/html; charset=utf-8\"", "text/html charset=utf-8", "text/html:charset=utf-8",
                              "text/html/x", "html", "", "/html", "text/", "text /html"}) {
    EXPECT_EQ(type(std::string("Content-Type: ") + invalid + "\r\n"), "") << invalid;
  }
}

TEST(HttpStage, InvalidTypesAreSniffed) {
  const auto reason = [](const std::string& type, const std::string& body) {
    return std::string(run_stage(http_response("Content-Type: " + type + "\r\n", body)).verdict.reason);
  };
  EXPECT_EQ(reason("\"text/html; charset=utf-8\"", "<!DOCTYPE html><p>x"), "");
  EXPECT_EQ(reason("text/html charset=utf-8", "<!DOCTYPE html><p>x"), "");
  EXPECT_EQ(reason("\"text/html\"", "plain words"), "not_html");
  EXPECT_EQ(reason("text/html charset=utf-8", "%PDF-1.4"), "not_html");
  EXPECT_EQ(reason("text/html\r\nContent-Type: application/pdf", "<html>"), "not_html");
  EXPECT_EQ(reason("application/pdf\r\nContent-Type: text/html", "<html>"), "");
}

TEST(HttpStage, CodingsNoHeaderAnnounces) {
  const auto outcome = [](const std::string& fields, const std::string& body) {
    const Outcome result = run_stage(http_response(kHtml + fields, body));
    return result.verdict.kept() ? result.document.html : std::string(result.verdict.reason);
  };
  EXPECT_EQ(outcome("", gzip(kPage)), kPage);
  EXPECT_EQ(outcome("Content-Encoding: identity\r\n", gzip(kPage)), kPage);
  EXPECT_EQ(outcome("Content-Encoding: br\r\n", gzip(kPage)), kPage);
  EXPECT_EQ(outcome("", gzip("words, no page")), "words, no page");
  EXPECT_EQ(outcome("", gzip(std::string("\0tar\0", 5))), "not_html");
  EXPECT_EQ(outcome("", gzip(gzip(kPage))), "http.bad_encoding");
  EXPECT_EQ(outcome("Content-Encoding: gzip\r\n", gzip(gzip(kPage))), "http.bad_encoding");
  std::string bad = gzip(std::string(kPage) + std::string(500, 'x'), 0);
  bad[20] ^= 1;
  EXPECT_EQ(outcome("", bad), "http.bad_encoding");
  EXPECT_EQ(outcome("", "\x1F\x8B is no gzip"), "not_html");
  EXPECT_EQ(outcome("", deflate(kPage, false)), kPage);
  EXPECT_EQ(outcome("", "x^2 is the square of x"), "x^2 is the square of x");
}

TEST(HttpStage, CodingsAsServersNameThem) {
  const auto outcome = [](const std::string& codings, const std::string& body) {
    const Outcome result = run_stage(http_response(kHtml + ("Content-Encoding: " + codings) + "\r\n", body));
    return result.verdict.kept() ? result.document.html : std::string(result.verdict.reason);
  };
  EXPECT_EQ(outcome("br", brotli(kPage)), kPage);
  EXPECT_EQ(outcome("zstd", zstd(kPage)), kPage);
  EXPECT_EQ(outcome("deflate", deflate(kPage, true)), kPage);  // raw
  EXPECT_EQ(outcome("deflate", deflate(kPage, false)), kPage);
  EXPECT_EQ(outcome("GZIP", gzip(kPage)), kPage);
  EXPECT_EQ(outcome("gzip, identity", gzip(kPage)), kPage);
  EXPECT_EQ(outcome("identity", kPage), kPage);
  for (const char* const coding : {"gzip", "br", "deflate", "zstd", "none", "utf-8"})
    EXPECT_EQ(outcome(coding, kPage), kPage) << coding;  // plain, whatever was said
  EXPECT_EQ(outcome("gzip, gzip", gzip(kPage)), "http.bad_encoding");
  EXPECT_EQ(outcome("gzip, gzip", gzip(gzip(kPage))), "http.bad_encoding");
  EXPECT_EQ(outcome("br, gzip", gzip(brotli(kPage))), "http.bad_encoding");
}

TEST(HttpStage, PagesInUnitsOfTwoAndFourBytes) {
  const auto outcome = [](const std::string& mark, size_t size) {
    std::string body = mark;
    for (const char c : std::string_view("<html><p>words")) body += c + std::string(size - 1, '\0');
    const Outcome result = run_stage(http_response(kHtml, body));
    return result.document.charset + " " + result.document.html;
  };
  EXPECT_EQ(outcome(std::string("\xFF\xFE\0\0", 4), 4), "UTF-32LE <html><p>words");
  EXPECT_EQ(outcome("\xFF\xFE", 2), "UTF-16LE <html><p>words");
  EXPECT_EQ(outcome("", 2), "UTF-16LE <html><p>words");
}

TEST(HttpStage, BytesThatAreNoPageAreNoneWhateverTheirType) {
  const auto outcome = [](const std::string& type, const std::string& body) {
    const Outcome result = run_stage(http_response("Content-Type: " + type + "\r\n", body));
    return result.verdict.kept() ? result.document.html : std::string(result.verdict.reason);
  };
  EXPECT_EQ(outcome("text/html", "\x89PNG\r\n\x1A\n more"), "not_html");
  EXPECT_EQ(outcome("text/html", "\x01\x02\x03 words"), "not_html");
  EXPECT_EQ(outcome("text/html", "\x01 <P>words"), "\x01 <P>words");
  EXPECT_EQ(outcome("text/html", "words \x7F and words"), "words \x7F and words");
  EXPECT_EQ(outcome("text/html; charset=utf-16le", std::string("w\0o\0", 4)), "wo");
}

}  // namespace
}  // namespace ftok
