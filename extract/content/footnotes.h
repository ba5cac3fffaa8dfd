// Footnotes: the number in the text that leads to a note, the list of notes at the end, and the link from there back.
#pragma once

#include "extract/html/dom.h"

namespace ftok::html {

// Whether a link is a note's number in the text: nothing but one to four digits, into the page, and named as a
// footnote's (by class, by role, or by an address such as "#fn:1" of Markdown's processors).
bool is_footnote_link(const Dom& dom, NodeId link);

// Whether a list item is a note: in a list of notes (class "footnotes" or "footnote", role "doc-endnotes" on it or up
// to two boxes around it), with an id that a link can lead to.
bool is_footnote_item(const Dom& dom, NodeId item);

// Whether a link leads from a note back into the text and says nothing itself: an arrow, a caret.
bool is_footnote_return(const Dom& dom, NodeId link);

}  // namespace ftok::html
