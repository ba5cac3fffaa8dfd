// Markdown's form of a block's text: the marks of its links, emphasis and code, and a backslash before characters of
// the text that a reader of CommonMark (version 0.31.2) would take for markup. Rendered, the text reads as it stood on
// the page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

// Where a block's text is to stand.
struct MarkdownPlace {
  bool heading = false;  // one line
  bool cell = false;     // of a table: "|" ends it
  bool quote = false;    // further lines begin with "> " as well
};

// Appends text[begin, begin + size) of `page`, a block's, with the marks that lie in it.
void append_markdown(const PageBlocks& page, const Block& block, const MarkdownPlace& place, std::string& out);

// Appends a block of code between fences longer than any in it, the first with its language ("" for none).
void append_fenced(std::string_view code, std::string_view language, bool quote, std::string& out);

// Appends preformatted text as one line of a table's cell: white space folded, in Markdown between backticks.
void append_code_of_cell(std::string_view code, bool markdown, std::string& out);

}  // namespace ftok::html
