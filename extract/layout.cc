#include "extract/layout.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace ftok::html {

namespace {

constexpr size_t kCellMax = 200;          // bytes; a longer cell is a column of a layout table, not data
constexpr size_t kRepeatedWordsMin = 8;   // shorter lines ("Yes", a recipe's "Ingredients") may well come twice

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
      end_row();
      if (!out_.empty()) out_ += options_.markdown && !continues(block, short_cell) ? "\n\n" : "\n";
      prefix(block, short_cell);
    }
    if (options_.markdown && short_cell && row_ != block.row) row_is_header_ = block.is_header_cell, cells_ = 1;
    row_ = short_cell ? block.row : kNoNode;
    cell_ = block.cell;
    body(block, text);
    last_ = &block;
    return Fate::kWritten;
  }

  std::string take() {
    end_row();
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
    if (short_cell && last_->kind == BlockKind::kCell) return true;
    if (block.kind == BlockKind::kDefinition) return true;
    return is_item(block) && last_->list_depth > 0;
  }

  void end_row() {
    if (!options_.markdown || row_ == kNoNode) return;
    out_ += " |";
    if (row_is_header_) {
      out_ += "\n|";
      for (size_t i = 0; i < cells_; ++i) out_ += " --- |";
    }
    row_ = kNoNode;
  }

  void prefix(const Block& block, bool short_cell) {
    quote_ = options_.markdown && (block.ancestors & kInQuote) != 0;
    if (quote_) out_ += "> ";
    if (options_.markdown && short_cell) out_ += "| ";
    if (options_.markdown && block.kind == BlockKind::kHeading) {
      out_.append(block.heading_level, '#');
      out_ += ' ';
    }
    if (options_.markdown && block.kind == BlockKind::kDefinition) out_ += ": ";
    if (!is_item(block)) return;
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
    if (fence) {
      out_ += "```\n";
      out_ += text;
      out_ += "\n```";
      return;
    }
    const auto first = std::lower_bound(page_.marks.begin(), page_.marks.end(), block.text_begin,
                                        [](const Mark& mark, uint32_t at) { return mark.at < at; });
    uint32_t at = block.text_begin;
    const uint32_t end = block.text_begin + block.text_size;
    std::vector<const Mark*> open;
    for (auto mark = first; mark != page_.marks.end() && mark->at <= end; ++mark) {
      if (mark->opens && mark->at == end) break;                       // of the next block
      if (!mark->opens && mark->at == block.text_begin) continue;      // of the one before
      write(text.substr(at - block.text_begin, mark->at - at));
      at = mark->at;
      if (mark->opens) open.push_back(&*mark);
      else if (mark->text != " (" && open.empty()) continue;  // opened in an earlier block
      else if (mark->text != " (") open.pop_back();
      out_ += mark->text;
      if (!mark->link.empty()) {
        out_ += mark->link;
        out_ += ')';
      }
    }
    write(text.substr(at - block.text_begin));
    while (!open.empty()) {  // closed in a later block
      if (open.back()->text != "[") out_ += open.back()->text;
      open.pop_back();
    }
  }

  // A line break within a block is two spaces and a new line in Markdown, and a quote's mark comes again.
  void write(std::string_view text) {
    if (!options_.markdown || text.find('\n') == std::string_view::npos) {
      out_ += text;
      return;
    }
    for (const char c : text) {
      if (c == '\n') out_ += quote_ ? "  \n> " : "  \n";
      else out_ += c;
    }
  }

  const PageBlocks& page_;
  const LayoutOptions& options_;
  std::string out_;
  std::unordered_map<std::string_view, uint32_t> seen_;  // lines, and the container of each first one
  const Block* last_ = nullptr;
  NodeId row_ = kNoNode, cell_ = kNoNode;
  size_t cells_ = 0;
  bool row_is_header_ = false;
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
