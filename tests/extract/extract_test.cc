#include "extract/extract.h"

#include <gtest/gtest.h>

#include <string>

#include "document/text_lines.h"
#include "extract/extract_stage.h"

namespace ftok {
namespace {

constexpr char kProse[] =
    "<p>The lighthouse stands on a low cliff, and from its lamp room one sees three islands and the ferry that serves "
    "them twice a day. It was built in 1871, when the harbour still took sailing ships.</p>"
    "<p>Visitors may climb the tower from May to September; the keeper, who lives next door, tells its story gladly, "
    "and "
    "shows the old clockwork that once turned the lens.</p>";

std::string page_of(const std::string& inside) {
  return "<html lang=en><head><title>Lighthouse</title></head><body><nav><a href=/>Home</a> <a href=/a>About</a></nav>"
         "<article>" +
         inside + "</article><footer>Copyright <a href=/l>Legal</a></footer></body></html>";
}

TEST(Extract, KeepsTheArticleAndDropsItsFrame) {
  const ExtractResult page = extract(page_of(kProse), {});
  EXPECT_EQ(page.drop_reason, nullptr);
  EXPECT_NE(page.text.find("three islands"), std::string::npos);
  EXPECT_NE(page.text.find("old clockwork"), std::string::npos);
  EXPECT_EQ(page.text.find("About"), std::string::npos);
  EXPECT_EQ(page.text.find("Legal"), std::string::npos);
}

TEST(Extract, MarkdownCarriesThePlainTextAndItsLines) {
  const std::string html = page_of(
      "<h1>Lighthouse</h1><h2>The tower</h2><p>The lighthouse stands on a low cliff, and from its lamp room one sees "
      "three islands and the ferry that serves them twice a day. It was built in 1871, when the harbour still took "
      "sailing ships.</p><pre><code>open lens\n\nclose lens</code></pre><p>Visitors may climb the tower from May to "
      "September; the keeper, who lives next door, tells its story gladly, and shows the old clockwork that once "
      "turned "
      "the lens. See <a href=/b>the book</a>.<br>Or the film, which is shown on "
      "Sundays.</p><table><tr><th>Year<th>Ships"
      "<tr><td>1871<td>12</table><p>The ferry takes an hour. It leaves at nine and at four from the quay below the "
      "church, and nobody is left behind.</p>");
  for (const bool links : {false, true}) {
    ExtractOptions options;
    options.links = links;
    const ExtractResult plain = extract(html, options);
    options.markdown = true;
    const ExtractResult marked = extract(html, options);
    ASSERT_TRUE(marked.plain);
    EXPECT_FALSE(plain.plain);
    EXPECT_EQ(*marked.plain, plain.text);
    EXPECT_EQ(plain.text.find("Lighthouse"), std::string::npos);  // the title is Markdown's alone
    EXPECT_EQ(marked.text.substr(0, 12), "# Lighthouse");
    Document document;
    document.text = plain.text;
    document.markdown = marked.text;
    document.lines = marked.lines;
    ASSERT_TRUE(has_line_entries(document));
    std::string kinds;
    for (const uint32_t entry : marked.lines) kinds += "pctf"[static_cast<size_t>(kind_of_line(entry))];
    // a heading, a paragraph, code, a paragraph of two lines, two rows, a paragraph
    EXPECT_EQ(kinds, "ppcccppttp");
    rewrite_lines(document, {"", {}});
    EXPECT_EQ(document.markdown,
              "# Lighthouse\n\n```\nopen lens\n\nclose lens\n```\n\n| Year | Ships |\n| --- | --- |\n| 1871 | 12 |");
    // The kinds are known without Markdown too.
    ASSERT_EQ(plain.lines.size(), marked.lines.size());
    for (size_t i = 0; i < plain.lines.size(); ++i)
      EXPECT_EQ(plain.lines[i], line_entry(kind_of_line(marked.lines[i]), 0));
  }
  EXPECT_TRUE(extract(page_of(kProse), {}).lines.empty());  // all is prose
}

TEST(Extract, ThePlainTextDecidesWhetherThereIsAny) {
  ExtractOptions options;
  options.markdown = true;
  Document document;
  document.html = page_of("<h1>Lighthouse</h1>" + std::string(kProse));
  EXPECT_TRUE(ExtractStage(options).process(document).kept());
  EXPECT_EQ(document.markdown, "# Lighthouse\n\n" + document.text.substr(0, document.text.find('\n')) + "\n\n" +
                                   document.text.substr(document.text.find('\n') + 1));
  document = Document();
  document.html = "<p></p>";
  EXPECT_EQ(ExtractStage(options).process(document).reason, "extract.no_text");
}

TEST(Extract, NeverKeepsScripts) {
  const ExtractResult page =
      extract(page_of(std::string(kProse) + "<script>var x = 1;</script><style>a{}</style>"), {});
  EXPECT_EQ(page.text.find("var x"), std::string::npos);
  EXPECT_EQ(page.text.find("a{}"), std::string::npos);
}

TEST(Extract, EveryScriptOfTheWorld) {
  for (const char* text :
       {"등대는 낮은 절벽 위에 서 있고, 등실에서는 섬 세 개와 하루에 두 번 오가는 배가 보인다. 1871년에 지어졌다.",
        "灯台は低い崖の上に立ち、灯室からは三つの島と、一日に二度通う船が見える。一八七一年に建てられたものである。",
        "灯塔矗立在低矮的悬崖上，从灯室可以看到三座岛屿，以及每天往返两次的渡轮。它建于一八七一年，当时港口还停泊着帆船"
        "。",
        "تقف المنارة على جرف منخفض، ومن غرفة المصباح يرى المرء ثلاث جزر والعبّارة التي تخدمها مرتين في اليوم.",
        "המגדלור ניצב על צוק נמוך, ומחדר הפנס רואים שלושה איים ואת המעבורת המשרתת אותם פעמיים ביום.",
        "ประภาคารตั้งอยู่บนหน้าผาเตี้ย จากห้องโคมไฟมองเห็นเกาะสามเกาะและเรือข้ามฟากที่แล่นวันละสองเที่ยว "
        "สร้างขึ้นเมื่อปี พ.ศ. ๒๔๑๔",
        "Маяк стоит на низком утёсе, и из фонарной комнаты видны три острова и паром, который ходит к ним дважды в "
        "день."}) {
    const ExtractResult page = extract(page_of("<p>" + std::string(text) + "</p>"), {});
    EXPECT_NE(page.text.find(text), std::string::npos) << page.text;
  }
}

TEST(Extract, FieldsOfThePage) {
  const ExtractResult page = extract(
      "<html lang='en-GB'><head><title>Fallback | Site</title><meta property='og:title' content='The  Title'>"
      "<meta name=description content='What it is'><link rel='canonical' href='https://a.example/x'>"
      "<meta property='og:site_name' content='Harbour News'>"
      "<script type='application/ld+json'>{\"@context\":\"https://schema.org\",\"@graph\":[{\"@type\":\"NewsArticle\","
      "\"headline\":\"Other\",\"author\":[{\"@type\":\"Person\",\"name\":\"Ann "
      "Lee\"}],\"datePublished\":\"2024-05-01\"}]}"
      "</script></head><body><article>" +
          std::string(kProse) + "</article>",
      {});
  EXPECT_EQ(page.metadata.title, "The Title");
  EXPECT_EQ(page.metadata.author, "Ann Lee");
  EXPECT_EQ(page.metadata.published, "2024-05-01");
  EXPECT_EQ(page.metadata.site, "Harbour News");
  EXPECT_EQ(page.metadata.html_language, "en-GB");
  EXPECT_EQ(page.metadata.canonical_url, "https://a.example/x");
  EXPECT_EQ(page.metadata.description, "What it is");
  EXPECT_EQ(page.metadata.json_ld_type, "NewsArticle");
}

TEST(Extract, CanonicalAddressesAreResolvedAgainstThePages) {
  const auto canonical = [](const std::string& href, std::string_view url, const std::string& head = "") {
    return extract(head + "<link rel=canonical href=\"" + href + "\"><p>x", {}, url).metadata.canonical_url;
  };
  constexpr std::string_view kUrl = "https://a.example/b/c?d=1#e";
  const std::pair<const char*, const char*> resolved[] = {
      // RFC 3986, 5.4, and the URL Standard
      {"https://b.example/z", "https://b.example/z"},
      {"HTTP://B.example", "HTTP://B.example"},
      {" https://b.example/\n z ", "https://b.example/%20z"},
      {"//b.example/z", "https://b.example/z"},
      {"\\\\b.example\\z", "https://b.example/z"},
      {"https:f", "https://a.example/b/f"},
      {"/", "https://a.example/"},
      {"/x/y", "https://a.example/x/y"},
      {"/x/./y/../../z", "https://a.example/z"},
      {"f", "https://a.example/b/f"},
      {"./", "https://a.example/b/"},
      {"../f", "https://a.example/f"},
      {"../../../f/..", "https://a.example/"},
      {"?q=http://x.example/p", "https://a.example/b/c?q=http://x.example/p"},
      {"#top", "https://a.example/b/c?d=1#top"},
      {"/l?u=../x", "https://a.example/l?u=../x"},
  };
  for (const auto& [href, url] : resolved) EXPECT_EQ(canonical(href, kUrl), url) << href;
  for (const char* const none : {"", "javascript:void(0)", "data:,x", "ftp://b.example/", "http://", "https:///x",
                                 "https://:80/", "http:f", "//"})
    EXPECT_EQ(canonical(none, kUrl), "") << none;
  EXPECT_EQ(canonical("f", "https://a.example"), "https://a.example/f");
  EXPECT_EQ(canonical("?q", "https://a.example"), "https://a.example?q");
  EXPECT_EQ(canonical("/" + std::string(9000, 'f'), kUrl), "");

  EXPECT_EQ(canonical("f", kUrl, "<base target=_top><base href=../g/><base href=/h/>"), "https://a.example/g/f");
  EXPECT_EQ(canonical("f", kUrl, "<base href=data:,x>"), "https://a.example/b/f");
  EXPECT_EQ(canonical("f", "", "<base href=https://g.example/g/>"), "https://g.example/g/f");

  for (const char* const unknown : {"", "page.html", "file:///page.html"}) {  // nothing to resolve against
    EXPECT_EQ(canonical("/x/y", unknown), "") << unknown;
    EXPECT_EQ(canonical("https://b.example/z", unknown), "https://b.example/z") << unknown;
    EXPECT_EQ(canonical("//b.example/z", unknown), "https://b.example/z") << unknown;
  }
}

TEST(Extract, OpenGraphsAddressCountsWhereThereIsNoCanonicalOne) {
  const std::string og = "<meta property=og:url content=/og>";
  EXPECT_EQ(extract(og + "<p>x", {}, "https://a.example/x").metadata.canonical_url, "https://a.example/og");
  EXPECT_EQ(extract(og + "<link rel=canonical href=/c><p>x", {}, "https://a.example/x").metadata.canonical_url,
            "https://a.example/c");
  EXPECT_EQ(
      extract(og + "<link rel=canonical href='javascript:'><p>x", {}, "https://a.example/").metadata.canonical_url,
      "https://a.example/og");
}

TEST(Extract, AHeadingThatLeadsHomeIsTheSitesName) {
  const auto title = [](const std::string& heading) {
    return extract("<title>Mills of the north</title><h1>" + heading + "</h1><h1>All mills</h1><p>x", {})
        .metadata.title;
  };
  for (const char* const home : {"/", "https://mills.example", "https://mills.example/", "/index.php", "/index.html"})
    EXPECT_EQ(title("<a href='" + std::string(home) + "'>The Mill Board</a>"), "All mills") << home;
  for (const char* const other : {".", "/mills/", "https://mills.example/mills", "#top"})
    EXPECT_EQ(title("<a href='" + std::string(other) + "'>The Mill Board</a>"), "The Mill Board") << other;
  EXPECT_EQ(title("Mills <a href=/>of the board</a>"), "Mills of the board");
  EXPECT_EQ(title("The Mill Board"), "The Mill Board");
}

TEST(Extract, TitlesInLines) {
  for (const char* const title : {"Pears<br>and figs", "Pears<div>and figs</div>", "<div><i>Pears</i></div>and figs",
                                  "Pears<b style=display:block>and figs</b>"})
    EXPECT_EQ(extract("<h1>" + std::string(title) + "</h1><p>x", {}).metadata.title, "Pears and figs") << title;
  EXPECT_EQ(extract("<h1>P<b>ears</b></h1><p>x", {}).metadata.title, "Pears");
}

TEST(Extract, TitlesWithoutPermalinks) {
  EXPECT_EQ(extract("<h1>Pears<a href='#pears'>\u00B6</a></h1><p>x", {}).metadata.title, "Pears");
  EXPECT_EQ(extract("<meta property=og:title content='Pears \u00B6'><p>x", {}).metadata.title, "Pears");
  EXPECT_EQ(extract("<title>Learn C#</title><p>x", {}).metadata.title, "Learn C#");
}

TEST(Extract, FramesGiveWhatTheyTellReadersWithout) {
  const std::string text = "<p>" + std::string(330, 'a') + " " + std::string(60, 'b') + "</p>";
  const auto page = [](const std::string& inner) {
    return "<frameset><frame><noframes>" + inner + "</noframes></frameset>";
  };
  ASSERT_LE(text.size(), 400U);
  EXPECT_STREQ(extract(page(text), {}).drop_reason, "extract.no_text");  // a notice
  const std::string sentence =
      "The lighthouse stands on a low cliff, and from its lamp room one sees three islands and a ferry. ";
  std::string longer = "<h1>The lighthouse</h1>";
  for (int i = 0; i < 4; ++i) longer += "<p>" + sentence + sentence + std::to_string(i) + "</p>";
  const ExtractResult shown = extract(page(longer), {});
  EXPECT_EQ(shown.drop_reason, nullptr);
  EXPECT_NE(shown.text.find("lamp room"), std::string::npos);
  EXPECT_EQ(extract("<body><p>shown here</p><noframes>" + longer + "</noframes>", {}).text.find("lamp room"),
            std::string::npos);
}

TEST(Extract, DamagedJsonLdIsNoMatter) {
  const ExtractResult page =
      extract("<script type='application/ld+json'>{\"@type\":[[[</script>" + page_of(kProse), {});
  EXPECT_EQ(page.drop_reason, nullptr);
  EXPECT_EQ(page.metadata.title, "Lighthouse");
}

TEST(Extract, PagesOfScriptAloneFallBackToJsonLd) {
  const ExtractResult page = extract(
      "<script type='application/ld+json'>{\"@type\":\"Article\",\"articleBody\":\"Only here.\"}</script><div "
      "id=root></div>",
      {});
  EXPECT_EQ(page.text, "Only here.");
}

TEST(Extract, SaysWhyThereIsNoText) {
  EXPECT_STREQ(extract("", {}).drop_reason, "extract.no_text");
  EXPECT_STREQ(extract("<script>x</script>", {}).drop_reason, "extract.no_text");
  ExtractOptions options;
  options.bytes_max = 20;
  EXPECT_STREQ(extract("<p>123456789012345678", options).drop_reason, "extract.too_large");
  std::string deep;
  for (int i = 0; i < 513; ++i) deep += "<div>";
  const ExtractResult page = extract(deep, {});
  EXPECT_STREQ(page.drop_reason, "extract.too_complex");
  EXPECT_STREQ(page.detail, "depth");
}

TEST(Extract, IsDeterministic) {
  const std::string page = page_of(kProse);
  EXPECT_EQ(extract(page, {}).text, extract(page, {}).text);
  EXPECT_EQ(extract(page, {}).steps, extract(page, {}).steps);
}

TEST(ExtractStage, FillsTheDocument) {
  Document document;
  document.html = page_of(kProse);
  EXPECT_TRUE(ExtractStage({}).process(document).kept());
  EXPECT_TRUE(document.html.empty());
  EXPECT_EQ(document.title, "Lighthouse");
  EXPECT_EQ(document.html_language, "en");
  EXPECT_NE(document.text.find("islands"), std::string::npos);
}

TEST(ExtractStage, PassesTextUntouched) {
  Document document;
  document.text = "from a WET file";
  EXPECT_TRUE(ExtractStage({}).process(document).kept());
  EXPECT_EQ(document.text, "from a WET file");
}

TEST(ExtractStage, DropsUnderStableReasons) {
  Document empty;
  EXPECT_EQ(ExtractStage({}).process(empty).reason, "extract.no_text");
  Document deep;
  for (int i = 0; i < 600; ++i) deep.html += "<div>";
  const Verdict verdict = ExtractStage({}).process(deep);
  EXPECT_EQ(verdict.reason, "extract.too_complex");
  EXPECT_EQ(verdict.detail, "depth");
  EXPECT_EQ(verdict.threshold, 512);
  Document large;
  large.html = std::string(200, 'x');
  ExtractOptions options;
  options.bytes_max = 100;
  EXPECT_EQ(ExtractStage(options).process(large).reason, "extract.too_large");
}

TEST(ExtractStage, ReportsEveryRule) {
  Document document;
  document.html = page_of(kProse);
  Report report;
  ExtractStage({}).process(document, &report);
  ASSERT_EQ(report.measurements.size(), 4u);
  EXPECT_EQ(report.measurements[0].rule, "extract.steps");
  EXPECT_GT(report.measurements[0].value, 100);
}

}  // namespace
}  // namespace ftok
