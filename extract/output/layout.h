// Layout: kept blocks to text. One line per block: "- " and "1. " before list items (two spaces per level), the cells
// of a row joined by " | ", code as it stands; in Markdown headings get "#", quotes "> ", code fences. Lines are
// separated by one '\n'.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

struct LayoutOptions {
  bool markdown = false;
  bool tables = true;           // else the cells of tables are left out
  bool repeated_lines = false;  // else a line of eight words and more stands once in a page
};

// Which way a kept block went.
enum class Fate : uint8_t { kDropped, kWritten, kRepeated, kInTable };

// `keep` has one entry a block; so gets `fates`, where it is asked for.
std::string lay_out(const PageBlocks& page, const std::vector<uint8_t>& keep, const LayoutOptions& options,
                    std::vector<Fate>* fates = nullptr);

}  // namespace ftok::html
