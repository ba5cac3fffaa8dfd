#include "extract/content/main_content.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <string_view>

#include "extract/content/code_labels.h"
#include "extract/content/content_model.h"
#include "extract/content/end_lists.h"
#include "extract/content/formulas.h"
#include "extract/content/keep_announced.h"
#include "extract/content/keep_items.h"
#include "extract/content/keep_structure.h"
#include "extract/content/leaf_masks.h"
#include "extract/content/list_numbers.h"
#include "extract/content/readers_comments.h"
#include "extract/content/side_boxes.h"

namespace ftok::html {

namespace {

// Each feature's lanes are a line of the processor's cache.
struct alignas(sizeof(float) * kLanes) Tile {
  float values[(kFeatureCount + kContextFeatureCount) * kLanes];
};
constexpr size_t kTilesMax = 128;     // held at once; a longer page has its first features made twice
constexpr size_t kTilesTogether = 2;  // evaluated at once, while they are near the processor

// The rows of some blocks, at least one of them and at most kTilesMax tiles, and their scores.
class Rows {
 public:
  Rows(const PageStructure& structure, const PageFacts& facts)
      : features_(structure, facts),
        size_(structure.page.blocks.size()),
        tiles_((size_ + kLanes - 1) / kLanes),
        level_(vector_level()),
        held_(std::make_unique_for_overwrite<Tile[]>(std::min(tiles_, kTilesMax))) {
    // The last one has rows of no block.
    std::fill(std::begin(held_[(tiles_ - 1) % kTilesMax].values), std::end(held_[(tiles_ - 1) % kTilesMax].values),
              0.0F);
  }

  // One pass over all blocks: `context` is null in the first.
  std::vector<float> pass(const LeafMasks& forest, ContextFeatures* context) {
    std::vector<float> sums(tiles_ * kLanes);
    static_assert(kTilesMax % kTilesTogether == 0);
    for (size_t first = 0; first < tiles_; first += kTilesTogether) {
      const size_t last = std::min(tiles_, first + kTilesTogether);
      for (size_t t = first; t < last; ++t) write_tile(t, context);
      const Tiles tiles{held_[first % kTilesMax].values, last - first, sizeof(Tile) / sizeof(float)};
      forest.evaluate(tiles, &sums[first * kLanes], level_);
    }
    sums.resize(size_);
    return sums;
  }

 private:
  void write_tile(size_t t, ContextFeatures* context) {
    float* const tile = held_[t % kTilesMax].values;
    const size_t first = t * kLanes, last = std::min(size_, first + kLanes);
    if (context == nullptr || tiles_ > kTilesMax) features_.write_tile(first, last, tile);
    for (size_t i = first; i < last && context != nullptr; ++i)
      context->write_row(i, tile + kFeatureCount * kLanes + (i - first));
  }

  BlockFeatures features_;
  size_t size_, tiles_;
  VectorLevel level_;
  std::unique_ptr<Tile[]> held_;
};

std::vector<float> score_blocks(const PageStructure& structure, const PageFacts& facts) {
  if (structure.page.blocks.empty()) return {};
  Rows rows(structure, facts);
  std::vector<float> score = rows.pass(first_masks(), nullptr);
  for (float& sum : score) sum = squash(sum);
  ContextFeatures context(structure, score);
  std::vector<float> sums = rows.pass(second_masks(), &context);
  for (float& sum : sums) sum = probability_of(sum);
  return sums;
}

bool has_other_than(uint32_t block, const std::vector<uint8_t>& keep) {
  for (uint32_t i = 0; i < keep.size(); ++i) {
    if (keep[i] != 0 && i != block) return true;
  }
  return false;
}

// Some pages show nothing until their scripts have run: all that is worth reading is hidden. There hiding means
// nothing.
bool hides_its_content(const PageBlocks& page, const std::vector<float>& score) {
  constexpr double kShownMin = 0.25;  // words likely kept that are shown, of those hidden
  double shown = 0, hidden = 0;
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    double& sum = (page.blocks[i].ancestors & kInHidden) != 0 ? hidden : shown;
    sum += (page.blocks[i].sums.words + 0.5) * static_cast<double>(score[i]);
  }
  return shown < kShownMin * hidden;
}

// The outermost box that holds the same blocks as this one: the frame that a site's software puts around it.
uint32_t frame_of(const PageBlocks& page, uint32_t box) {
  const auto same = [&](const Container& a, const Container& b) {
    return a.first_block == b.first_block && a.last_block == b.last_block;
  };
  while (page.containers[box].parent != 0 && same(page.containers[page.containers[box].parent], page.containers[box]))
    box = page.containers[box].parent;
  return box;
}

// A row of data of which most is kept is kept whole: the name or the year beside a description that is. In a layout's
// row cells hold several blocks, or several links.
void keep_rows_whole(const PageBlocks& page, std::vector<uint8_t>& keep) {
  constexpr size_t kBlocksMax = 6;  // 12 score the same or a little lower
  const std::vector<Block>& blocks = page.blocks;
  const auto is_data = [&](size_t i) {
    const auto same_cell = [&](size_t k) { return k < blocks.size() && blocks[k].cell == blocks[i].cell; };
    return (blocks[i].ancestors & (kInHidden | kInNav)) == 0 && blocks[i].sums.links <= 1 && !same_cell(i - 1) &&
           !same_cell(i + 1);
  };
  size_t last = 0;
  for (size_t first = 0; first < blocks.size(); first = last) {
    const NodeId row = blocks[first].row;
    for (last = first + 1; last < blocks.size() && blocks[last].row == row; ++last) {
    }
    if (row == kNoNode || last - first > kBlocksMax) continue;
    uint64_t kept = 0, all = 0;
    for (size_t i = first; i < last; ++i) {
      if ((blocks[i].ancestors & kInHidden) != 0) continue;
      all += blocks[i].sums.letters;
      kept += keep[i] != 0 ? blocks[i].sums.letters : 0;
    }
    if (kept * 2 < all || kept == 0) continue;
    for (size_t i = first; i < last; ++i) keep[i] = keep[i] != 0 || is_data(i);
  }
}

// What is one thing is kept as one thing: a term goes with its kept definition, and a table that stands between kept
// blocks of its own container, with few links, is kept whole (a cell alone says too little to be scored well).
void keep_whole(const PageBlocks& page, std::vector<uint8_t>& keep) {
  constexpr uint32_t kBlocksMax = 400;  // a longer table is the page's layout, or its own subject
  const auto shown = [&](size_t i) { return (page.blocks[i].ancestors & kInHidden) == 0; };
  const size_t n = page.blocks.size();
  for (size_t i = 0; i + 1 < n; ++i) {
    if (page.blocks[i].kind == BlockKind::kTerm && page.blocks[i + 1].kind == BlockKind::kDefinition &&
        keep[i + 1] != 0 && shown(i))
      keep[i] = 1;
  }
  for (size_t i = 0; i < n; ++i) {
    if ((page.blocks[i].ancestors & kInTable) == 0) continue;
    const uint32_t table = table_around(page, page.blocks[i].container);
    if (table == 0) continue;
    const Container& box = page.containers[table];
    const uint32_t around = page.containers[frame_of(page, table)].parent;
    const auto is_kept_beside = [&](size_t k) {
      if (k >= n || keep[k] == 0) return false;
      uint32_t at = page.blocks[k].container;  // a child of the table's own parent, or the parent itself
      return at == around || page.containers[at].parent == around;
    };
    const bool few_links = box.sums.link_letters * 3 < box.sums.letters;
    if (few_links && box.sums.blocks <= kBlocksMax && box.first_block > 0 && is_kept_beside(box.first_block - 1) &&
        is_kept_beside(box.last_block)) {
      for (size_t k = box.first_block; k < box.last_block; ++k) keep[k] = keep[k] != 0 || shown(k);
    }
    i = std::max<size_t>(i, box.last_block - 1);
  }
}

// The outermost list around a container; 0 where there is none.
uint32_t list_around(const PageBlocks& page, uint32_t container) {
  uint32_t list = 0;
  for (uint32_t at = container; at != 0; at = page.containers[at].parent) {
    if (page.containers[at].tag == Tag::kTable) break;
    if (is_list(page.containers[at].tag) || page.containers[at].tag == Tag::kDl) list = at;
  }
  return list;
}

// A list within the text is kept whole, with the lists in it: one that the kept block before announces, or of which
// half is kept; and one under a kept heading of its own, whatever follows, that has few links. An item alone ("Paper",
// a link) says too little to be scored well. A longer list, such as a catalogue or the references of an encyclopaedia's
// page, is kept whole, wherever it stands, where two fifths of it are.
void keep_lists_whole(const PageBlocks& page, const ContentChoice& choice, std::vector<uint8_t>& keep) {
  constexpr uint32_t kBlocksMax = 200;
  constexpr double kKeptMin = 0.5, kKeptMinOfLong = 0.4;
  constexpr double kHeadedScoreMin = 0.3;
  const size_t n = page.blocks.size();
  for (size_t i = 0; i < n; ++i) {
    const BlockKind kind = page.blocks[i].kind;
    if (page.blocks[i].list_depth == 0 && kind != BlockKind::kTerm && kind != BlockKind::kDefinition) continue;
    const uint32_t list = list_around(page, page.blocks[i].container);
    if (list == 0) continue;
    const Container& box = page.containers[list];
    i = std::max<size_t>(i, box.last_block - 1);
    if ((box.ancestors & (kInNav | kInForm)) != 0) continue;
    double kept = 0, all = 0, score = 0;
    for (size_t k = box.first_block; k < box.last_block; ++k) {
      if ((page.blocks[k].ancestors & kInHidden) != 0) continue;
      const double letters = page.blocks[k].sums.letters;
      all += letters;
      kept += keep[k] != 0 ? letters : 0;
      score += letters * static_cast<double>(choice.score[k]);
    }
    if (box.last_block - box.first_block > kBlocksMax) {
      if (kept < kKeptMinOfLong * all) continue;
    } else {
      const uint32_t around = page.containers[frame_of(page, list)].parent;
      const auto is_kept_beside = [&](size_t k) {
        if (k >= n || keep[k] == 0) return false;
        const uint32_t at = page.blocks[k].container;
        return at == around || page.containers[at].parent == around;
      };
      if (box.first_block == 0 || !is_kept_beside(box.first_block - 1)) continue;
      const Block& above = page.blocks[box.first_block - 1];
      const bool headed =
          above.heading_level > 1 && box.sums.link_letters * 3 < box.sums.letters && score >= kHeadedScoreMin * all;
      const bool announced = announces(page.text_of(above)) && score >= kAnnouncedScoreMin * all;
      if (!headed && (!is_kept_beside(box.last_block) || (kept < kKeptMin * all && !announced))) continue;
    }
    for (size_t k = box.first_block; k < box.last_block; ++k)
      keep[k] = keep[k] != 0 || (page.blocks[k].ancestors & kInHidden) == 0;
  }
}

// A displayed formula in TeX's delimiters, which the page's scripts draw.
bool is_tex_display(std::string_view text) {
  constexpr size_t kMarks = 4;  // two before, two behind
  return text.size() > kMarks &&
         ((text.starts_with("$$") && text.ends_with("$$")) || (text.starts_with("\\[") && text.ends_with("\\]")));
}

// A formula in a box of its own is a part of the text around it: it is kept, with its number, where the text before it
// and behind it is, or where one of them stands in the same box. Alone it says too little to be scored well.
void keep_formulas(const PageBlocks& page, std::vector<uint8_t>& keep) {
  const std::vector<Block>& blocks = page.blocks;
  for (size_t first = 0, last = 0; first < blocks.size(); first = std::max(last, first + 1)) {
    bool any = false;
    for (last = first; last < blocks.size(); ++last) {
      const bool is_formula = blocks[last].is_formula() || is_tex_display(page.text_of(blocks[last]));
      any = any || is_formula;
      if (!is_formula && !is_equation_number(page.text_of(blocks[last]))) break;
    }
    if (!any) continue;
    const bool before = first > 0 && keep[first - 1] != 0, behind = last < blocks.size() && keep[last] != 0;
    for (size_t i = first; i < last; ++i) {
      if (keep[i] != 0 || (blocks[i].ancestors & (kInHidden | kInNav | kInForm)) != 0) continue;
      const uint32_t table = table_around(page, blocks[i].container);
      const uint32_t around = page.containers[frame_of(page, table != 0 ? table : blocks[i].container)].parent;
      const auto is_beside = [&](size_t k) {
        const uint32_t at = blocks[k].container;
        return at == around || page.containers[at].parent == around;
      };
      keep[i] = (before && behind) || (before && is_beside(first - 1)) || (behind && is_beside(last));
    }
  }
}

// Drops what forum software says about a post's author, unless the page has nothing else.
void drop_posters(const PageBlocks& page, std::vector<uint8_t>& keep) {
  const auto is_other = [&](size_t i) { return keep[i] != 0 && (page.blocks[i].ancestors & kOfPoster) == 0; };
  bool any = false;
  for (size_t i = 0; i < keep.size() && !any; ++i) any = is_other(i);
  for (size_t i = 0; i < keep.size() && any; ++i) keep[i] = is_other(i);
}

}  // namespace

ContentChoice choose_content(const PageBlocks& page, const PageFacts& facts, const ContentOptions& options,
                             const std::vector<float>* given) {
  constexpr float kScoreMin =
      0.25F;  // a page of nothing else has no main content; .2 to .3 score the same (docs/extraction.md)
  constexpr double kArticleMore = 0.05;  // a page that calls itself an article has a frame to be left out
  constexpr double kThreadLess = 0.15;   // short posts among names and dates are scored low
  ContentChoice choice;
  choice.keep.assign(page.blocks.size(), 0);
  const PageStructure structure(page, facts);
  choice.score = given == nullptr ? score_blocks(structure, facts) : *given;
  choice.title_block = structure.title_block;
  const bool hidden = hides_its_content(page, choice.score);
  const Promise promise = promise_of(page, choice.score, hidden);
  const double share = options.caution + (facts.has_article_type() ? kArticleMore : 0) -
                       (says_it_is_a_thread(page, facts) ? kThreadLess : 0);
  choice.cut = std::max(kScoreMin, promise.cut_at(share));
  bool any = false;
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    if ((block.ancestors & kInHidden) != 0 && !hidden) continue;
    choice.keep[i] = choice.score[i] >= choice.cut || (options.comments && is_comment(page, block));
    any = any || choice.keep[i] != 0;
  }
  keep_structure(page, choice, choice.keep);
  if (!facts.is_article()) keep_items_alike(structure, choice.keep);
  keep_whole(page, choice.keep);
  keep_lists_whole(page, choice, choice.keep);
  keep_announced(page, choice, choice.keep);
  choose_end_lists(page, choice.keep);
  keep_rows_whole(page, choice.keep);
  keep_formulas(page, choice.keep);
  drop_side_boxes(page, choice.keep);
  keep_posts(page, facts, choice.keep);
  if (!options.comments) drop_comments(page, facts, choice.keep);
  drop_posters(page, choice.keep);
  drop_code_labels(page, choice.keep);
  const bool has_title = choice.title_block != kNone && page.blocks[choice.title_block].heading_level > 0;
  if (has_title) {
    uint8_t& keeps_title = choice.keep[choice.title_block];
    choice.keeps_title_unasked = keeps_title != 0 && !has_other_than(choice.title_block, choice.keep);
    keeps_title = options.title ? any : choice.keeps_title_unasked;
  }
  return choice;
}

}  // namespace ftok::html
