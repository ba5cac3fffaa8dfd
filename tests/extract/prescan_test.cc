#include "extract/html/prescan.h"

#include <gtest/gtest.h>

#include <string>

namespace ftok::html {
namespace {

std::string times(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

ParseStatus status_of(std::string_view html) { return prescan(html, {}).status; }

TEST(Prescan, CapsDepth) {
  for (const char* tag : {"<div>", "<span>", "<section>", "<x-y>", "<ul><li>", "<table><tr><td>", "<svg>"}) {
    EXPECT_EQ(status_of(times(tag, 100)), ParseStatus::kDone) << tag;
    EXPECT_EQ(status_of(times(tag, 600)), ParseStatus::kTooDeep) << tag;
  }
  EXPECT_EQ(status_of(times("<div>", 512)), ParseStatus::kDone);
  EXPECT_EQ(status_of(times("<div>", 513)), ParseStatus::kTooDeep);
}

TEST(Prescan, WhatClosesItselfIsNotDeep) {
  for (const char* tag : {"<p>x", "<li>x", "<dt>x<dd>y", "<br>", "<img>", "<a href=x>y", "<button>x", "<h1>x<h2>y"}) {
    EXPECT_EQ(status_of(times(tag, 3000)), ParseStatus::kDone) << tag;
  }
  EXPECT_EQ(status_of("<table>" + times("<tr><td>x<td>y", 3000)), ParseStatus::kDone);
  EXPECT_EQ(status_of("<select>" + times("<option>x", 3000)), ParseStatus::kDone);
  EXPECT_EQ(status_of(times("<div>", 500) + times("</div>", 500) + times("<div>", 500)), ParseStatus::kDone);
}

TEST(Prescan, EndTagsThatReachNothingDoNotHideDepth) {
  EXPECT_EQ(status_of(times("<b><div></b>", 600)), ParseStatus::kTooDeep);
  EXPECT_EQ(status_of(times("<div><table><td></div>", 300)), ParseStatus::kTooDeep);
}

TEST(Prescan, CapsAttributes) {
  EXPECT_EQ(status_of("<a " + times("b=1 ", 400) + ">"), ParseStatus::kDone);
  EXPECT_EQ(status_of("<a " + times("b=1 ", 401) + ">"), ParseStatus::kTooManyAttributes);
  EXPECT_EQ(status_of("<a " + times("b ", 401)), ParseStatus::kTooManyAttributes);
  EXPECT_EQ(status_of("<a b='" + times("c ", 4000) + "'>"), ParseStatus::kDone);
}

TEST(Prescan, CapsFormattingElements) {
  std::string distinct;
  for (int i = 0; i < 65; ++i) distinct += "<b id=" + std::to_string(i) + "></p>";
  EXPECT_EQ(status_of(distinct), ParseStatus::kTooManyFormatting);
  EXPECT_EQ(status_of(times("<b></p>", 100)), ParseStatus::kDone);  // equal ones: three are kept
}

TEST(Prescan, CapsNodesAndBytes) {
  ParseLimits limits;
  limits.nodes_max = 10;
  EXPECT_EQ(prescan(times("<br>", 10), limits).status, ParseStatus::kDone);
  EXPECT_EQ(prescan(times("<br>", 11), limits).status, ParseStatus::kTooManyNodes);
  EXPECT_EQ(prescan("<p><b><i><u></p>" + times("<p>x</p>", 3), limits).status,
            ParseStatus::kTooManyNodes);  // reconstruction counts
  limits.bytes_max = 3;
  EXPECT_EQ(prescan("abc", limits).status, ParseStatus::kDone);
  EXPECT_EQ(prescan("abcd", limits).status, ParseStatus::kTooLarge);
}

TEST(Prescan, CapsWork) {
  ParseLimits limits;
  limits.work_max = 1000;
  EXPECT_EQ(prescan("<div><div>" + times("<br>", 400), limits).status, ParseStatus::kDone);
  EXPECT_EQ(prescan("<div><div>" + times("<br>", 600), limits).status, ParseStatus::kTooMuchWork);
}

TEST(Prescan, CommentsEndAsTheStandardSays) {
  for (const char* comment : {"<!---->", "<!-->", "<!--->", "<!-- a -- b --!>", "<!--a--->", "<!x>"}) {
    EXPECT_EQ(status_of(comment + times("<div>", 600)), ParseStatus::kTooDeep) << comment;
  }
  EXPECT_EQ(status_of("<!-- a ->" + times("<div>", 600)), ParseStatus::kDone);
}

TEST(Prescan, TextOfScriptsIsNoMarkup) {
  EXPECT_EQ(status_of("<script>" + times("<div>", 600) + "</script>"), ParseStatus::kDone);
  EXPECT_EQ(status_of("<!--" + times("<div>", 600) + "-->"), ParseStatus::kDone);
  EXPECT_EQ(status_of("<script></script>" + times("<div>", 600)), ParseStatus::kTooDeep);
}

}  // namespace
}  // namespace ftok::html
