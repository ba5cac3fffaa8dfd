// Lines of a document's text: what each holds, and where it stands in the Markdown that is written in the text's place.
//
// A page that is laid out as Markdown is judged by its plain text all the same, so that no verdict depends on the
// layout: Document::text is the plain layout, Document::markdown the other one, and Document::lines joins them. Where
// extraction was not asked for Markdown, `lines` says what is code, table or formula, and is empty where all is prose.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "document/document.h"

namespace ftok {

enum class LineKind : uint8_t { kProse, kCode, kTable, kFormula };

// An entry of Document::lines: the kind in its two lowest bits, and above them the number, from 0, of the line of
// `markdown` that shows the line (0 where there is no Markdown).
constexpr uint32_t line_entry(LineKind kind, uint32_t markdown_line) {
  return markdown_line << 2 | static_cast<uint32_t>(kind);
}
constexpr LineKind kind_of_line(uint32_t entry) { return static_cast<LineKind>(entry & 3); }
constexpr uint32_t markdown_line_of(uint32_t entry) { return entry >> 2; }

// Whether `lines` has an entry for each line (between single '\n') of the text, and these name lines of the Markdown in
// ascending order. False for a text that something rewrote which knows nothing of lines, and for a damaged record.
bool has_line_entries(const Document& document);

// The text without its lines of code, tables and formulas, in `scratch`, or the text itself where all is prose.
std::string_view prose_of(const Document& document, std::string& scratch);

// What the rewriting of a text did to its lines.
struct RewrittenLines {
  std::string text;               // what the text is now
  std::vector<uint32_t> sources;  // of each of its lines, the number of the line that it was; ascending
};

// Replaces the text, and takes out of the Markdown the lines of prose that are shown by none of the lines left; code,
// tables, formulas and what belongs to no line of the text (a title, a fence) stay. Where the document's lines are not
// known, `text` is all that is left of it.
void rewrite_lines(Document& document, RewrittenLines&& rewritten);

// Makes of the document what is written: its Markdown, where it has one, takes the place of the text.
void take_layout(Document& document);

}  // namespace ftok
