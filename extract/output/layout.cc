#include "extract/output/layout.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "core/hash_seed.h"
#include "extract/content/keep_structure.h"
#include "extract/html/resolve_url.h"
#include "extract/output/markdown.h"
#include "extract/output/property_lists.h"
#include "extract/output/table_plan.h"
#include "extract/output/table_sections.h"

namespace ftok::html {

namespace {

constexpr size_t kCellMax = 200;  // bytes; a longer cell is a column of a layout table, not data
constexpr uint32_t kNoBlock = UINT32_MAX;
constexpr std::string_view kDefinitionMark = ": ";
constexpr size_t kRepeatedWordsMin = 8;  // shorter lines ("Yes", a recipe's "Ingredients") may well come twice

class Layout {
 public:
  // `lines`: an entry a block, filled with where it is written; may be null.
  Layout(const PageBlocks& page, const std::vector<uint8_t>& keep, const LayoutOptions& options,
         std::vector<BlockLines>* lines)
      : page_(page),
        keep_(keep),
        options_(options),
        plans_(plan_tables(page, keep)),
        lines_(lines),
        properties_(page) {}

  Fate add(const Block& block) {
    const std::string_view text = page_.text_of(block);
    const uint32_t cell = block.grid_cell == kNoCell ? kNoCell : cell_in(page_, plans_.part_of, block.grid_cell);
    const TablePlan* const plan = cell == kNoCell ? nullptr : &plans_.tables[page_.cells[cell].grid];
    if (plan != nullptr && plan->is_grid) return add_cell(block, text, *plan, page_.cells[cell]);
    end_grid();
    if (!options_.markdown && is_value_of_term(block)) return add_value(block, text);
    const bool is_equation = plan != nullptr && plan->is_equations;
    if (is_equation && last_ != nullptr && last_->row == block.row) return add_beside(block, text);
    if (!options_.repeated_lines && block.kind != BlockKind::kCode && block.sums.words >= kRepeatedWordsMin &&
        repeats(block, text)) {
      return Fate::kRepeated;
    }
    const bool short_cell = !is_equation && block.kind == BlockKind::kCell && block.row != kNoNode && plan != nullptr &&
                            plan->columns.size() > 1 && text.size() <= kCellMax &&
                            text.find('\n') == std::string_view::npos && !is_prose(block);
    if (short_cell && row_ == block.row) {
      out_ += cell_ == block.cell ? " " : " | ";
      cells_ += cell_ != block.cell;
    } else {
      const bool goes_on = row_ != kNoNode && short_cell;
      end_row();
      if (!goes_on) end_table();
      first_row_ = !goes_on;
      if (!out_.empty()) out_ += options_.markdown && !continues(block, short_cell) ? "\n\n" : "\n";
      prefix(block, short_cell);
    }
    if (short_cell && row_ != block.row) cells_ = 1;
    row_ = short_cell ? block.row : kNoNode;
    cell_ = block.cell;
    const uint32_t first = line_now();
    const size_t begin = out_.size();
    body(block, text, short_cell, out_);
    indent_lines(begin);
    note_lines(block, first, short_cell ? LineKind::kTable : kind_of(block));
    last_ = &block;
    return Fate::kWritten;
  }

  std::string take() {
    end_grid();
    end_row();
    end_table();
    return std::move(out_);
  }

 private:
  // A value of a list of properties, behind its term or behind another value of it.
  bool is_value_of_term(const Block& block) {
    return last_ != nullptr && last_ + 1 == &block && properties_.is_value(block) &&
           (last_->kind == BlockKind::kTerm || properties_.is_value(*last_)) && properties_.hold(block);
  }

  Fate add_value(const Block& block, std::string_view text) {
    const bool is_first = last_->kind == BlockKind::kTerm;
    out_ += !is_first ? ", " : announces(page_.text_of(*last_)) ? " " : ": ";
    const uint32_t line = line_now();
    body(block, text, false, out_);
    note_lines(block, line, LineKind::kProse);
    last_ = &block;
    return Fate::kWritten;
  }

  // The number of an equation, or one that stands beside another.
  Fate add_beside(const Block& block, std::string_view text) {
    out_ += ' ';
    const uint32_t line = line_now();
    body(block, text, false, out_);
    note_lines(block, line, LineKind::kFormula);
    last_ = &block;
    return Fate::kWritten;
  }

  // Whether the line came before elsewhere. Beside its like it is the author's own, a form; in boxes of one shape that
  // say different things, or stand behind different texts, it is a refrain.
  bool repeats(const Block& block, std::string_view text) {
    const auto [found, is_new] = seen_.try_emplace(text, block.container);
    if (is_new) return false;
    const auto parent = [&](uint32_t container) { return page_.containers[container].parent; };
    return found->second != block.container && parent(found->second) != parent(block.container) &&
           !is_refrain(found->second, block.container);
  }

  // Whether two boxes are one text twice, whole or cut short: they begin with the same two blocks, or with their only
  // one.
  bool are_copies(const Container& first, const Container& second) const {
    constexpr size_t kCompared = 200;  // bytes of a block
    const uint32_t blocks =
        std::min({2U, first.last_block - first.first_block, second.last_block - second.first_block});
    for (uint32_t k = 0; k < blocks; ++k) {
      const std::string_view one = page_.text_of(page_.blocks[first.first_block + k]);
      const std::string_view other = page_.text_of(page_.blocks[second.first_block + k]);
      if (one.size() != other.size() || one.substr(0, kCompared) != other.substr(0, kCompared)) return false;
    }
    return true;
  }

  // Whether the boxes of two lines, up to the box that holds both, are shaped alike, and are not copies of one another
  // or stand behind different texts.
  bool is_refrain(uint32_t first, uint32_t second) const {
    constexpr int kLevelsMax = 4;
    const std::vector<Container>& boxes = page_.containers;
    for (int level = 0; level < kLevelsMax && boxes[first].shape == boxes[second].shape; ++level) {
      if (boxes[first].parent == boxes[second].parent)
        return !are_copies(boxes[first], boxes[second]) || follow_different_texts(boxes[first], boxes[second]);
      first = boxes[first].parent, second = boxes[second].parent;
    }
    return false;
  }

  // Whether boxes of one parent that say the same, a chorus or a warning, have each a text of its own before them. A
  // box of several blocks behind one of its shape is an item of a list that has it twice; one with an image captions
  // it.
  bool follow_different_texts(const Container& first, const Container& second) const {
    if (second.sums.images > 0) return false;
    const uint32_t before_first = kept_before(first), before_second = kept_before(second);
    if (before_first == kNoBlock || before_second == kNoBlock || before_second < first.last_block) return false;
    if (page_.text_of(page_.blocks[before_first]) == page_.text_of(page_.blocks[before_second])) return false;
    uint32_t box = page_.blocks[before_second].container;
    while (box != 0 && page_.containers[box].parent != second.parent) box = page_.containers[box].parent;
    return second.last_block - second.first_block == 1 || page_.containers[box].shape != second.shape;
  }

  // The last kept block before a box within its parent; kNoBlock where none is near.
  uint32_t kept_before(const Container& box) const {
    constexpr uint32_t kReach = 8;
    const uint32_t first = page_.containers[box.parent].first_block;
    for (uint32_t i = box.first_block; i > first && box.first_block - i < kReach; --i) {
      if (keep_[i - 1] != 0) return i - 1;
    }
    return kNoBlock;
  }

  // Sentences in a cell are paragraphs of a layout table.
  static bool is_prose(const Block& block) {
    constexpr uint32_t kLettersMin = 80;  // as TextSums::paragraph_letters
    return block.sums.letters >= kLettersMin && block.sums.sentences > 0;
  }

  // Whether the list of an item in a table stands in a cell, and not the table in the list.
  bool is_item_of_cell(const Block& block) const {
    uint32_t at = block.container;
    while (at != 0 && page_.containers[at].tag != Tag::kLi && !is_cell(page_.containers[at].tag)) {
      at = page_.containers[at].parent;
    }
    return page_.containers[at].tag == Tag::kLi;
  }
  static bool is_cell(Tag tag) { return tag == Tag::kTd || tag == Tag::kTh; }

  bool is_item(const Block& block) const {
    return block.starts_item && block.kind != BlockKind::kHeading &&
           (block.kind != BlockKind::kCell || is_item_of_cell(block));
  }

  // A cell of a table that is laid out as a grid; what stands in it becomes one line.
  Fate add_cell(const Block& block, std::string_view text, const TablePlan& plan, const GridCell& cell) {
    if (grid_ != cell.grid) {
      end_grid();
      end_row();
      end_table();
      items_.clear();
      if (!out_.empty()) out_ += options_.markdown ? "\n\n" : "\n";
      grid_ = cell.grid;
      grid_row_ = kNoRow;
      quote_ = options_.markdown && (block.ancestors & kQuoted) != 0;
    }
    if (grid_row_ != cell.row) {
      end_grid_row();
      grid_row_ = cell.row;
      grid_cells_.assign(plan.columns.size(), {});
    }
    const auto column = std::lower_bound(plan.columns.begin(), plan.columns.end(), cell.column);
    std::string& written = grid_cells_[static_cast<size_t>(column - plan.columns.begin())];
    if (!written.empty()) written += ' ';
    const size_t begin = written.size();
    body(block, text, true, written);
    if (lines_ != nullptr) row_blocks_.push_back(&block);
    std::replace(written.begin() + static_cast<std::ptrdiff_t>(begin), written.end(), '\n', ' ');
    last_ = &block;
    return Fate::kWritten;
  }

  void end_grid() {
    if (grid_ == kNoCell) return;
    end_grid_row();
    grid_ = kNoCell;
    grid_rows_ = 0;
  }

  // Empty cells keep their place: "a | | c"; in plain text those at a row's end are left out.
  void end_grid_row() {
    if (grid_row_ == kNoRow) return;
    size_t last = grid_cells_.size();
    while (!options_.markdown && last > 1 && grid_cells_[last - 1].empty()) --last;
    std::string line = quote_ ? "> " : "";
    if (options_.markdown) line += '|';
    for (size_t i = 0; i < last; ++i) {
      if (!options_.markdown && i > 0) line += line.empty() ? "|" : " |";
      if (!line.empty() && (options_.markdown || !grid_cells_[i].empty())) line += ' ';
      line += grid_cells_[i];
      if (options_.markdown) line += " |";
    }
    if (grid_rows_ > 0) out_ += '\n';
    for (const Block* const block : row_blocks_) note_lines(*block, line_now(), LineKind::kTable);
    row_blocks_.clear();
    out_ += line;
    if (options_.markdown && grid_rows_ == 0) {  // a table of Markdown always has a header
      out_ += quote_ ? "\n> |" : "\n|";
      for (size_t i = 0; i < last; ++i) out_ += " --- |";
    }
    ++grid_rows_;
    grid_row_ = kNoRow;
  }

  // The number of the line that is being written.
  uint32_t line_now() {
    if (lines_ == nullptr) return 0;
    line_ += static_cast<uint32_t>(std::count(out_.begin() + static_cast<std::ptrdiff_t>(counted_), out_.end(), '\n'));
    counted_ = out_.size();
    return line_;
  }

  void note_lines(const Block& block, uint32_t first, LineKind kind) {
    if (lines_ != nullptr) (*lines_)[static_cast<size_t>(&block - page_.blocks.data())] = {first, line_now(), kind};
  }

  static LineKind kind_of(const Block& block) {
    if (block.kind == BlockKind::kCode) return LineKind::kCode;
    return block.is_formula() ? LineKind::kFormula : LineKind::kProse;
  }

  // In Markdown: whether no empty line comes between the last block and this one.
  bool continues(const Block& block, bool short_cell) const {
    if (last_ == nullptr) return false;
    if (short_cell && !first_row_) return true;
    if (starts_definition(block)) return last_->kind == BlockKind::kTerm || last_->kind == BlockKind::kDefinition;
    return is_item(block) && follows_item(depth_of(block));
  }

  // Whether an item at that depth goes on with a list, or stands in an open item: a list behind definitions does
  // neither.
  bool follows_item(uint32_t depth) const {
    return std::any_of(items_.begin(), items_.end(), [&](const OpenItem& open) {
      return open.depth < depth || page_.containers[open.item].tag != Tag::kDd;
    });
  }

  void end_row() {
    if (!options_.markdown || row_ == kNoNode) return;
    out_ += " |";
    if (first_row_) {  // a table of Markdown always has a header
      header_end_ = out_.size();
      header_cells_ = most_cells_ = cells_;
      out_ += quote_ ? "\n> |" : "\n|";
      for (size_t i = 0; i < cells_; ++i) out_ += " --- |";
      rule_end_ = out_.size();
    }
    most_cells_ = std::max(most_cells_, cells_);
    row_ = kNoNode;
  }

  // Cells beyond those of the header are lost to a reader of tables: the header gets as many as the longest row.
  void end_table() {
    std::string rules, cells;
    for (; header_cells_ < most_cells_; ++header_cells_) rules += " --- |", cells += "  |";
    out_.insert(rule_end_, rules).insert(header_end_, cells);
    counted_ += rules.size() + cells.size();  // in front of what is counted, and no new lines
  }

  // By its element, or by its role where it is a paragraph.
  static uint8_t heading_level(const Block& block, bool short_cell) {
    if (block.kind == BlockKind::kHeading) return block.heading_level;
    return !short_cell && (block.kind == BlockKind::kText || block.kind == BlockKind::kQuote) ? block.role_level : 0;
  }

  void prefix(const Block& block, bool short_cell) {
    quote_ = options_.markdown && (block.ancestors & kQuoted) != 0;
    if (quote_) out_ += "> ";
    item_indent_ = go_on_with_item(block, short_cell);
    out_.append(item_indent_, ' ');
    if (options_.markdown && short_cell) out_ += "| ";
    if (const uint8_t level = heading_level(block, short_cell); options_.markdown && level > 0) {
      out_.append(level, '#');
      out_ += ' ';
    }
    if (options_.markdown && starts_definition(block)) {
      out_.append(indent_under_items(block, kDefinitionMark.size()), ' ');
      out_ += kDefinitionMark;
      definition_ = definition_of(block);
      return;
    }
    if (!is_item(block)) {
      if (options_.markdown && block.kind == BlockKind::kTerm) out_.append(indent_of_term(block), ' ');
      else if (item_indent_ == 0) items_.clear();
      return;
    }
    constexpr int32_t kNumberMax = 999999999;  // CommonMark, 5.2: nine digits, and no sign
    const std::string number = std::to_string(block.item_number);
    const bool has_number =
        block.is_numbered && (!options_.markdown || (block.item_number >= 0 && block.item_number <= kNumberMax));
    const std::string mark = options_.markdown && block.is_footnote ? "[^" + number + "]: "
                             : has_number                           ? number + ". "
                                                                    : "- ";
    const size_t indent = options_.markdown ? indent_under_items(block, mark.size()) : 2 * (block.list_depth - 1U);
    out_.append(indent, ' ');
    out_ += mark;
  }

  // The list item or the definition that a block stands in; 0 where none does.
  uint32_t item_around(const Block& block) const {
    const bool is_in_any = block.list_depth > 0 || (block.ancestors & kInDefinitionList) != 0;
    uint32_t at = is_in_any ? block.container : 0;
    while (at != 0 && page_.containers[at].tag != Tag::kLi && page_.containers[at].tag != Tag::kDd)
      at = page_.containers[at].parent;
    return at;
  }

  // Lists and lists of definitions around a block.
  uint32_t depth_of(const Block& block) const {
    uint32_t depth = block.list_depth;
    if ((block.ancestors & kInDefinitionList) == 0) return depth;
    for (uint32_t at = block.container; at != 0; at = page_.containers[at].parent)
      depth += page_.containers[at].tag == Tag::kDl ? 1 : 0;
    return depth;
  }

  // The first block of a <dd> that is written, a line or a paragraph.
  bool starts_definition(const Block& block) const { return !is_item(block) && definition_of(block) > definition_; }

  // The <dd> that a line or paragraph stands in; 0 for others.
  uint32_t definition_of(const Block& block) const {
    if (block.kind == BlockKind::kDefinition) return block.container;
    if (block.kind != BlockKind::kText || (block.ancestors & kInDefinitionList) == 0) return 0;
    const uint32_t around = item_around(block);
    return page_.containers[around].tag == Tag::kDd ? around : 0;
  }

  // A term stands under the definition that its list is a part of.
  size_t indent_of_term(const Block& block) {
    const uint32_t depth = depth_of(block);
    while (!items_.empty() && items_.back().depth >= depth) items_.pop_back();
    return items_.empty() ? 0 : items_.back().text_at;
  }

  // In Markdown a further block of an item stands under its text. Returns how far it is indented, and ends the items
  // before that it is not part of.
  size_t go_on_with_item(const Block& block, bool short_cell) {
    if (!options_.markdown || quote_ || short_cell || is_item(block) || block.kind == BlockKind::kCell ||
        block.kind == BlockKind::kTerm || starts_definition(block))
      return 0;
    const uint32_t item = item_around(block);
    if (item == 0) return 0;
    const uint32_t depth = depth_of(block);
    while (!items_.empty() && items_.back().item != item && items_.back().depth >= depth) items_.pop_back();
    return !items_.empty() && items_.back().item == item ? items_.back().text_at : 0;
  }

  // The further lines of what was written from `begin` on, where it stands in an item.
  void indent_lines(size_t begin) {
    if (item_indent_ == 0 || out_.find('\n', begin) == std::string::npos) return;
    const std::string lines = out_.substr(begin);
    out_.resize(begin);
    for (size_t at = 0; at < lines.size();) {
      const size_t end = std::min(lines.find('\n', at), lines.size() - 1) + 1;
      if (at > 0 && lines[at] != '\n') out_.append(item_indent_, ' ');
      out_.append(lines, at, end - at);
      at = end;
    }
  }

  // In Markdown an item stands under the text of the one it belongs to, and only under one that was written.
  size_t indent_under_items(const Block& block, size_t mark_size) {
    const uint32_t depth = depth_of(block), item = item_around(block);
    while (!items_.empty() && items_.back().depth >= depth) items_.pop_back();
    const size_t indent = items_.empty() ? 0 : items_.back().text_at;
    const bool in_definition = !items_.empty() && page_.containers[items_.back().item].tag == Tag::kDd;
    const bool is_definition = page_.containers[item].tag == Tag::kDd;
    // CommonMark has no definitions: what stood under two of them would be code.
    items_.push_back({depth, indent + (in_definition && is_definition ? 0 : mark_size), item});
    return indent;
  }

  void body(const Block& block, std::string_view text, bool short_cell, std::string& out) const {
    if (block.kind == BlockKind::kCode && short_cell) return append_code_of_cell(text, options_.markdown, out);
    if (options_.markdown && block.kind == BlockKind::kCode)
      return append_fenced(text, block.code_language, quote_, out);
    if (options_.markdown)
      return append_markdown(page_, block, {heading_level(block, short_cell) > 0, short_cell, quote_}, out);
    // " (address)" after the text of a link.
    const uint32_t end = block.text_begin + block.text_size;
    uint32_t at = block.text_begin;
    auto mark = std::lower_bound(page_.marks.begin(), page_.marks.end(), at,
                                 [](const Mark& m, uint32_t offset) { return m.at < offset; });
    for (; mark != page_.marks.end() && mark->at <= end; ++mark) {
      if (mark->at == block.text_begin || mark->opens || mark->link.empty()) continue;  // of the block before, no link
      out += text.substr(at - block.text_begin, mark->at - at);
      at = mark->at;
      out += " (";
      out += written_url(mark->link);
      out += ')';
    }
    out += text.substr(at - block.text_begin);
  }

  struct OpenItem {
    uint32_t depth = 0;
    size_t text_at = 0;  // spaces before its text
    uint32_t item = 0;   // its container, a <li> or <dd>
  };

  const PageBlocks& page_;
  const std::vector<uint8_t>& keep_;
  const LayoutOptions& options_;
  std::string out_;
  std::unordered_map<std::string_view, uint32_t, SeededHash> seen_;  // lines, and the container of each first one
  const Block* last_ = nullptr;
  NodeId row_ = kNoNode, cell_ = kNoNode;
  std::vector<OpenItem> items_;
  uint32_t definition_ = 0;  // the last <dd> that was begun
  size_t item_indent_ = 0;   // of the block being written, where it goes on with an item
  static constexpr uint32_t kNoRow = UINT32_MAX;
  TablePlans plans_;
  std::vector<BlockLines>* const lines_;
  PropertyLists properties_;
  std::vector<const Block*> row_blocks_;  // in grid_cells_
  size_t counted_ = 0;                    // of out_: what line_ counts the line breaks of
  uint32_t line_ = 0;
  uint32_t grid_ = kNoCell, grid_row_ = kNoRow;           // being written, and its row
  size_t grid_rows_ = 0;                                  // written of it
  std::vector<std::string> grid_cells_;                   // of the row
  size_t cells_ = 0, header_cells_ = 0, most_cells_ = 0;  // of the row, of the table's header, of its longest row
  size_t header_end_ = 0, rule_end_ = 0;                  // in out_
  bool first_row_ = false;                                // of its table
  bool quote_ = false;
};

}  // namespace

std::string lay_out(const PageBlocks& page, const std::vector<uint8_t>& keep, const LayoutOptions& options,
                    LaidOut* laid_out) {
  if (laid_out != nullptr) {
    laid_out->fates.assign(page.blocks.size(), Fate::kDropped);
    laid_out->lines.assign(page.blocks.size(), {});
  }
  Layout layout(page, keep, options, laid_out == nullptr ? nullptr : &laid_out->lines);
  for (const uint32_t i : reading_order(page)) {
    const Block& block = page.blocks[i];
    if (keep[i] == 0) continue;
    const bool left_out = !options.tables && (block.ancestors & kInTable) != 0;
    const Fate fate = left_out ? Fate::kInTable : layout.add(block);
    if (laid_out != nullptr) laid_out->fates[i] = fate;
  }
  return layout.take();
}

std::vector<uint32_t> line_entries(std::string_view text, const LaidOut& plain, const LaidOut* markdown) {
  const auto is_structure = [](const BlockLines& lines) {
    return lines.is_written() && lines.kind != LineKind::kProse;
  };
  if (markdown == nullptr && std::none_of(plain.lines.begin(), plain.lines.end(), is_structure)) return {};
  std::vector<uint32_t> entries(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  for (size_t i = 0; i < plain.lines.size(); ++i) {
    const BlockLines& from = plain.lines[i];
    if (!from.is_written()) continue;
    for (uint32_t line = from.first; line <= from.last; ++line) {
      uint32_t shown_in = 0;
      if (markdown != nullptr && markdown->lines[i].is_written()) {
        const BlockLines& to = markdown->lines[i];
        const bool is_fenced = from.kind == LineKind::kCode && to.kind == LineKind::kCode;
        shown_in = std::min(to.first + (line - from.first) + (is_fenced ? 1 : 0), to.last);
      }
      entries[line] = line_entry(from.kind, shown_in);
    }
  }
  return entries;
}

}  // namespace ftok::html
