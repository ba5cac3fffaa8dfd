// The page as a reader would check an extraction: every block in the page's order, those kept marked, those dropped
// grey, each with its score, where it stands and why it went. A web page of its own: no script, nothing loaded, the
// text escaped.
#pragma once

#include <string>
#include <string_view>

#include "extract/extract.h"

namespace ftok {

// `html` in UTF-8, `name` for the heading. A page that cannot be parsed gives a report that says why.
std::string report_extraction(std::string_view html, std::string_view name, const ExtractOptions& options);

}  // namespace ftok
