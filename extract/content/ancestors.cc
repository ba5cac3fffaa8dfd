#include "extract/content/ancestors.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "core/ascii.h"
#include "extract/content/blocks.h"

namespace ftok::html {

bool contains_word(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; }) != text.end();
}

bool has_class(std::string_view classes, std::string_view name) {
  for (size_t at = classes.find(name); at != std::string_view::npos; at = classes.find(name, at + 1)) {
    const size_t end = at + name.size();
    const auto ends = [&](size_t i) {
      return i >= classes.size() || classes[i] == ' ' || (classes[i] >= '\t' && classes[i] <= '\r');
    };
    if ((at == 0 || ends(at - 1)) && ends(end)) return true;
  }
  return false;
}

namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The number that `text` begins with, its unit left out; it is taken from the text. False where there is none.
bool take_number(std::string_view& text, double& number) {
  size_t i = 0;
  const bool negative = i < text.size() && text[i] == '-';
  if (negative || (i < text.size() && text[i] == '+')) ++i;
  double value = 0, scale = 0;
  bool digits = false;
  for (; i < text.size() && ((text[i] >= '0' && text[i] <= '9') || (text[i] == '.' && scale == 0)); ++i) {
    if (text[i] == '.') {
      scale = 1;
      continue;
    }
    digits = true;
    value = value * 10 + (text[i] - '0');
    scale *= 10;
  }
  if (!digits) return false;
  number = (negative ? -value : value) / (scale > 1 ? scale : 1);
  text.remove_prefix(i);
  return true;
}

// Numbers of a function's arguments, at most four; SIZE_MAX where one is a word ("auto").
size_t arguments_of(std::string_view value, double (&numbers)[4]) {
  const size_t open = value.find('(');
  if (open == std::string_view::npos) return SIZE_MAX;
  value.remove_prefix(open + 1);
  size_t count = 0;
  while (!value.empty() && value[0] != ')' && count < 4) {
    const size_t before = value.size();
    if (take_number(value, numbers[count])) {
      ++count;
      while (!value.empty() && (value[0] == '%' || (value[0] | 0x20) >= 'a') && value[0] != ')') value.remove_prefix(1);
    } else if ((value[0] | 0x20) >= 'a' && (value[0] | 0x20) <= 'z') {
      return SIZE_MAX;
    }
    if (value.size() == before) value.remove_prefix(1);
  }
  return count;
}

bool is_property(std::string_view name, std::string_view known) {
  return name.size() == known.size() && contains_word(name, known);
}

// Calls use(name, value) for each declaration of a style.
template <typename Use>
void for_each_declaration(std::string_view style, const Use& use) {
  while (!style.empty()) {
    const size_t end = std::min(style.find(';'), style.size());
    const std::string_view declaration = style.substr(0, end);
    style.remove_prefix(std::min(end + 1, style.size()));
    const size_t colon = declaration.find(':');
    if (colon != std::string_view::npos)
      use(trimmed(declaration.substr(0, colon)), trimmed(declaration.substr(colon + 1)));
  }
}

// What a property says: its last declaration counts, unless one before it is important and it is not.
struct StyleFact {
  bool holds = false, important = false;

  void set(bool value, std::string_view declared) {
    const bool now = contains_word(declared, "!important") || contains_word(declared, "! important");
    if (important && !now) return;
    holds = value;
    important = now;
  }
};

// What the declarations of a style attribute say together.
struct StyleFacts {
  StyleFact no_display, invisible, skipped, absolute, cut_off, clipped, cut_by_path;
  bool outside = false;   // where it is absolute
  bool flat = false;      // no higher or wider than a pixel
  bool indented = false;  // its text begins off the screen

  void read(std::string_view name, std::string_view value) {
    const auto is = [&](std::string_view known) { return is_property(name, known); };
    if (is("display")) no_display.set(contains_word(value, "none"), value);
    else if (is("visibility")) invisible.set(contains_word(value, "hidden") || contains_word(value, "collapse"), value);
    else if (is("position")) absolute.set(contains_word(value, "absolute") || contains_word(value, "fixed"), value);
    else if (is("overflow")) cut_off.set(contains_word(value, "hidden") || contains_word(value, "clip"), value);
    else if (is("clip")) clipped.set(is_empty_rectangle(value), value);
    else if (is("clip-path") || is("-webkit-clip-path")) cut_by_path.set(is_empty_path(value), value);
    else if (is("text-indent")) indented |= is_outside(value);
    else if (is("content-visibility")) skipped.set(contains_word(value, "hidden"), value);
    else if (is("right") && is_far_right(value)) outside = true;
    else if (is("left") || is("right") || is("top") || is("bottom") || is("inset-inline-start") || is("margin-left"))
      outside |= is_outside(value);
    else if (is("height") || is("width") || is("max-height") || is("max-width")) flat |= is_flat(value);
  }

  bool hides() const {
    return no_display.holds || invisible.holds || skipped.holds || cut_by_path.holds ||
           (absolute.holds && (clipped.holds || outside)) || ((flat || indented) && cut_off.holds);
  }

 private:
  // Off every screen: pixels, ems; of the screen's own width or height all of it.
  static bool is_outside(std::string_view value) {
    constexpr double kOutside = -999, kScreen = -100;
    double number = 0;
    if (!take_number(value, number)) return false;
    const bool of_screen = value.starts_with('%') || value.starts_with("vw") || value.starts_with("vh");
    return number <= (of_screen ? kScreen : kOutside);
  }
  static bool is_far_right(std::string_view value) {  // off the left edge
    constexpr double kOutside = 999;
    double number = 0;
    return take_number(value, number) && number >= kOutside;
  }
  static bool is_flat(std::string_view value) {
    double number = 0;
    return take_number(value, number) && number >= 0 && (number == 0 || (number <= 1 && contains_word(value, "px")));
  }
  static bool is_empty_rectangle(std::string_view value) {  // rect(top, right, bottom, left)
    double side[4];
    return contains_word(value, "rect") && arguments_of(value, side) == 4 &&
           (side[2] - side[0] <= 1 || side[1] - side[3] <= 1);
  }
  static bool is_empty_path(std::string_view value) {
    double side[4] = {};
    const size_t count = arguments_of(value, side);
    if (count == SIZE_MAX || count == 0) return false;
    if (contains_word(value, "inset")) {  // inset(top right bottom left), as margins are shortened
      if (value.find('%') == std::string_view::npos) return false;
      const double right = count > 1 ? side[1] : side[0], bottom = count > 2 ? side[2] : side[0];
      const double left = count > 3 ? side[3] : right;
      return side[0] + bottom >= 100 || right + left >= 100;
    }
    if (contains_word(value, "rect")) return is_empty_rectangle(value);
    const bool all_zero = side[0] == 0 && side[1] == 0 && side[2] == 0 && side[3] == 0;
    return (contains_word(value, "circle") || contains_word(value, "polygon")) && all_zero;
  }
};

}  // namespace

bool style_hides(std::string_view style) {
  StyleFacts facts;
  for_each_declaration(style, [&](std::string_view name, std::string_view value) { facts.read(name, value); });
  return facts.hides();
}

uint8_t styled_as(std::string_view style) {
  uint8_t display = 0, lines = 0;
  const auto is_among = [](std::string_view value, std::initializer_list<std::string_view> known) {
    const std::string_view word = value.substr(0, value.find_first_of(" !\t\n\r\f"));
    return std::any_of(known.begin(), known.end(), [&](std::string_view k) { return equals_ignoring_case(word, k); });
  };
  for_each_declaration(style, [&](std::string_view name, std::string_view value) {
    if (is_property(name, "display")) {
      const bool of_boxes = is_among(value, {"flex", "grid", "inline-flex", "inline-grid"});
      const bool own_line = is_among(value, {"block", "flex", "grid", "table", "list-item", "flow-root", "table-row"});
      display = static_cast<uint8_t>((of_boxes ? kOfBoxes : 0) | (own_line ? kOwnLine : 0) |
                                     (is_among(value, {"table-cell"}) ? kOwnCell : 0));
    } else if (is_property(name, "white-space") || is_property(name, "white-space-collapse")) {
      if (is_among(value, {"pre", "pre-wrap", "pre-line", "break-spaces", "preserve", "preserve-breaks"}))
        lines = kKeepsLines;
      else if (is_among(value, {"normal", "nowrap", "collapse", "initial"})) lines = kFoldsLines;
    }
  });
  return display | lines;
}

bool style_leaves_nothing(std::string_view style) {
  StyleFact clear, tiny, flattened;
  const auto is_zero = [](std::string_view value) {
    double number = 1;
    return take_number(value, number) && number == 0;
  };
  const auto scales_to_zero = [](std::string_view value) {
    double scales[4];
    const size_t count = contains_word(value, "scale") ? arguments_of(value, scales) : 0;
    return count != SIZE_MAX && count > 0 && (scales[0] == 0 || (count > 1 && scales[1] == 0));
  };
  for_each_declaration(style, [&](std::string_view name, std::string_view value) {
    if (is_property(name, "opacity")) clear.set(is_zero(value), value);
    else if (is_property(name, "font-size")) tiny.set(is_zero(value), value);
    else if (is_property(name, "transform")) flattened.set(scales_to_zero(value), value);
  });
  return clear.holds || tiny.holds || flattened.holds;
}

bool style_places(std::string_view style) {
  bool places = false;
  for_each_declaration(style, [&](std::string_view name, std::string_view /*value*/) {
    places = places || is_property(name, "display") || is_property(name, "position");
  });
  return places;
}

uint32_t ancestor_of(Tag tag) {
  switch (tag) {
    case Tag::kArticle: return kInArticle;
    case Tag::kMain: return kInMain;
    case Tag::kNav: return kInNav;
    case Tag::kHeader: return kInHeader;
    case Tag::kFooter: return kInFooter;
    case Tag::kAside: return kInAside;
    case Tag::kForm:
    case Tag::kFieldset:
    case Tag::kSearch: return kInForm;
    case Tag::kTable: return kInTable;
    case Tag::kUl:
    case Tag::kOl:
    case Tag::kMenu:
    case Tag::kDir: return kInList;
    case Tag::kFigure: return kInFigure;
    case Tag::kSection: return kInSection;
    case Tag::kBlockquote: return kInQuote | kQuoted;
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

uint32_t in_box_of_forum(uint32_t ancestors, uint16_t kinds) {
  if ((kinds & kPostText) != 0) ancestors &= ~static_cast<uint32_t>(kQuoted);
  if ((kinds & kQuotes) != 0) ancestors |= kQuoted;
  if ((kinds & kPosters) != 0) ancestors |= kOfPoster;
  return ancestors;
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

Tag part_of_table(std::string_view role) {
  if (role == "row") return Tag::kTr;
  if (role == "cell" || role == "gridcell") return Tag::kTd;
  if (role == "columnheader" || role == "rowheader") return Tag::kTh;
  if (role == "rowgroup") return Tag::kTbody;
  return role == "table" || role == "grid" || role == "treegrid" ? Tag::kTable : Tag::kUnknown;
}

bool takes_its_role(Tag tag) {
  switch (tag) {
    case Tag::kDiv:
    case Tag::kSpan:
    case Tag::kP:
    case Tag::kSection:
    case Tag::kUl:
    case Tag::kOl:
    case Tag::kLi:
    case Tag::kUnknown: return true;
    default: return false;
  }
}

bool is_piece_of_line(const Dom& dom, NodeId top) {
  constexpr size_t kNodesMax = 8, kBytesMax = 40;
  if (dom[top].view().starts_with("mjx-")) return true;
  size_t nodes = 0, bytes = 0;
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode; id = dom.next_in_order(id, top)) {
    if (dom[id].is_text()) bytes += dom[id].view().size();
    const bool is_box = dom[id].is_element() && has_flag(dom[id].tag, kBlock);
    if (is_box || ++nodes > kNodesMax || bytes > kBytesMax) return false;
  }
  return true;
}

bool is_no_text(std::string_view classes) {
  return classes == "MathJax_Preview" || classes == "MJX_Assistive_MathML" || classes == "mw-editsection";
}

uint8_t heading_level_of(const Dom& dom, NodeId id) {
  for (const Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
    if (a->name() != "aria-level") continue;
    const std::string_view level = trimmed(a->value());
    if (level.size() == 1 && level[0] >= '1' && level[0] <= '9')
      return static_cast<uint8_t>(std::min(level[0] - '0', 6));
  }
  return 2;
}

bool is_reading(const Dom& dom, NodeId id) {
  constexpr int kNodesMax = 64;
  NodeId ruby = dom[id].parent;
  if (ruby != kNoNode && dom[ruby].is(Tag::kRtc)) ruby = dom[ruby].parent;
  if (ruby == kNoNode || !dom[ruby].is(Tag::kRuby)) return false;
  NodeId at = dom.next_in_order(ruby, ruby);
  for (int seen = 0; at != kNoNode && seen < kNodesMax; ++seen) {
    const Node& node = dom[at];
    if (node.is_text() && !trimmed(node.view()).empty()) return true;
    const bool passed = node.is(Tag::kRt) || node.is(Tag::kRp) || node.is(Tag::kRtc);
    at = passed ? dom.next_after_subtree(at, ruby) : dom.next_in_order(at, ruby);
  }
  return false;
}

bool is_permalink(const Dom& dom, NodeId link) {
  constexpr std::string_view kSigns[] = {"\u00B6", "#", "\u00A7", "\U0001F517", "\u2693", "\u221E", "\u2317"};
  constexpr size_t kSignMax = 16;  // bytes, with white space around it
  const NodeId only = dom[link].first_child;
  if (only == kNoNode || !dom[only].is_text() || dom[only].next != kNoNode || dom[only].size > kSignMax) return false;
  std::string_view text = dom[only].view();
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::find(std::begin(kSigns), std::end(kSigns), text) != std::end(kSigns) &&
         dom.value(link, AttributeName::kHref).find('#') != std::string_view::npos;
}

bool leads_within_page(const Dom& dom, NodeId element) {
  constexpr int kLevelsMax = 8;
  for (int level = 0; level < kLevelsMax && element != kNoNode; ++level, element = dom[element].parent) {
    if (!dom[element].is(Tag::kA)) continue;
    const std::string_view address = trimmed(dom.value(element, AttributeName::kHref));
    return address.empty() || address[0] == '#';
  }
  return false;
}

bool is_script_address(std::string_view address) {
  while (!address.empty() && static_cast<unsigned char>(address[0]) <= ' ') address.remove_prefix(1);
  const std::string_view scheme = address.substr(0, address.find(':'));
  for (const std::string_view known : {"javascript", "vbscript", "data", "file"}) {
    if (scheme.size() == known.size() && scheme.size() < address.size() && contains_word(scheme, known)) return true;
  }
  return false;
}

}  // namespace ftok::html
