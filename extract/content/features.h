// Features: what the scorer knows of a block, as numbers: its own text, the elements around it, the words its boxes are
// named with, its neighbours, its place in the page, and the page as a whole. All are ratios or counts of the page
// itself; none names a site, a language or a word of the text.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "extract/content/feature_list.h"
#include "extract/content/leaf_masks.h"
#include "extract/content/page_structure.h"

namespace ftok::html {

// Gathers once what concerns the whole page, then writes rows in any order. `structure` must outlive it; its page has
// blocks.
class BlockFeatures {
 public:
  BlockFeatures(const PageStructure& structure, const PageFacts& facts);
  // The rows of the blocks [first, last), at most kLanes of them, into a tile (leaf_masks.h). The values beyond the
  // last named feature are left as they are.
  void write_tile(size_t first, size_t last, float* tile) const;

 private:
  class Row;
  // What a block says of each of four containers around it.
  struct Around {
    float letters_share = 0, link_density = 0, running_share = 0, letters_per_block = 0, items_like = 0;
  };

  void put_text(const Block& block, Row& row) const;
  void put_boxes(const Block& block, Row& row) const;
  void put_containers(size_t block, Row& row) const;
  void put_neighbours(size_t block, Row& row) const;
  void put_place(size_t block, Row& row) const;
  void put_branch(size_t block, Row& row) const;
  void put_title(size_t index, Row& row) const;
  void put_group(const Block& block, Row& row) const;
  void put_words(size_t block, Row& row) const;
  void gather_page(const PageFacts& facts);
  void gather_containers();

  const PageBlocks& page_;
  const PageStructure& structure_;
  std::vector<Around> around_;         // by container
  std::vector<uint32_t> title_stems_;  // by container: the first on the way up, itself included, that holds the title
  std::array<float, static_cast<size_t>(Feature::kCount) - static_cast<size_t>(Feature::kPageLettersLog)>
      page_values_{};
};

// The second pass: what a first scorer said of a block's neighbours and containers. `score` is one probability a block.
// Both arguments must outlive it.
class ContextFeatures {
 public:
  ContextFeatures(const PageStructure& structure, const std::vector<float>& score);
  // A block's kContextFeatureCount values, kLanes apart; blocks in order, each once. The values beyond the last named
  // feature are left as they are.
  void write_row(size_t block, float* out);

 private:
  // Words, and those of them that the first pass would keep.
  struct Sums {
    float weight = 0, kept = 0;
    void add(float words, float score) { weight += words, kept += words * score; }
    float mean() const { return weight == 0 ? 0.0F : kept / weight; }
  };
  // Items of one shape below one parent.
  struct Group {
    Sums all;
    uint32_t items = 0, kept_items = 0;  // kept: half of its words and more
  };
  class Row;

  float words_of(size_t block) const { return static_cast<float>(page_.blocks[block].sums.words) + 1; }

  void find_shapes();
  void sum_up();
  void sum_up_items();
  void find_core();
  void find_sureness();
  float score_of_next_text(size_t block) const;
  float mean_of_ten(size_t block, int side) const;
  void put_item(size_t block, Row& row) const;
  void put_near(size_t block, Row& row) const;
  void put_core(size_t block, Row& row) const;

  const PageBlocks& page_;
  const PageStructure& structure_;
  const std::vector<float>& score_;
  float cut_;
  std::vector<Sums> by_container_;  // with what is below it
  std::vector<float> means_;        // of these
  std::vector<uint32_t> shape_of_;  // by group of the structure's, index into shapes_
  std::vector<uint32_t> outer_of_;  // by container: that of the boxes right below it
  std::vector<Sums> shapes_;
  std::vector<Group> groups_;            // as the structure's
  std::vector<uint32_t> core_stems_;     // by container: the first on the way up, itself included, that holds the core
  std::vector<uint32_t> core_branches_;  // by container: the last on that way that does not; itself where it does
  Sums text_;                            // blocks of 15 words and more
  uint32_t core_ = 0;                    // the deepest container with most of what is kept
  float sureness_ = 0;
  float kept_before_ = 0;     // of the rows written
  uint32_t heading_ = kNone;  // the last one above
};

// What the scores promise of a page, hidden blocks counted with `hidden` alone.
struct Promise {
  double f1 = 0;         // the highest expected F1 over words, of all cuts
  float highest = 1.0F;  // score of a block
  // The score at which to cut so that the words kept have the highest expected F1: a share of it, 0.5 being the best on
  // the whole. Never above the highest score.
  float cut_at(double share) const { return std::min(static_cast<float>(share * f1), highest); }
};
Promise promise_of(const PageBlocks& page, const std::vector<float>& score, bool hidden);

}  // namespace ftok::html
