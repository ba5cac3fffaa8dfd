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

struct TablePlans {
  std::vector<TablePlan> tables;  // one per Grid of the page
  std::vector<uint32_t> part_of;  // by table: the cell of another one that it is a part of, else kNoCell; may be empty
};

// From the blocks that are kept. A table of one cell within a cell of data is a part of that cell.
TablePlans plan_tables(const PageBlocks& page, const std::vector<uint8_t>& keep);

// The cell in whose place one is written.
uint32_t cell_in(const PageBlocks& page, const std::vector<uint32_t>& part_of, uint32_t cell);

}  // namespace ftok::html
