// The rules that stand after the scores: what they keep and drop, each side of their bounds. Scores are given, so no
// model has a say.
#include "extract/content/main_content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "extract/content/thread_address.h"
#include "extract/html/parser.h"

namespace ftok::html {
namespace {

struct Given {
  std::string title, json_ld_type, og_type;
  ContentOptions options;
};

// The texts of the blocks kept when all score .9, but those with an "x" in them .1.
std::string kept(const std::string& html, const Given& given = {}) {
  Dom dom;
  EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
  PageBlocks page;
  cut_into_blocks(dom, {}, page);
  std::vector<float> scores;
  for (const Block& block : page.blocks)
    scores.push_back(page.text_of(block).find('x') == std::string_view::npos ? 0.9F : 0.1F);
  const ContentChoice choice =
      choose_content(page, {given.title, given.json_ld_type, given.og_type}, given.options, &scores);
  std::string out;
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    if (choice.keep[i] != 0) out += std::string(page.text_of(page.blocks[i])) + "/";
  }
  return out;
}

std::string words(const std::string& word, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i == 0 ? "" : " ") + word;
  return out;
}

TEST(MainContent, TitleIsKeptOnRequestOrAlone) {
  Given given;
  given.title = "All about pears";
  EXPECT_EQ(kept("<h1>All about pears</h1><h2>Kinds</h2><p>body", given), "Kinds/body/");
  EXPECT_EQ(kept("<h1>All about pears</h1><p>x", given), "All about pears/");
  EXPECT_EQ(kept("<p>All about pears</p><p>body", given), "All about pears/body/");  // no heading
  given.options.title = true;
  EXPECT_EQ(kept("<h1>All about pears</h1><p>body", given), "All about pears/body/");
}

TEST(MainContent, CommentsGoBelowAnArticle) {
  const std::string comments = "<div class=comments><p>" + words("said", 400) + "</p></div>";
  const std::string article = words("word", 30) + "/", both = article + words("said", 400) + "/";
  Given given;
  given.og_type = "article";
  const auto page = [&](int size) { return "<p>" + words("word", size) + "</p>" + comments; };
  EXPECT_EQ(kept(page(30), given), article);
  EXPECT_EQ(kept(page(29), given),
            words("word", 29) + "/" + words("said", 400) + "/");  // fewer words than an article has
  EXPECT_EQ(kept(page(30)), article);                             // nothing but comments behind it
  given.og_type = "product";  // reviews stay with a product unless it says more than they do
  EXPECT_EQ(kept(page(400), given), words("word", 400) + "/" + words("said", 400) + "/");
  EXPECT_EQ(kept(page(401), given), words("word", 401) + "/");
  given.og_type.clear();
  given.json_ld_type = "NewsArticle";
  EXPECT_EQ(kept(page(30), given), article);
  given.json_ld_type = "DiscussionForumPosting";
  EXPECT_EQ(kept(page(401), given), words("word", 401) + "/" + words("said", 400) + "/");
  given.json_ld_type = "NewsArticle";
  given.options.comments = true;
  EXPECT_EQ(kept(page(30), given), both);
}

TEST(MainContent, CommentsBeforeTheArticleStay) {
  Given given;
  given.og_type = "article";
  const std::string page = "<div class=comments><p>said</p></div><p>" + words("word", 60) + "</p>";
  EXPECT_EQ(kept(page, given), "said/" + words("word", 60) + "/");
}

TEST(MainContent, TablesBetweenKeptBlocksAreWhole) {
  EXPECT_EQ(kept("<p>a</p><table><tr><td>b<td>x</table><p>c</p>"), "a/b/x/c/");
  EXPECT_EQ(kept("<p>x</p><table><tr><td>b<tr><td>x</table><p>c</p>"), "b/c/");
  EXPECT_EQ(kept("<p>a</p><div><div><table><tr><td>b<tr><td>x</table></div></div><p>c</p>"), "a/b/x/c/");  // in frames
  EXPECT_EQ(kept("<p>a</p><div>d<table><tr><td>b<tr><td>x</table></div><p>c</p>"), "a/d/b/c/");
  EXPECT_EQ(kept("<p>a</p><table><tr><td>b<td><a href=/>x and a link</a></table><p>c</p>"), "a/b/c/");
}

TEST(MainContent, RowsOfDataAreWhole) {
  const auto row = [](const std::string& cells) { return kept("<table><tr>" + cells + "</tr></table>"); };
  EXPECT_EQ(row("<td>xabc<td>word"), "xabc/word/");
  EXPECT_EQ(row("<td>xabcd<td>word"), "word/");  // less than half of the letters are kept
  const std::string five = "<td>one<td>two<td>three<td>four<td>five";
  EXPECT_EQ(row("<td>x" + five), "x/one/two/three/four/five/");
  EXPECT_EQ(row("<td>x" + five + "<td>seven"), "one/two/three/four/five/seven/");  // seven blocks: a layout
  EXPECT_EQ(row("<td><p>x<p>x<td>some words"), "some words/");                     // not alone in its cell
  EXPECT_EQ(row("<td><a href=a>x</a><td>some words"), "x/some words/");
  EXPECT_EQ(row("<td><a href=a>x</a> <a href=b>x</a><td>some words"), "some words/");  // two links
  EXPECT_EQ(row("<td><nav>x</nav><td>some words"), "some words/");
  EXPECT_EQ(row("<td hidden>x<td>some words"), "some words/");
  EXPECT_EQ(kept("<table><tr><td>x</tr><tr><td>some words</tr></table>"), "some words/");  // another row
}

TEST(MainContent, TermsFollowTheirDefinitions) {
  EXPECT_EQ(kept("<dl><dt>x<dd>meaning</dl>"), "x/meaning/");
  EXPECT_EQ(kept("<dl><dt>term x<dd>meaning x<dd>y</dl>"), "y/");
}

TEST(MainContent, AnnouncedListsAreKeptWhole) {
  const std::string items = "<ul><li>ax<li>bx<li>c</ul>";
  EXPECT_EQ(kept("<p>In these forms:</p>" + items + "<p>end</p>"), "In these forms:/ax/bx/c/end/");
  EXPECT_EQ(kept("<p>In these forms.</p>" + items + "<p>end</p>"), "In these forms./c/end/");
  EXPECT_EQ(kept("<p>In these forms.</p><ul><li>ax<li>bbb</ul><p>end</p>"),
            "In these forms./ax/bbb/end/");                                               // most is kept
  EXPECT_EQ(kept("<p>In these forms:</p>" + items + "<p>xx</p>"), "In these forms:/c/");  // nothing behind it
  EXPECT_EQ(kept("<p>In these forms:</p><nav>" + items + "</nav><p>end</p>"), "In these forms:/c/end/");
  EXPECT_EQ(kept("<p>In these forms:</p><ul><li>ax<li>bx</ul><p>end</p>"), "In these forms:/end/");  // scores .1 alone
  EXPECT_EQ(kept("<p>The rooms:</p><ul><li>a</li><ul><li>bx</li></ul><li>c</li></ul><p>end</p>"),
            "The rooms:/a/bx/c/end/");
}

TEST(MainContent, ListsUnderTheirHeadingAreKeptWhole) {
  const auto list = [](const std::string& heading, const std::string& items) {
    return kept("<p>before</p>" + heading + "<ul>" + items + "</ul><p>x</p>");
  };
  EXPECT_EQ(list("<h2>To do</h2>", "<li>abc<li>defx<li>gx"), "before/To do/abc/defx/gx/");
  EXPECT_EQ(list("<p>To do</p>", "<li>abc<li>defx<li>gx"), "before/To do/abc/");
  EXPECT_EQ(list("<h2>To do</h2>", "<li>a<li>defx<li>ghi jkl mno x"), "before/To do/a/");  // scores below .3
  EXPECT_EQ(list("<h2>To do x</h2>", "<li>abc<li>defx<li>gx"), "before/abc/");
  EXPECT_EQ(list("<h2>To do</h2>", "<li><a href=a>abc</a><li>defx<li>gx"), "before/To do/abc/");  // links
}

// Of a list of so many items all are kept, or those alone that are kept anyway.
TEST(MainContent, LongListsAreKeptWholeWhereverTheyStand) {
  const auto list = [](int items, int good, const char* box) {
    std::string html = std::string("<") + box + "><ul>";
    for (int i = 0; i < items; ++i) html += i < good ? "<li>ab" : "<li>xy";
    return html + "</ul></" + box + ">";
  };
  const auto count = [](const std::string& html) {
    Given given;
    given.og_type = "article";  // the rule of items alike is for other pages
    const std::string texts = kept(html, given);
    return std::count(texts.begin(), texts.end(), '/');
  };
  EXPECT_EQ(count(list(205, 82, "div")), 205);  // two fifths
  EXPECT_EQ(count(list(205, 81, "div")), 81);
  EXPECT_EQ(count(list(200, 180, "div")), 180);  // not that long: it needs kept text around it
  EXPECT_EQ(count(list(205, 180, "nav")), 180);
}

// What stands at one place in each of the items goes together.
TEST(MainContent, ItemsAreAlike) {
  const auto cards = [](int count, int good, const std::string& box = "div") {
    std::string html = "<" + box + ">";
    for (int i = 0; i < count; ++i) {
      html += "<div class=card><div class=name>name</div><div class=price>";
      html += i < good ? "ab</div></div>" : "xy</div></div>";
    }
    return html + "</" + box + ">";
  };
  const auto prices = [](const std::string& html, const Given& given = {}) {
    const std::string texts = kept(html, given);
    return std::count(texts.begin(), texts.end(), '/') - std::count(texts.begin(), texts.end(), 'm');
  };
  EXPECT_EQ(prices(cards(9, 3)), 9);   // a third is kept
  EXPECT_EQ(prices(cards(10, 3)), 3);  // less than that, and more than a tenth
  EXPECT_EQ(prices(cards(10, 1)), 0);  // a tenth
  EXPECT_EQ(prices(cards(9, 1)), 1);
  EXPECT_EQ(prices(cards(5, 2)), 5);
  EXPECT_EQ(prices(cards(4, 2)), 2);  // too few items
  EXPECT_EQ(prices(cards(9, 3, "aside")), 3);
  Given article;
  article.og_type = "article";
  EXPECT_EQ(prices(cards(9, 3), article), 3);
}

TEST(MainContent, WhoWroteAPostIsNoText) {
  EXPECT_EQ(kept("<div class=message-userDetails><h4>Ann</h4></div><p>a post</p>"), "a post/");
  EXPECT_EQ(kept("<div class=message-body><h4>Ann</h4></div><p>a post</p>"), "Ann/a post/");
  EXPECT_EQ(kept("<div class=message-userDetails><h4>Ann</h4></div><p>x</p>"), "Ann/");  // nothing else is kept
}

TEST(MainContent, FormulasGoWithTheTextAroundThem) {
  const std::string formula = "<div><math alttext=x></math></div>";
  EXPECT_EQ(kept("<p>a</p>" + formula + "<p>c</p>"), "a/$x$/c/");
  EXPECT_EQ(kept("<p>x</p>" + formula + "<p>x</p>"), "");
  EXPECT_EQ(kept("<div><p>a</p>" + formula + "</div><p>x</p>"), "a/$x$/");               // in the box of the one before
  EXPECT_EQ(kept("<div><p>a</p></div><div>" + formula + "<p>x</p></div>"), "a/");        // in another
  EXPECT_EQ(kept("<div><p>a</p></div><div>" + formula + "</div><p>c</p>"), "a/$x$/c/");  // between the two
  EXPECT_EQ(kept("<p>a</p><nav>" + formula + "</nav><p>c</p>"), "a/c/");
  EXPECT_EQ(kept("<p>a</p>" + formula + formula + "<p>c</p>"), "a/$x$/$x$/c/");
  EXPECT_EQ(kept("<p>a</p><div>x of, <math alttext=x></math></div><p>c</p>"), "a/c/");  // not more than half of it
  EXPECT_EQ(kept("<p>a</p><div>x <math alttext=x></math></div><p>c</p>"), "a/x $x$/c/");
  const auto row = [](const std::string& number) {
    return "<table><tr><td><math alttext=x></math><td>" + number + "</table>";
  };
  EXPECT_EQ(kept("<p>a</p>" + row("(1x)") + row("(2x)") + "<p>c</p>"), "a/$x$/(1x)/$x$/(2x)/c/");
  EXPECT_EQ(kept("<p>x</p>" + row("(1x)") + "<p>c</p>"), "$x$/(1x)/c/");
  EXPECT_EQ(kept("<p>a</p><p>(1x)</p><p>c</p>"), "a/c/");                                 // a number of no formula
  EXPECT_EQ(kept("<p>a</p><div>$$x$$</div><div>(1x)</div><p>c</p>"), "a/$$x$$/(1x)/c/");  // as its script reads it
  EXPECT_EQ(kept("<p>a</p><div>\\[x\\]</div><p>c</p>"), "a/\\[x\\]/c/");
  EXPECT_EQ(kept("<p>a</p><div>$$x$$ x</div><p>c</p>"), "a/c/");
  EXPECT_EQ(kept("<p>a</p><div>x $$$$</div><p>c</p>"), "a/c/");
}

// The expected F1 of blocks of .5 is two thirds, and the cut a share of it.
TEST(Conversation, IsCutLower) {
  const std::string html = "<p>one</p><p>two</p>";
  Dom dom;
  ASSERT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
  PageBlocks page;
  cut_into_blocks(dom, {}, page);
  const std::vector<float> scores(page.blocks.size(), 0.5F);
  const auto cut = [&](const char* type, const char* address) {
    return choose_content(page, {"", type, "", address}, {}, &scores).cut * 1.5F;
  };
  EXPECT_NEAR(cut("", "https://mill.example/"), 0.6, 1e-6);
  EXPECT_NEAR(cut("", "https://forum.mill.example/x"), 0.45, 1e-6);
  EXPECT_NEAR(cut("NewsArticle", "https://mill.example/"), 0.65, 1e-6);
  EXPECT_NEAR(cut("NewsArticle", "https://forum.mill.example/x"), 0.5, 1e-6);
}

TEST(Conversation, AddressesOfThreads) {
  for (const char* address :
       {"https://forum.example.org/x", "https://warriorforum.com/a/b.html", "http://bbs.example.org/",
        "https://example.org/forums/a", "https://example.org/showthread.php?t=1",
        "https://example.org/viewtopic.php?id=9", "https://example.org/questions/7/how-to",
        "https://meta.example.org/t/slug/9", "https://community.example.org/x",
        "https://git.example.org/mill/issues/12", "https://example.org/ticket/7?x=1",
        "https://example.org/browse/MILL-12/", "https://example.org/show_bug.cgi?id=9",
        "https://old.reddit.com/r/mills/comments/1/x/"}) {
    EXPECT_TRUE(is_thread_address(address)) << address;
  }
  for (const char* address :
       {"", "forum", "https://example.org/", "https://example.org/2024/the-forum-of-rome",
        "https://example.org/open-thread/", "https://example.org/news?id=questions-asked",
        "https://example.org/issues/12/the-mill", "https://example.org/issues/spring", "https://example.org/2024/12"}) {
    EXPECT_FALSE(is_thread_address(address)) << address;
  }
}

TEST(Conversation, TitlesOfThreads) {
  for (const char* title :
       {"The wheel squeaks - Mill Forum", "Mill Forums | The wheel squeaks",
        "Wheel squeaks \u00B7 Issue #12 \u00B7 mill", "Ticket #7: the wheel", "The wheel - Millers Stack Exchange",
        "Wheel (#12) \u00B7 Issues \u00B7 mill", "#12 (Wheel squeaks) \u2013 Mill", "[MILL-12] Wheel squeaks",
        "Wheel squeaks - ASF JIRA", "#12 - Wheel squeaks - mill/wheel - Codeberg.org",
        "Oil it? \u00B7 mill/wheel \u00B7 Discussion #7", "The wheel squeaks - Lemmy.World"}) {
    EXPECT_TRUE(is_thread_title(title)) << title;
  }
  for (const char* title :
       {"", "The forum of Rome", "Rome - the forum and the mills - Travel", "Issue # of the magazine", "Forums",
        "#12 mills to see", "Mills (#", "Forums of Rome: a walk", "#12 - The mills of Weirside - A Podcast",
        "[Video] The wheel", "[A-1 mills", "[MILL-12]squeaks", "[-12] x", "#12 - and/or"}) {
    EXPECT_FALSE(is_thread_title(title)) << title;
  }
}

TEST(Conversation, CommentsGoWhateverTheirShare) {
  const std::string article = "<p>" + words("word", 30) + "</p>", short_one = "<p>" + words("word", 29) + "</p>";
  const auto comments = [](const char* name) {
    return "<div class='" + std::string(name) + "'><p>" + words("said", 500) + "</p></div>";
  };
  const auto keeps = [](const std::string& html, const Given& given = {}) {
    return kept(html, given).find("said") != std::string::npos;
  };
  EXPECT_FALSE(keeps(article + comments("comments")));
  EXPECT_TRUE(keeps(short_one + comments("comments")));                                     // no article
  EXPECT_TRUE(keeps(article + comments("comments") + "<p>" + words("more", 30) + "</p>"));  // it goes on behind them
  EXPECT_FALSE(keeps(article + comments("comments") + "<p>" + words("more", 29) + "</p>"));
  EXPECT_TRUE(keeps(article + comments("main-content__item__comment")));  // the page's own text, named so too
  EXPECT_FALSE(keeps(article + comments("post-comments")));
  EXPECT_TRUE(keeps(article + comments("post-comment-main")));  // as the page's own text may be named
  EXPECT_FALSE(keeps(article + comments("comentarios")));
  EXPECT_FALSE(keeps(article + comments("reacties")));
  EXPECT_TRUE(keeps(article + comments("responsive")));
  EXPECT_FALSE(keeps(article + "<section aria-label='Comments'><p>" + words("said", 500) + "</p></section>"));
  EXPECT_TRUE(keeps(article + "<section aria-label='More'><p>" + words("said", 500) + "</p></section>"));
  EXPECT_TRUE(keeps(article + comments("comments"), {"", "QAPage", "", {}}));
  EXPECT_TRUE(
      keeps("<div itemtype='https://schema.org/DiscussionForumPosting'>" + article + comments("comments") + "</div>"));
  EXPECT_TRUE(keeps("<div class=forum>" + article + comments("comments") + "</div>"));
  EXPECT_FALSE(keeps("<div class=forum>" + article + comments("comments") + "</div>", {"", "Article", "", {}}));
  EXPECT_TRUE(keeps(article + comments("comments"), {"", "Product", "", {}}));  // its reviews
}

TEST(Conversation, PostsAreKeptWhereTheirLikeIs) {
  const std::string said = words("said", 5), left = "x" + words("left", 5);
  const auto post = [](const std::string& text) { return "<div class=post><p>" + text + "</p></div>"; };
  const auto page = [&](int others) {
    std::string html;
    for (int i = 0; i < others; ++i) html += post(said);
    return html + post(left);
  };
  const auto keeps = [](const std::string& html, const std::string& type) {
    return kept(html, {"", type, "", {}}).find("left") != std::string::npos;
  };
  EXPECT_TRUE(keeps(page(3), "QAPage"));   // three quarters of the words that stand so are kept
  EXPECT_FALSE(keeps(page(2), "QAPage"));  // two thirds
  EXPECT_FALSE(keeps(page(3), ""));        // no conversation
  EXPECT_FALSE(keeps(page(2) + "<div class=other><p>" + said + "</p></div>", "QAPage"));
  EXPECT_FALSE(keeps(post(words("said", 30)) + post(left), "QAPage"));                             // no more than two
  EXPECT_FALSE(keeps(post(said) + post(said) + post(said) + post("x left and right"), "QAPage"));  // four words
  EXPECT_FALSE(
      keeps(page(3).substr(0, page(3).size() - post(left).size()) + "<nav>" + post(left) + "</nav>", "QAPage"));
}

// Boxes that say by other means than a name of the model's that they hold comments, each beside its like that does not.
TEST(Conversation, BoxesSayInManyWaysThatTheyHoldComments) {
  const std::string article = "<p>" + words("word", 30) + "</p>", said = "<p>" + words("said", 500) + "</p>";
  const auto keeps = [&](const std::string& open, const std::string& close = "</div>") {
    return kept(article + open + said + close).find("said") != std::string::npos;
  };
  EXPECT_FALSE(keeps("<div itemtype='https://schema.org/Comment'>"));
  EXPECT_FALSE(keeps("<div itemtype='http://schema.org/UserComments'>"));
  EXPECT_TRUE(keeps("<div itemtype='https://schema.org/CommentAction'>"));
  EXPECT_FALSE(keeps("<div data-testid='comments-section'>"));
  EXPECT_FALSE(keeps("<div data-component='CommentList'>"));
  EXPECT_TRUE(keeps("<div data-testid='more'>"));
  EXPECT_FALSE(keeps("<section aria-labelledby=comments-heading>", "</section>"));
  EXPECT_TRUE(keeps("<section aria-labelledby=more-heading>", "</section>"));
  EXPECT_FALSE(keeps("<reader-comments><div>", "</div></reader-comments>"));
  EXPECT_TRUE(keeps("<reader-notes><div>", "</div></reader-notes>"));
  EXPECT_FALSE(keeps("<div class=talkback>"));
  EXPECT_FALSE(keeps("<div class=yorum-listesi>"));
  EXPECT_TRUE(keeps("<div class=talk>"));
  for (const char* heading : {"12 Comments", "Comments (12)", "3 thoughts on \u201CThe mill\u201D", "Responses (5)",
                              "5 commentaires", "\u8BC4\u8BBA (5)"})
    EXPECT_FALSE(keeps("<div><h2>" + std::string(heading) + "</h2>")) << heading;
  for (const char* heading : {"Comments", "12 mills", "Comments on 3 mills", "The 12 comments of the miller"})
    EXPECT_TRUE(keeps("<div><h2>" + std::string(heading) + "</h2>")) << heading;
  EXPECT_FALSE(keeps("<h2>12 Comments</h2><div>"));           // the box behind the heading
  EXPECT_TRUE(keeps("<div>", "</div><h2>12 Comments</h2>"));  // not the one before it
}

}  // namespace
}  // namespace ftok::html
