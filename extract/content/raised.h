// Numbers and letters that are raised or lowered: where a line of text would join them to what stands before them, and
// so make another number of the two ("3 × 10⁸" would be "3 × 108"), a sign is put between.
#pragma once

#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

struct RaisedSigns {
  std::string_view open, close;  // to be written before and behind it; empty for most
  bool replaces = false;         // `open` stands for it
};

// For a <sup> or <sub>, and the text right before it (empty where white space stands between).
//
// "^" before an exponent: a number behind a number ("10^8") or a letter that stands alone ("x^2") or a unit ("km^2"); a
// number with a minus behind any letter or number ("s^-1"); a letter behind 2, 10, e or a letter in italics ("2^n").
// Terms are put in brackets ("2^(n-1)"). "_" before a lowered number behind a number ("101_2"), and before an index of
// a small or italic letter that stands alone ("x_i"). "." between the parts of a price ("$19.99"), ":" between those of
// a time of day ("8:30"). A space before a fraction behind a number ("2 1/2"). "°" for a raised "0" or "o" before "C"
// or "F" ("20°C"). Nothing for ordinals ("1st", "2a"), notes (links, brackets, names such as "footnote", letters),
// trade marks, charges of ions ("Ca2+") and formulas of chemistry ("H2O").
RaisedSigns signs_of_raised(const Dom& dom, NodeId id, std::string_view before);

}  // namespace ftok::html
