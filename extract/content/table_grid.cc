#include "extract/content/table_grid.h"

#include <algorithm>

namespace ftok::html {

namespace {

constexpr uint32_t kColumnsMax = 1000;  // the standard's cap on colspan; here on a row too
constexpr size_t kCellsMax = 100000;    // of a page, as kContainersMax
constexpr uint32_t kRowSpanMax = 65534;

// A non-negative integer as the standard reads one: white space before it and what follows it are passed over.
uint32_t span_of(std::string_view value, uint32_t max) {
  size_t i = 0;
  while (i < value.size() && (value[i] == ' ' || (value[i] >= '\t' && value[i] <= '\r'))) ++i;
  if (i < value.size() && value[i] == '+') ++i;
  if (i >= value.size() || value[i] < '0' || value[i] > '9') return 1;
  uint32_t number = 0;
  for (; i < value.size() && value[i] >= '0' && value[i] <= '9'; ++i)
    number = std::min(number * 10 + static_cast<uint32_t>(value[i] - '0'), max);
  return number;
}

}  // namespace

void GridBuilder::open_table(uint32_t cell_around) {
  if (!open_.empty()) grids_[open_.back().grid].holds_table = true;
  open_.push_back({static_cast<uint32_t>(grids_.size()), 0, 0, {}});
  grids_.emplace_back().cell_around = cell_around;
}

void GridBuilder::close_table() {
  if (open_.empty()) return;
  const Grid& closed = grids_[open_.back().grid];
  const bool is_larger = closed.cells > 1 || closed.holds_larger_table;
  open_.pop_back();
  if (!open_.empty() && is_larger) grids_[open_.back().grid].holds_larger_table = true;
}

// No cell reaches out of its group of rows.
void GridBuilder::open_row_group() {
  if (!open_.empty()) open_.back().free_from.clear();
}

void GridBuilder::open_row() {
  if (open_.empty()) return;
  ++open_.back().next_row;
  open_.back().column = 0;
}

uint32_t GridBuilder::open_cell(std::string_view column_span, std::string_view row_span) {
  if (open_.empty() || cells_.size() == kCellsMax) return kNoCell;
  OpenTable& table = open_.back();
  const uint32_t row = std::max(table.next_row, 1U) - 1;
  while (table.column < table.free_from.size() && table.free_from[table.column] > row) ++table.column;
  const uint32_t first = std::min(table.column, kColumnsMax - 1);
  const uint32_t last = std::min(first + std::max(span_of(column_span, kColumnsMax), 1U), kColumnsMax);
  const uint32_t rows = row_span.empty() ? 1 : span_of(row_span, kRowSpanMax);
  if (rows != 1 && table.free_from.size() < last) table.free_from.resize(last, 0);
  for (uint32_t column = first; rows != 1 && column < last; ++column)
    table.free_from[column] = std::max(table.free_from[column], rows == 0 ? UINT32_MAX : row + rows);
  table.column = last;
  ++grids_[table.grid].cells;
  cells_.push_back({table.grid, row, static_cast<uint16_t>(first)});
  return static_cast<uint32_t>(cells_.size() - 1);
}

}  // namespace ftok::html
