#include "extract/content/keep_structure.h"

#include <algorithm>
#include <iterator>

namespace ftok::html {

namespace {

constexpr uint32_t kElsewhere = kInHidden | kInNav | kInForm | kInAside | kInFooter | kInComments;
constexpr size_t kReach = 2;  // blocks between: a heading and a caption
constexpr float kCaptionScoreMin = 0.4F;
constexpr float kHeadingScoreMin = 0.15F;
constexpr float kParagraphScoreMin = 0.2F;

class Structure {
 public:
  Structure(const PageBlocks& page, const ContentChoice& choice, std::vector<uint8_t>& keep)
      : page_(page), choice_(choice), keep_(keep) {
    find_core();
  }

  void add() {
    const size_t n = page_.blocks.size();
    for (size_t i = 0; i < n; ++i) {
      const Block& block = page_.blocks[i];
      if ((block.ancestors & elsewhere_) != 0) continue;
      if (block.is_footnote) {
        if (is_in_core(i)) keep_[i] = 1;
      } else if (block.kind == BlockKind::kCode) {
        if (keep_[i] == 0 && is_in_core(i) && belongs_to_text(i, i + 1)) keep_[i] = 1;
      } else if ((block.ancestors & (kInTable | kInRoleTable)) != 0) {
        i = std::max(i, keep_table(i) - 1);
      } else if (block.kind == BlockKind::kCaption) {
        if (keep_[i] == 0 && choice_.score[i] >= kCaptionScoreMin && is_in_core(i) && stands_in_text(i, i + 1))
          keep_[i] = 1;
      } else if (is_in_core(i) && (block.kind == BlockKind::kTerm || block.kind == BlockKind::kDefinition)) {
        i = keep_definitions(i) - 1;
      }
    }
    keep_paragraphs();
    keep_headings();
  }

 private:
  // The deepest container with most of what is kept.
  void find_core() {
    constexpr double kMost = 0.7;
    std::vector<double> kept(page_.containers.size());
    for (size_t i = 0; i < page_.blocks.size(); ++i) {
      if (keep_[i] != 0) kept[page_.blocks[i].container] += page_.blocks[i].sums.words + 0.5;
    }
    for (size_t c = page_.containers.size(); c-- > 1;) kept[page_.containers[c].parent] += kept[c];
    for (size_t c = 1; c < page_.containers.size(); ++c) {
      if (page_.containers[c].parent == core_ && kept[c] > kMost * kept[0]) core_ = static_cast<uint32_t>(c);
    }
    if (const uint32_t table = table_around(page_, core_); table != 0) core_ = page_.containers[table].parent;
    elsewhere_ &= ~page_.containers[core_].ancestors;
    // A text of one paragraph is its own core: what follows stands beside it.
    if (page_.containers[core_].last_block - page_.containers[core_].first_block == 1 && core_ != 0)
      core_ = page_.containers[core_].parent;
  }

  // Keeps the table around a block, where it is one of data that is wanted; gives back where to go on.
  size_t keep_table(size_t block) {
    const uint32_t table = data_table_around(block);
    if (table == 0) return block + 1;
    const Container& box = page_.containers[table];
    if (is_wanted_table(box)) {
      keep_all(box.first_block, box.last_block);
      // Above it: its caption, or its heading where it stands behind the core.
      const size_t above = box.first_block - 1;
      if (is_in_core(box.first_block) ? is_caption_of_core(above) : page_.blocks[above].heading_level > 0)
        keep_[above] = 1;
    }
    return box.last_block;
  }

  // The table that a block is data of: the innermost one, and none where that lays the page out.
  uint32_t data_table_around(size_t block) const {
    const uint32_t cell = page_.blocks[block].grid_cell;
    if (cell != kNoCell && page_.grids[page_.cells[cell].grid].holds_table) return 0;
    uint32_t at = page_.blocks[block].container;
    while (at != 0 && page_.containers[at].part != Tag::kTable) at = page_.containers[at].parent;
    return at;
  }

  bool is_in_core(size_t block) const {
    return block >= page_.containers[core_].first_block && block < page_.containers[core_].last_block;
  }

  // Whether a kept block of the core stands near before `first`.
  bool stands_behind_text(size_t first) const {
    const size_t begin = page_.containers[core_].first_block;
    for (size_t k = 1; k <= kReach + 1 && first >= begin + k; ++k) {
      if (keep_[first - k] != 0) return true;
    }
    return false;
  }

  // Whether one stands near before [first, last), and one near behind it or the core's end.
  bool stands_in_text(size_t first, size_t last) const {
    const size_t end = page_.containers[core_].last_block;
    bool behind = last >= end;
    for (size_t k = 0; k <= kReach && last + k < end; ++k) behind = behind || keep_[last + k] != 0;
    return behind && stands_behind_text(first);
  }

  // Whether [first, last) is one thing with the text before it: that announces it with a colon, a link or a file's name
  // at most between, or a heading of its own is above it.
  bool belongs_to_text(size_t first, size_t last) const {
    return stands_in_text(first, last) || is_announced(first) || has_heading_above(first);
  }

  bool is_announced(size_t first) const {
    constexpr size_t kBetween = 1;
    for (size_t k = 1; k <= kBetween + 1 && first >= page_.containers[core_].first_block + k; ++k) {
      if (keep_[first - k] != 0) return announces(page_.text_of(page_.blocks[first - k]));
    }
    return false;
  }

  bool has_heading_above(size_t first) const {
    if (first == 0 || !is_in_core(first - 1)) return false;
    const Block& above = page_.blocks[first - 1];
    return above.heading_level > 1 && (above.ancestors & elsewhere_) == 0 && !is_mostly_links(above.sums) &&
           (keep_[first - 1] != 0 || choice_.score[first - 1] >= kHeadingScoreMin);
  }

  static bool is_mostly_links(const TextSums& sums) { return sums.link_letters * 2 >= sums.letters; }

  // Whether a box outside of the core comes right behind it, with its heading at most between, in the box around.
  bool follows_core(const Container& box) const {
    constexpr int kLevels = 3;
    const Container& core = page_.containers[core_];
    if (box.first_block < core.last_block || box.first_block > core.last_block + 1) return false;
    uint32_t around = core_;
    for (int level = 0; level < kLevels && around != 0; ++level) {
      around = page_.containers[around].parent;
      const Container& outer = page_.containers[around];
      if (outer.first_block <= box.first_block && box.last_block <= outer.last_block) return outer.tag != Tag::kBody;
    }
    return false;
  }

  // A table of data: several rows and columns, few links.
  bool is_wanted_table(const Container& box) const {
    constexpr uint32_t kBlocksMin = 4, kBlocksMax = 400;
    constexpr double kScoreMin = 0.05, kScoreOfText = 0.5;  // from this on it needs no text around it
    const uint32_t blocks = box.last_block - box.first_block;
    if (blocks < kBlocksMin || blocks > kBlocksMax || box.sums.link_letters * 3 >= box.sums.letters) return false;
    double score = 0, words = 0;
    NodeId row = kNoNode, cell = kNoNode;
    uint32_t rows = 0;
    bool has_header = false, has_caption = false, has_columns = false;
    for (uint32_t i = box.first_block; i < box.last_block; ++i) {
      const Block& block = page_.blocks[i];
      if (block.grid_cell == kNoCell || page_.grids[page_.cells[block.grid_cell].grid].holds_table) {
        if (block.cell != kNoNode) return false;  // a layout; a caption has no cell
        has_caption = true;
        continue;
      }
      // Boxes that are cells by their role may hold anything; data is one text each.
      if (block.cell == cell && (block.ancestors & kInRoleTable) != 0) return false;
      rows += block.row != row;
      has_columns = has_columns || (block.row == row && block.cell != cell);
      row = block.row, cell = block.cell;
      has_header = has_header || block.is_header_cell;
      score += static_cast<double>(choice_.score[i]) * (block.sums.words + 0.5);
      words += block.sums.words + 0.5;
    }
    if (rows < 2 || !has_columns || score < kScoreMin * words) return false;
    if (score >= kScoreOfText * words && is_in_core(box.first_block)) return true;
    if (!is_in_core(box.first_block)) return has_header && follows_core(box);
    return belongs_to_text(box.first_block, box.last_block) ||
           ((has_caption || is_caption_of_core(box.first_block - 1)) && stands_behind_text(box.first_block));
  }

  bool is_caption_of_core(size_t block) const {  // none where `block` is the one before the first
    return block < page_.blocks.size() && is_in_core(block) && page_.blocks[block].kind == BlockKind::kCaption &&
           (page_.blocks[block].ancestors & elsewhere_) == 0;
  }

  void keep_all(size_t first, size_t last) {
    for (size_t k = first; k < last; ++k) keep_[k] = keep_[k] != 0 || (page_.blocks[k].ancestors & kInHidden) == 0;
  }

  // Keeps the list of definitions that begins at a block, where it stands in the text; gives back its end.
  size_t keep_definitions(size_t first) {
    size_t last = first;
    uint32_t letters = 0, link_letters = 0;
    for (; last < page_.blocks.size(); ++last) {
      const Block& block = page_.blocks[last];
      if (block.kind != BlockKind::kTerm && block.kind != BlockKind::kDefinition) break;
      letters += block.sums.letters, link_letters += block.sums.link_letters;
    }
    const bool belongs =
        stands_in_text(first, last) || is_announced(first) ||
        (has_heading_above(first) && keep_[first - 1] != 0);  // not a user's name above his particulars
    if (link_letters * 3 < letters && belongs) keep_all(first, last);
    return last;
  }

  // The paragraphs right in one box of the core go together, where a third of their words and more are kept: those of a
  // book of thousands, the last as the first.
  void keep_paragraphs() {
    constexpr uint32_t kWordsMin = 10;
    std::vector<double> kept(page_.containers.size()), all(page_.containers.size());
    const auto is_paragraph = [&](const Block& block) {
      return block.kind == BlockKind::kText && page_.containers[block.container].tag == Tag::kP &&
             block.sums.words >= kWordsMin && block.sums.sentences > 0 &&
             block.sums.link_letters * 5 < block.sums.letters && (block.ancestors & (elsewhere_ | kInTable)) == 0;
    };
    for (size_t i = 0; i < page_.blocks.size(); ++i) {
      const Block& block = page_.blocks[i];
      if (!is_in_core(i) || !is_paragraph(block)) continue;
      const uint32_t box = page_.containers[block.container].parent;
      all[box] += block.sums.words;
      kept[box] += keep_[i] != 0 ? block.sums.words : 0;
    }
    for (size_t i = 0; i < page_.blocks.size(); ++i) {
      const Block& block = page_.blocks[i];
      const uint32_t box = page_.containers[block.container].parent;
      if (keep_[i] == 0 && is_in_core(i) && kept[box] * 3 >= all[box] && is_paragraph(block) &&
          choice_.score[i] >= kParagraphScoreMin)
        keep_[i] = 1;
    }
  }

  // Whether a paragraph that was kept stands right below, in a box of the same parent as this one.
  bool is_paragraph_below(size_t i) const {
    if (i + 1 >= page_.blocks.size() || page_.blocks[i + 1].sums.paragraph_letters == 0) return false;
    return page_.containers[page_.blocks[i].container].parent == page_.containers[page_.blocks[i + 1].container].parent;
  }

  // A heading goes with the text below it.
  void keep_headings() {
    for (size_t i = page_.blocks.size(); i-- > 0;) {
      const Block& block = page_.blocks[i];
      const int level = std::max(block.heading_level, block.role_level);
      if (keep_[i] != 0 || level < 2 || !is_in_core(i) || (block.ancestors & elsewhere_) != 0) continue;
      // To the model a heading by its role is a short line, so the text that it is a heading of speaks for it.
      const bool by_role = block.heading_level == 0 && is_paragraph_below(i);
      if ((by_role || choice_.score[i] >= kHeadingScoreMin) && !is_mostly_links(block.sums) &&
          i + 1 < page_.blocks.size() && keep_[i + 1] != 0 && is_in_core(i + 1))
        keep_[i] = 1;
    }
  }

  const PageBlocks& page_;
  const ContentChoice& choice_;
  std::vector<uint8_t>& keep_;
  uint32_t core_ = 0;
  uint32_t elsewhere_ = kElsewhere;  // what is not the core's own: a forum may lay all of its posts out in a form
};

}  // namespace

bool announces(std::string_view text) {
  constexpr std::string_view kColons[] = {":", "\uFF1A"};
  return std::any_of(std::begin(kColons), std::end(kColons), [&](std::string_view colon) {
    return text.size() >= colon.size() && text.substr(text.size() - colon.size()) == colon;
  });
}

uint32_t table_around(const PageBlocks& page, uint32_t container) {
  uint32_t table = 0;
  for (uint32_t at = container; at != 0; at = page.containers[at].parent) {
    if (page.containers[at].tag == Tag::kTable) table = at;
  }
  return table;
}

void keep_structure(const PageBlocks& page, const ContentChoice& choice, std::vector<uint8_t>& keep) {
  Structure(page, choice, keep).add();
}

}  // namespace ftok::html
