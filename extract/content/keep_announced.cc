#include "extract/content/keep_announced.h"

#include <algorithm>

#include "extract/content/keep_structure.h"
#include "extract/content/list_numbers.h"

namespace ftok::html {

namespace {

constexpr uint32_t kNotOfText = kInHidden | kInNav | kInForm | kInAside | kInFooter | kInComments;

// Blocks [first, last), one thing or several of one shape.
struct Announced {
  uint32_t first = 0, last = 0;
  bool is_list = false;  // or a table
};

class Announcements {
 public:
  Announcements(const PageBlocks& page, const ContentChoice& choice, std::vector<uint8_t>& keep)
      : page_(page), choice_(choice), keep_(keep) {}

  void keep_what_follows() {
    for (uint32_t i = 0; i + 1 < page_.blocks.size(); ++i) {
      if (keep_[i] == 0 || !is_announcement(page_.blocks[i])) continue;
      const Announced found = behind(i);
      if (!is_wanted(found)) continue;
      std::fill(keep_.begin() + found.first, keep_.begin() + found.last, uint8_t{1});
    }
  }

 private:
  bool is_announcement(const Block& block) const {
    constexpr uint32_t kWordsMin = 4;  // fewer are a label: "See also:", "Filed under:"
    return block.sums.words >= kWordsMin && block.heading_level == 0 && block.kind != BlockKind::kCode &&
           block.grid_cell == kNoCell && announces(page_.text_of(block));
  }

  // The child of a box that a block stands in; 0 where it stands in none.
  uint32_t child_around(uint32_t box, uint32_t block) const {
    uint32_t at = page_.blocks[block].container;
    while (at != 0 && page_.containers[at].parent != box) at = page_.containers[at].parent;
    return at;
  }

  Announced behind(uint32_t block) const {
    uint32_t box = page_.blocks[block].container;
    while (box != 0 && page_.containers[box].last_block - page_.containers[box].first_block == 1)
      box = page_.containers[box].parent;
    const uint32_t end = page_.containers[box].last_block, first = block + 1;
    if (first >= end) return {};
    const uint32_t child = child_around(box, first);
    if (child == 0) return {};
    const Container& thing = page_.containers[child];
    Announced found{first, thing.last_block, is_list(thing.tag) || thing.tag == Tag::kTable};
    while (!found.is_list && found.last < end) {
      const uint32_t next = child_around(box, found.last);
      if (next == 0 || page_.containers[next].shape != thing.shape) break;
      if (!is_mostly_links(page_.containers[next].sums)) break;
      found.last = page_.containers[next].last_block;
    }
    return found;
  }

  static bool is_mostly_links(const TextSums& sums) { return sums.link_letters * 2 >= sums.letters; }

  bool is_wanted(const Announced& found) const {
    constexpr uint32_t kBlocksMin = 2, kBlocksMax = 30, kWordsMax = 12;
    const uint32_t blocks = found.last - found.first;
    if (blocks < kBlocksMin || blocks > kBlocksMax) return false;
    TextSums sums;
    double score = 0;
    for (uint32_t k = found.first; k < found.last; ++k) {
      const Block& block = page_.blocks[k];
      if ((block.ancestors & kNotOfText) != 0 || block.sums.words > kWordsMax) return false;
      sums.add(block.sums);
      score += block.sums.letters * static_cast<double>(choice_.score[k]);
    }
    return (found.is_list || is_mostly_links(sums)) && score >= kAnnouncedScoreMin * sums.letters;
  }

  const PageBlocks& page_;
  const ContentChoice& choice_;
  std::vector<uint8_t>& keep_;
};

}  // namespace

void keep_announced(const PageBlocks& page, const ContentChoice& choice, std::vector<uint8_t>& keep) {
  Announcements(page, choice, keep).keep_what_follows();
}

}  // namespace ftok::html
