// Tables as grids: which row and column each cell has, empty and spanning ones counted (HTML Standard, 4.9.12.1,
// "forming a table").
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ftok::html {

constexpr uint32_t kNoCell = UINT32_MAX;

struct GridCell {
  uint32_t grid = 0;  // index of its table
  uint32_t row = 0;   // of the table, from 0
  uint16_t column = 0;
};

struct Grid {
  bool holds_table = false;         // in one of its cells: it lays a page out
  bool holds_larger_table = false;  // of more than one cell
  uint32_t cells = 0;
  uint32_t cell_around = kNoCell;  // of the table that it stands in
};

// Places the cells of the tables that are open, the innermost last. Calls come in document order.
class GridBuilder {
 public:
  GridBuilder(std::vector<GridCell>& cells, std::vector<Grid>& grids) : cells_(cells), grids_(grids) {}

  void open_table(uint32_t cell_around);  // the cell that it stands in; kNoCell where it stands in none
  void close_table();
  void open_row_group();
  void open_row();
  // The index of the new cell; kNoCell outside of tables. Spans are attributes' values, "" where there are none.
  uint32_t open_cell(std::string_view column_span, std::string_view row_span);

 private:
  struct OpenTable {
    uint32_t grid = 0;
    uint32_t next_row = 0;
    uint32_t column = 0;              // where the next cell is looked for
    std::vector<uint32_t> free_from;  // by column: the first row that no cell above reaches into
  };

  std::vector<GridCell>& cells_;
  std::vector<Grid>& grids_;
  std::vector<OpenTable> open_;
};

}  // namespace ftok::html
