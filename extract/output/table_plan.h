// How the tables of a page are written: those of data as grids, those that lay the page out line by line.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

struct TablePlan {
  bool is_grid = false;           // each cell keeps its column
  bool is_equations = false;      // formulas with their numbers, which are lines of the text
  std::vector<uint16_t> columns;  // those in which something kept begins, in order
};

// One per Grid of the page, from the blocks that are kept.
std::vector<TablePlan> plan_tables(const PageBlocks& page, const std::vector<uint8_t>& keep);

}  // namespace ftok::html
