#include "extract/content/keep_items.h"

#include "extract/content/dense_ids.h"

namespace ftok::html {

namespace {

constexpr uint32_t kNoItemIn = kInHidden | kInNav | kInForm | kInFooter | kInAside | kInTable;
constexpr uint32_t kItemsMin = 5;

// Blocks that stand at one place of their items.
struct Like {
  uint32_t items = 0, last_item = 0;  // that have one
  double words = 0, kept = 0;
};

// The place of a block in the nearest item around it; false where there is none.
bool find_place(const PageStructure& structure, const Block& block, uint64_t& place, uint32_t& item) {
  constexpr int kLevelsMax = 8;
  item = structure.item_of[block.container];
  if ((block.ancestors & kNoItemIn) != 0 || item == 0 || structure.items_like(item) < kItemsMin) return false;
  place = structure.group_of[item];
  int level = 0;
  for (uint32_t at = block.container; at != item; at = structure.page.containers[at].parent) {
    if (++level > kLevelsMax) return false;
    place = (place ^ structure.page.containers[at].shape) * 0x9E3779B97F4A7C15ULL;
    place ^= place >> 29;
  }
  return true;
}

}  // namespace

// The thresholds are those of the best cross-validated scores (docs/extraction.md).
void keep_items_alike(const PageStructure& structure, std::vector<uint8_t>& keep) {
  constexpr double kKeptMin = 1.0 / 3, kKeptMax = 0.1;
  const std::vector<Block>& blocks = structure.page.blocks;
  DenseIds ids(blocks.size());
  std::vector<Like> likes;
  std::vector<uint32_t> like_of(blocks.size(), kNone);
  for (uint32_t i = 0; i < blocks.size(); ++i) {
    uint64_t place = 0;
    uint32_t item = 0;
    if (!find_place(structure, blocks[i], place, item)) continue;
    like_of[i] = ids.id_of(place);
    if (like_of[i] == likes.size()) likes.emplace_back();
    Like& like = likes[like_of[i]];
    like.items += like.last_item != item;
    like.last_item = item;
    const double words = blocks[i].sums.words + 0.5;
    like.words += words;
    like.kept += keep[i] != 0 ? words : 0;
  }
  for (uint32_t i = 0; i < blocks.size(); ++i) {
    if (like_of[i] == kNone || likes[like_of[i]].items < kItemsMin) continue;
    const Like& like = likes[like_of[i]];
    if (like.kept >= kKeptMin * like.words) keep[i] = 1;
    else if (like.kept <= kKeptMax * like.words) keep[i] = 0;
  }
}

}  // namespace ftok::html
