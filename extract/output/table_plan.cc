#include "extract/output/table_plan.h"

#include <algorithm>

#include "extract/content/formulas.h"

namespace ftok::html {

namespace {

// Places of a grid, for each cell that the page has: spans of rows can put each row's cells into columns of their own,
// so that 20,000 rows of two cells would be 20 million places.
constexpr uint64_t kAreaPerCell = 16, kAreaMin = 1000;

// What is kept of one table.
struct TableFacts {
  bool has_header_cell = false;                 // <th>
  uint32_t headings = 0, code_lines = 0;        // headings, and lines of preformatted text, in cells
  bool has_formula = false, has_other = false;  // than formulas and their numbers
  uint32_t rows = 0, last_row = UINT32_MAX;
  uint32_t cell_bytes = 0, cell_blocks = 0, cell_paragraphs = 0;        // of the fullest cells
  uint32_t last_cell = kNoCell, bytes = 0, blocks = 0, paragraphs = 0;  // being summed up

  void add(const PageBlocks& page, const Block& block, const GridCell& cell) {
    if (block.grid_cell != last_cell) last_cell = block.grid_cell, bytes = blocks = paragraphs = 0;
    rows += cell.row != last_row;
    last_row = cell.row;
    cell_bytes = std::max(cell_bytes, bytes += block.text_size);
    cell_blocks = std::max(cell_blocks, ++blocks);
    cell_paragraphs = std::max(cell_paragraphs, paragraphs += is_paragraph(block));
    has_header_cell |= block.is_header_cell;
    has_formula |= block.is_formula();
    headings += block.kind == BlockKind::kHeading;
    if (block.kind == BlockKind::kCode) {
      const std::string_view code = page.text_of(block);
      code_lines = std::max(code_lines, 1 + static_cast<uint32_t>(std::count(code.begin(), code.end(), '\n')));
    }
  }

 private:
  static bool is_paragraph(const Block& block) {
    constexpr uint32_t kLettersMin = 80;  // as TextSums::paragraph_letters
    return block.sums.letters >= kLettersMin && block.sums.sentences > 0;
  }
};

// Data comes in cells of a few words, some of a sentence or a short list; running text and other tables are in the
// cells of a page's layout, and without header cells so are headings and code. Header cells make it likelier that it is
// data, a single row less so.
bool is_data(const TableFacts& table, const Grid& grid) {
  constexpr uint32_t kBytesUnderHeaderMax = 2000, kBlocksUnderHeaderMax = 24;  // of a cell
  constexpr uint32_t kBytesMax = 600, kBlocksMax = 6, kParagraphsMax = 1;
  constexpr uint32_t kBytesOfRowMax = 200;
  constexpr uint32_t kCodeLinesMax = 8;
  if (grid.holds_table || table.code_lines > kCodeLinesMax) return false;
  const bool is_small = table.rows > 1 && table.cell_paragraphs == 0 && table.cell_bytes <= kBytesOfRowMax;
  if (table.headings + table.code_lines > 0 && !(table.has_header_cell && is_small)) return false;
  if (table.has_header_cell)
    return table.cell_bytes <= kBytesUnderHeaderMax && table.cell_blocks <= kBlocksUnderHeaderMax;
  if (table.rows == 1) return table.cell_bytes <= kBytesOfRowMax && table.cell_paragraphs == 0;
  return table.cell_bytes <= kBytesMax && table.cell_blocks <= kBlocksMax && table.cell_paragraphs <= kParagraphsMax;
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
    tables[cell.grid].add(page, block, cell);
    tables[cell.grid].has_other |= !block.is_formula() && !is_equation_number(page.text_of(block));
    std::vector<uint16_t>& columns = plans[cell.grid].columns;
    const auto place = std::lower_bound(columns.begin(), columns.end(), cell.column);
    if (place == columns.end() || *place != cell.column) columns.insert(place, cell.column);
  }
  std::vector<uint64_t> cells(page.grids.size());
  for (const GridCell& cell : page.cells) ++cells[cell.grid];
  for (size_t grid = 0; grid < plans.size(); ++grid) {
    const TableFacts& table = tables[grid];
    const bool fits = uint64_t{table.rows} * plans[grid].columns.size() <= kAreaPerCell * cells[grid] + kAreaMin;
    plans[grid].is_equations = table.has_formula && !table.has_other;
    plans[grid].is_grid =
        fits && plans[grid].columns.size() > 1 && !plans[grid].is_equations && is_data(table, page.grids[grid]);
  }
  return plans;
}

}  // namespace ftok::html
