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

// Gathers once what concerns the whole page, then writes rows in any order. `page` and `facts` must outlive it.
class BlockFeatures {
 public:
  BlockFeatures(const PageBlocks& page, const PageFacts& facts);
  // A block's kFeatureCount values, kLanes apart: a row of a tile (leaf_masks.h).
  void write_row(size_t block, float* out) const;
  uint32_t title_block() const { return structure_.title_block; }  // or kNone

 private:
  class Row;

  void put_text(const Block& block, Row& row) const;
  void put_boxes(const Block& block, Row& row) const;
  void put_containers(size_t block, Row& row) const;
  void put_neighbours(size_t block, Row& row) const;
  void put_place(size_t block, Row& row) const;
  void put_branch(size_t block, Row& row) const;
  void put_group(const Block& block, Row& row) const;
  void put_words(size_t block, Row& row) const;
  void gather_page(const PageFacts& facts);

  const PageBlocks& page_;
  PageStructure structure_;
  std::array<float, static_cast<size_t>(Feature::kCount) - static_cast<size_t>(Feature::kPageLettersLog)>
      page_values_{};
};

// The second pass: what a first scorer said of a block's neighbours and containers. `score` is one probability a block;
// a row of kContextFeatureCount each.
void compute_context_features(const PageBlocks& page, const std::vector<float>& score, std::vector<float>& out);

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
