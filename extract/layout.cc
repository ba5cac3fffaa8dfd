#include "extract/layout.h"

#include <string_view>
#include <unordered_set>

namespace ftok::html {

namespace {

constexpr size_t kCellMax = 200;        // bytes; a longer cell is a column of a layout table, not data
constexpr size_t kRepeatedLineMin = 20;  // letters; shorter lines ("Yes", "Ingredients") may well come twice

class Layout {
 public:
  Layout(const PageBlocks& page, const LayoutOptions& options) : page_(page), options_(options) {}

  void add(const Block& block) {
    const std::string_view text = page_.text_of(block);
    if (!options_.repeated_lines && block.kind != BlockKind::kCode && block.sums.letters >= kRepeatedLineMin &&
        !seen_.insert(text).second) {
      return;
    }
    const bool short_cell = block.kind == BlockKind::kCell && block.row != kNoNode && text.size() <= kCellMax &&
                            text.find('\n') == std::string_view::npos;
    if (short_cell && row_ == block.row) {
      out_ += cell_ == block.cell ? " " : " | ";
    } else {
      if (!out_.empty()) out_ += '\n';
      if (options_.markdown && !out_.empty()) out_ += '\n';
      prefix(block);
    }
    row_ = short_cell ? block.row : kNoNode;
    cell_ = block.cell;
    body(block, text);
  }

  std::string take() { return std::move(out_); }

 private:
  void prefix(const Block& block) {
    if (options_.markdown && block.kind == BlockKind::kHeading) {
      out_.append(block.heading_level, '#');
      out_ += ' ';
    }
    if (options_.markdown && (block.ancestors & kInQuote) != 0) out_ += "> ";
    if (!block.starts_item || block.kind == BlockKind::kCell || block.kind == BlockKind::kHeading) return;
    out_.append(2 * (block.list_depth - 1U), ' ');
    if (block.item_number > 0) {
      out_ += std::to_string(block.item_number);
      out_ += ". ";
    } else {
      out_ += "- ";
    }
  }

  void body(const Block& block, std::string_view text) {
    const bool fence = options_.markdown && block.kind == BlockKind::kCode;
    if (fence) out_ += "```\n";
    out_ += text;
    if (fence) out_ += "\n```";
  }

  const PageBlocks& page_;
  const LayoutOptions& options_;
  std::string out_;
  std::unordered_set<std::string_view> seen_;
  NodeId row_ = kNoNode, cell_ = kNoNode;
};

}  // namespace

std::string lay_out(const PageBlocks& page, const std::vector<uint8_t>& keep, const LayoutOptions& options) {
  Layout layout(page, options);
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    if (keep[i] == 0 || (!options.tables && (block.ancestors & kInTable) != 0)) continue;
    layout.add(block);
  }
  return layout.take();
}

}  // namespace ftok::html
