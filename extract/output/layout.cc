#include "extract/output/layout.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "extract/output/markdown.h"

namespace ftok::html {

namespace {

constexpr size_t kCellMax = 200;         // bytes; a longer cell is a column of a layout table, not data
constexpr size_t kRepeatedWordsMin = 8;  // shorter lines ("Yes", a recipe's "Ingredients") may well come twice

class Layout {
 public:
  Layout(const PageBlocks& page, const LayoutOptions& options) : page_(page), options_(options) {}

  Fate add(const Block& block) {
    const std::string_view text = page_.text_of(block);
    if (!options_.repeated_lines && block.kind != BlockKind::kCode && block.sums.words >= kRepeatedWordsMin &&
        repeats(block, text)) {
      return Fate::kRepeated;
    }
    const bool short_cell = block.kind == BlockKind::kCell && block.row != kNoNode && text.size() <= kCellMax &&
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
    body(block, text, short_cell);
    last_ = &block;
    return Fate::kWritten;
  }

  std::string take() {
    end_row();
    end_table();
    return std::move(out_);
  }

 private:
  // Whether the line came before elsewhere. Beside its like it is the author's own: a refrain, a form.
  bool repeats(const Block& block, std::string_view text) {
    const auto [found, is_new] = seen_.try_emplace(text, block.container);
    if (is_new) return false;
    const auto parent = [&](uint32_t container) { return page_.containers[container].parent; };
    return found->second != block.container && parent(found->second) != parent(block.container);
  }

  // Sentences in a cell are paragraphs of a layout table.
  static bool is_prose(const Block& block) {
    constexpr uint32_t kLettersMin = 80;  // as TextSums::paragraph_letters
    return block.sums.letters >= kLettersMin && block.sums.sentences > 0;
  }

  bool is_item(const Block& block) const {
    return block.starts_item && block.kind != BlockKind::kCell && block.kind != BlockKind::kHeading;
  }

  // In Markdown: whether no empty line comes between the last block and this one.
  bool continues(const Block& block, bool short_cell) const {
    if (last_ == nullptr) return false;
    if (short_cell && !first_row_) return true;
    if (block.kind == BlockKind::kDefinition && !is_item(block))
      return last_->kind == BlockKind::kTerm || last_->kind == BlockKind::kDefinition;
    return is_item(block) && !items_.empty();
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
  }

  void prefix(const Block& block, bool short_cell) {
    quote_ = options_.markdown && (block.ancestors & kInQuote) != 0;
    if (quote_) out_ += "> ";
    if (options_.markdown && short_cell) out_ += "| ";
    if (options_.markdown && block.kind == BlockKind::kHeading) {
      out_.append(block.heading_level, '#');
      out_ += ' ';
    }
    if (options_.markdown && block.kind == BlockKind::kDefinition && !is_item(block)) out_ += ": ";
    if (!is_item(block)) {
      items_.clear();
      return;
    }
    const std::string mark = block.item_number > 0 ? std::to_string(block.item_number) + ". " : "- ";
    out_.append(options_.markdown ? indent_under_items(block.list_depth, mark.size()) : 2 * (block.list_depth - 1U),
                ' ');
    out_ += mark;
  }

  // In Markdown an item stands under the text of the one it belongs to, and only under one that was written.
  size_t indent_under_items(uint8_t depth, size_t mark_size) {
    while (!items_.empty() && items_.back().depth >= depth) items_.pop_back();
    const size_t indent = items_.empty() ? 0 : items_.back().text_at;
    items_.push_back({depth, indent + mark_size});
    return indent;
  }

  void body(const Block& block, std::string_view text, bool short_cell) {
    if (options_.markdown && block.kind == BlockKind::kCode) return append_fenced(text, quote_, out_);
    if (options_.markdown)
      return append_markdown(page_, block, {block.kind == BlockKind::kHeading, short_cell, quote_}, out_);
    // " (address)" after the text of a link.
    const uint32_t end = block.text_begin + block.text_size;
    uint32_t at = block.text_begin;
    auto mark = std::lower_bound(page_.marks.begin(), page_.marks.end(), at,
                                 [](const Mark& m, uint32_t offset) { return m.at < offset; });
    for (; mark != page_.marks.end() && mark->at <= end; ++mark) {
      if (mark->at == block.text_begin) continue;  // of the block before
      out_ += text.substr(at - block.text_begin, mark->at - at);
      at = mark->at;
      out_ += mark->text;
      out_ += mark->link;
      out_ += ')';
    }
    out_ += text.substr(at - block.text_begin);
  }

  struct OpenItem {
    uint8_t depth = 0;
    size_t text_at = 0;  // spaces before its text
  };

  const PageBlocks& page_;
  const LayoutOptions& options_;
  std::string out_;
  std::unordered_map<std::string_view, uint32_t> seen_;  // lines, and the container of each first one
  const Block* last_ = nullptr;
  NodeId row_ = kNoNode, cell_ = kNoNode;
  std::vector<OpenItem> items_;
  size_t cells_ = 0, header_cells_ = 0, most_cells_ = 0;  // of the row, of the table's header, of its longest row
  size_t header_end_ = 0, rule_end_ = 0;                  // in out_
  bool first_row_ = false;                                // of its table
  bool quote_ = false;
};

}  // namespace

std::string lay_out(const PageBlocks& page, const std::vector<uint8_t>& keep, const LayoutOptions& options,
                    std::vector<Fate>* fates) {
  Layout layout(page, options);
  if (fates != nullptr) fates->assign(page.blocks.size(), Fate::kDropped);
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    if (keep[i] == 0) continue;
    const bool left_out = !options.tables && (block.ancestors & kInTable) != 0;
    const Fate fate = left_out ? Fate::kInTable : layout.add(block);
    if (fates != nullptr) (*fates)[i] = fate;
  }
  return layout.take();
}

}  // namespace ftok::html
