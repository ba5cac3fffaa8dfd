// What an element says of everything below it, as bits of Ancestor (blocks.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "extract/html/dom.h"
#include "extract/html/tags.h"

namespace ftok::html {

uint32_t ancestor_of(Tag tag);                     // 0 for most
uint32_t ancestor_of_role(std::string_view role);  // ARIA landmarks and dialogs

// The part of a table that a role stands for (WAI-ARIA 1.2: table, grid, treegrid, rowgroup, row, cell, gridcell and
// the headers of columns and rows), as the element of the same meaning; kUnknown for other roles.
Tag part_of_table(std::string_view role);

// Whether an element says nothing of its content, so that its role may.
bool takes_its_role(Tag tag);

// What an element's ancestors are where its names say that it is a forum's box (BoxKind): a post in a <blockquote> is
// not a quotation, a quotation may be a <div>, and the box about the author is not part of the post.
uint32_t in_box_of_forum(uint32_t ancestors, uint16_t kinds);

// Whether a style attribute takes what is in the element from readers' eyes: display: none, visibility: hidden, a clip
// that leaves nothing, a place off the screen, a box of a pixel that cuts off what does not fit.
bool style_hides(std::string_view style);

// How a style attribute lays an element out, as bits.
enum StyledAs : uint8_t {
  kOwnLine = 1,      // a box with lines of its own: display: block, flex, grid, table ...
  kOwnCell = 2,      // a box beside others: display: table-cell
  kOfBoxes = 4,      // its children are boxes beside others: display: flex, grid
  kKeepsLines = 8,   // line breaks of the source are line breaks: white-space: pre, pre-wrap, pre-line ...
  kFoldsLines = 16,  // they are spaces: white-space: normal, nowrap
};
uint8_t styled_as(std::string_view style);

// Whether a style attribute leaves nothing to see of a piece of text, though its place stays: opacity, font size or
// scale 0. Scripts fade boxes in that begin so.
bool style_leaves_nothing(std::string_view style);

// Whether a style attribute says how or where the element is laid out: `display` or `position`.
bool style_places(std::string_view style);

bool has_class(std::string_view classes, std::string_view name);

bool contains_word(std::string_view text, std::string_view lower_case);  // without regard to ASCII case

// Whether an element of the site's own that is hidden is a piece of a line: an icon by its ligature, MathJax's drawing.
// Others may be boxes of the page's text.
bool is_piece_of_line(const Dom& dom, NodeId top);

// Whether a class is that of what MathJax 2 draws beside the script with its source, or of MediaWiki's link beside a
// heading ("[edit]").
bool is_no_text(std::string_view classes);

// The level, 1 to 6, of an element that is a heading by its role (WAI-ARIA 1.2: `aria-level`; 2 where it has none).
uint8_t heading_level_of(const Dom& dom, NodeId id);

// Whether an <rt> or <rtc> is a reading of words that stand on the page beside it. A <ruby> without base text is not.
bool is_reading(const Dom& dom, NodeId id);

// Whether a link is a heading's permalink: it points into a page and its text is a sign alone, such as the pilcrow of
// Sphinx.
bool is_permalink(const Dom& dom, NodeId link);

// Whether a table in an element stands in a link that leads nowhere else (an empty address, "#", "#part"): an anchor
// whose end tag was forgotten.
bool leads_within_page(const Dom& dom, NodeId element);

// A script's "address" leads nowhere; nor does one that holds its own content.
bool is_script_address(std::string_view address);

}  // namespace ftok::html
