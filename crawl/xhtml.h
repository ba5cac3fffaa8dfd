// Pages of XHTML as an HTML parser can read them.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

// Whether a page begins as XHTML does: with an XML declaration, a document type of XHTML, or a root in its namespace.
bool begins_as_xhtml(std::string_view page);

// Writes what XML and HTML read differently as HTML has it, into `out` (replaced): empty elements ("<script/>", which
// would take the text behind it for its own) get an end tag, CDATA sections become text. All else, and what is inside
// scripts, styles and comments, stays as it is. False, with an empty `out`, where nothing is to be changed, or the page
// would be more than twice as long.
bool xhtml_to_html(std::string_view page, std::string& out);

}  // namespace ftok
