#include "extract/output/table_plan.h"

#include <algorithm>

namespace ftok::html {

namespace {

// What is kept of one table.
struct TableFacts {
  bool has_header_cell = false;                         // <th>
  bool has_block = false;                               // a heading or preformatted text in a cell
  uint32_t cell_bytes = 0, cell_blocks = 0;             // of the fullest cell
  uint32_t last_cell = kNoCell, bytes = 0, blocks = 0;  // being summed up

  void add(const Block& block) {
    if (block.grid_cell != last_cell) last_cell = block.grid_cell, bytes = blocks = 0;
    bytes += block.text_size;
    ++blocks;
    cell_bytes = std::max(cell_bytes, bytes);
    cell_blocks = std::max(cell_blocks, blocks);
    has_header_cell |= block.is_header_cell;
    has_block |= block.kind == BlockKind::kHeading || block.kind == BlockKind::kCode;
  }
};

// Data comes in cells of a few words, some of a sentence or a short list; whole paragraphs, headings, code and other
// tables are in the cells of a page's layout. Header cells make it likelier that it is data.
bool is_data(const TableFacts& table, const Grid& grid) {
  constexpr uint32_t kBytesMax = 600, kBlocksMax = 6;  // of a cell
  constexpr uint32_t kBytesUnderHeaderMax = 2000, kBlocksUnderHeaderMax = 24;
  if (grid.holds_table || table.has_block) return false;
  return table.has_header_cell ? table.cell_bytes <= kBytesUnderHeaderMax && table.cell_blocks <= kBlocksUnderHeaderMax
                               : table.cell_bytes <= kBytesMax && table.cell_blocks <= kBlocksMax;
}

}  // namespace

std::vector<TablePlan> plan_tables(const PageBlocks& page, const std::vector<uint8_t>& keep) {
  std::vector<TablePlan> plans(page.grids.size());
  if (plans.empty()) return plans;
  std::vector<TableFacts> tables(page.grids.size());
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    if (keep[i] == 0 || block.grid_cell == kNoCell) continue;
    const GridCell& cell = page.cells[block.grid_cell];
    tables[cell.grid].add(block);
    std::vector<uint16_t>& columns = plans[cell.grid].columns;
    const auto place = std::lower_bound(columns.begin(), columns.end(), cell.column);
    if (place == columns.end() || *place != cell.column) columns.insert(place, cell.column);
  }
  for (size_t grid = 0; grid < plans.size(); ++grid)
    plans[grid].is_grid = plans[grid].columns.size() > 1 && is_data(tables[grid], page.grids[grid]);
  return plans;
}

}  // namespace ftok::html
