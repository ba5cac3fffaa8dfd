// Layout: kept blocks to text. One line per block: "- " and "1. " before list items (two spaces per level), the cells
// of a row joined by " | ", code as it stands; in Markdown headings get "#", quotes "> ", code fences. Lines are
// separated by one '\n'.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "document/text_lines.h"
#include "extract/content/blocks.h"

namespace ftok::html {

struct LayoutOptions {
  bool markdown = false;
  bool tables = true;           // else the cells of tables are left out
  bool repeated_lines = false;  // else a line of eight words and more stands once in a page
};

// Which way a kept block went.
enum class Fate : uint8_t { kDropped, kWritten, kRepeated, kInTable };

// The lines of the text, from 0, that a block went into, and as what.
struct BlockLines {
  uint32_t first = UINT32_MAX, last = 0;  // both inclusive; code in Markdown has its fences among them
  LineKind kind = LineKind::kProse;
  bool is_written() const { return first <= last; }
};

// What became of the blocks, an entry each.
struct LaidOut {
  std::vector<Fate> fates;
  std::vector<BlockLines> lines;
};

// `keep` has one entry a block. The blocks may have been cut with marks for Markdown; the plain layout passes over
// them.
std::string lay_out(const PageBlocks& page, const std::vector<uint8_t>& keep, const LayoutOptions& options,
                    LaidOut* laid_out = nullptr);

// Document::lines of a text that was laid out plainly, from where its blocks stand; with the lines of the Markdown that
// show them, where it was laid out as that too. Empty where all is prose and there is no Markdown.
std::vector<uint32_t> line_entries(std::string_view text, const LaidOut& plain, const LaidOut* markdown);

}  // namespace ftok::html
