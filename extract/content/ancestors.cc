#include "extract/content/ancestors.h"

#include <algorithm>
#include <iterator>

#include "extract/content/blocks.h"

namespace ftok::html {

bool contains_word(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; }) != text.end();
}

bool style_hides(std::string_view style) {
  const size_t display = style.find("display");
  if (display != std::string_view::npos && contains_word(style.substr(display, 24), "none")) return true;
  const size_t visibility = style.find("visibility");
  return visibility != std::string_view::npos && contains_word(style.substr(visibility, 24), "hidden");
}

uint32_t ancestor_of(Tag tag) {
  switch (tag) {
    case Tag::kArticle: return kInArticle;
    case Tag::kMain: return kInMain;
    case Tag::kNav:
    case Tag::kMenu: return kInNav;
    case Tag::kHeader: return kInHeader;
    case Tag::kFooter: return kInFooter;
    case Tag::kAside: return kInAside;
    case Tag::kForm:
    case Tag::kFieldset:
    case Tag::kSearch: return kInForm;
    case Tag::kTable: return kInTable;
    case Tag::kUl:
    case Tag::kOl:
    case Tag::kDir: return kInList;
    case Tag::kFigure: return kInFigure;
    case Tag::kSection: return kInSection;
    case Tag::kBlockquote: return kInQuote;
    case Tag::kDetails: return kInDetails;
    case Tag::kButton: return kInButton;
    case Tag::kA: return kInLink;
    case Tag::kDl: return kInDefinitionList;
    case Tag::kPre:
    case Tag::kXmp:
    case Tag::kListing:
    case Tag::kPlaintext: return kInCode;
    case Tag::kP: return kInParagraph;
    // clang-format off
    case Tag::kH1: case Tag::kH2: case Tag::kH3: case Tag::kH4: case Tag::kH5: case Tag::kH6: return kInHeading;
    // clang-format on
    case Tag::kDialog: return kInDialog;
    case Tag::kLabel:
    case Tag::kLegend: return kInLabel;
    case Tag::kAddress: return kInAddress;
    default: return 0;
  }
}

uint32_t ancestor_of_role(std::string_view role) {
  if (role == "navigation" || role == "menu" || role == "menubar") return kInNav;
  if (role == "main") return kInMain;
  if (role == "article") return kInArticle;
  if (role == "banner") return kInHeader;
  if (role == "contentinfo") return kInFooter;
  if (role == "complementary") return kInAside;
  if (role == "search") return kInForm;
  if (role == "dialog" || role == "alertdialog") return kInDialog;
  return 0;
}

bool is_permalink(const Dom& dom, NodeId link) {
  constexpr std::string_view kSigns[] = {"\u00B6", "#", "\u00A7", "\U0001F517", "\u2693", "\u221E"};
  constexpr size_t kSignMax = 16;  // bytes, with white space around it
  const NodeId only = dom[link].first_child;
  if (only == kNoNode || !dom[only].is_text() || dom[only].next != kNoNode || dom[only].size > kSignMax) return false;
  std::string_view text = dom[only].view();
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::find(std::begin(kSigns), std::end(kSigns), text) != std::end(kSigns) &&
         dom.value(link, AttributeName::kHref).find('#') != std::string_view::npos;
}

}  // namespace ftok::html
