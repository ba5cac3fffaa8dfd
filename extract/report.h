// The page as a reader would check an extraction: every block in the page's order, those kept marked, those dropped
// grey, each with its score, where it stands and why it went. A web page of its own: no script, nothing loaded, the
// text escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "extract/extract.h"

namespace ftok {

// A block of a page and what became of it.
struct ReportedBlock {
  std::string text;
  std::string marker;      // "- " or "3. " where an item of a list begins
  const char* style = "";  // " h h1" to " h h3": a heading; " c": code; " q": a quotation
  uint32_t depth = 0;      // of lists around it
  bool is_kept = false;
  float score = 0;
  std::string why;   // it was kept or dropped
  std::string path;  // "main > article.post > p": the last four boxes around it
};

struct ExtractionReport {
  std::string failure;                // why nothing was extracted; then there is nothing else
  std::string title;                  // the page's
  float cut = 0;                      // blocks that score this and more are kept
  std::vector<ReportedBlock> blocks;  // in the page's order
};

// `html` in UTF-8.
ExtractionReport report_blocks(std::string_view html, const ExtractOptions& options);

// `html` in UTF-8, `name` for the heading. A page that cannot be parsed gives a report that says why.
std::string report_extraction(std::string_view html, std::string_view name, const ExtractOptions& options);

}  // namespace ftok
