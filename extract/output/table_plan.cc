#include "extract/output/table_plan.h"

#include <algorithm>
#include <utility>

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
  uint32_t breaks = 0;                          // lines that end at a <br>
  bool has_formula = false, has_other = false;  // than formulas and their numbers
  uint32_t rows = 0, last_row = UINT32_MAX;
  uint32_t cell_bytes = 0, cell_blocks = 0, cell_paragraphs = 0;        // of the fullest cells
  uint32_t last_cell = kNoCell, bytes = 0, blocks = 0, paragraphs = 0;  // being summed up

  // `place`: the index of the cell.
  void add(const PageBlocks& page, const Block& block, const GridCell& cell, uint32_t place) {
    if (place != last_cell) last_cell = place, bytes = blocks = paragraphs = 0;
    rows += cell.row != last_row;
    last_row = cell.row;
    cell_bytes = std::max(cell_bytes, bytes += block.text_size);
    cell_blocks = std::max(cell_blocks, ++blocks);
    cell_paragraphs = std::max(cell_paragraphs, paragraphs += is_paragraph(block));
    has_header_cell |= block.is_header_cell;
    has_formula |= block.is_formula();
    headings += block.kind == BlockKind::kHeading;
    breaks += block.breaks;
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
// `is_whole`: the tables in its cells are of one cell each, and counted as what that says.
bool is_data(const TableFacts& table, const Grid& grid, bool is_whole) {
  constexpr uint32_t kBytesUnderHeaderMax = 2000, kBlocksUnderHeaderMax = 24;  // of a cell
  constexpr uint32_t kBytesMax = 600, kBlocksMax = 6, kParagraphsMax = 1;
  constexpr uint32_t kBytesOfRowMax = 200;
  constexpr uint32_t kCodeLinesMax = 8;
  // An infobox lays several names out in one cell, and their values in another.
  constexpr uint32_t kBlocksOfWholeMax = 2;
  if ((grid.holds_table && !is_whole) || table.code_lines > kCodeLinesMax) return false;
  const bool is_small = table.rows > 1 && table.cell_paragraphs == 0 && table.cell_bytes <= kBytesOfRowMax;
  if (is_whole && !(is_small && table.headings + table.code_lines == 0 && table.breaks == 0 &&
                    table.cell_blocks <= kBlocksOfWholeMax))
    return false;
  if (table.headings + table.code_lines > 0 && !(table.has_header_cell && is_small)) return false;
  if (table.has_header_cell)
    return table.cell_bytes <= kBytesUnderHeaderMax && table.cell_blocks <= kBlocksUnderHeaderMax;
  if (table.rows == 1) return table.cell_bytes <= kBytesOfRowMax && table.cell_paragraphs == 0;
  return table.cell_bytes <= kBytesMax && table.cell_blocks <= kBlocksMax && table.cell_paragraphs <= kParagraphsMax;
}

// The tables of a page, as they are kept.
struct PageTables {
  std::vector<TableFacts> facts;
  std::vector<TablePlan> plans;

  void plan(const PageBlocks& page, const std::vector<uint8_t>& keep, const std::vector<uint32_t>& part_of) {
    collect(page, keep, part_of);
    std::vector<uint64_t> cells(page.grids.size());
    for (const GridCell& cell : page.cells) ++cells[cell.grid];
    std::vector<uint8_t> is_whole(page.grids.size());
    for (const uint32_t cell : part_of) {
      if (cell != kNoCell) is_whole[page.cells[cell].grid] = 1;
    }
    for (size_t grid = 0; grid < plans.size(); ++grid) {
      const TableFacts& table = facts[grid];
      TablePlan& made = plans[grid];
      const bool fits = uint64_t{table.rows} * made.columns.size() <= kAreaPerCell * cells[grid] + kAreaMin;
      made.is_equations = table.has_formula && !table.has_other;
      made.is_grid = fits && made.columns.size() > 1 && !made.is_equations &&
                     is_data(table, page.grids[grid], is_whole[grid] != 0);
    }
  }

 private:
  void collect(const PageBlocks& page, const std::vector<uint8_t>& keep, const std::vector<uint32_t>& part_of) {
    facts.assign(page.grids.size(), {});
    plans.assign(page.grids.size(), {});
    for (size_t i = 0; i < page.blocks.size(); ++i) {
      const Block& block = page.blocks[i];
      if (keep[i] == 0 || block.grid_cell == kNoCell) continue;
      const uint32_t place = cell_in(page, part_of, block.grid_cell);
      const GridCell& cell = page.cells[place];
      facts[cell.grid].add(page, block, cell, place);
      facts[cell.grid].has_other |= !block.is_formula() && !is_equation_number(page.text_of(block));
      std::vector<uint16_t>& columns = plans[cell.grid].columns;
      const auto column = std::lower_bound(columns.begin(), columns.end(), cell.column);
      if (column == columns.end() || *column != cell.column) columns.insert(column, cell.column);
    }
  }
};

// For each table of one cell, in a cell of a table that holds no larger ones, that cell, of the outermost where they
// lie in one another; for all other tables kNoCell. Empty where there is none.
std::vector<uint32_t> tables_of_one_cell(const PageBlocks& page) {
  std::vector<uint32_t> part_of;
  for (size_t i = 0; i < page.grids.size(); ++i) {
    const Grid& grid = page.grids[i];
    if (grid.cells != 1 || grid.holds_larger_table || grid.cell_around == kNoCell) continue;
    const Grid& around = page.grids[page.cells[grid.cell_around].grid];
    if (around.holds_larger_table) continue;
    if (part_of.empty()) part_of.assign(page.grids.size(), kNoCell);
    part_of[i] = cell_in(page, part_of, grid.cell_around);  // tables are in the order in which they open
  }
  return part_of;
}

}  // namespace

uint32_t cell_in(const PageBlocks& page, const std::vector<uint32_t>& part_of, uint32_t cell) {
  const uint32_t around = part_of.empty() ? kNoCell : part_of[page.cells[cell].grid];
  return around == kNoCell ? cell : around;
}

TablePlans plan_tables(const PageBlocks& page, const std::vector<uint8_t>& keep) {
  TablePlans planned;
  if (page.grids.empty()) return planned;
  planned.part_of = tables_of_one_cell(page);
  PageTables tables;
  tables.plan(page, keep, planned.part_of);
  if (!planned.part_of.empty()) {  // tables that hold them and are not tables of data are planned again, without them
    for (uint32_t& cell : planned.part_of) {
      if (cell != kNoCell && !tables.plans[page.cells[cell].grid].is_grid) cell = kNoCell;
    }
    tables.plan(page, keep, planned.part_of);
  }
  planned.tables = std::move(tables.plans);
  return planned;
}

}  // namespace ftok::html
