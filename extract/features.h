// Features: what the scorer knows of a block, as numbers: its own text, the elements around it, the words its boxes are named
// with, its neighbours, its place in the page, and the page as a whole. All are ratios or counts of the page itself; none names
// a site, a language or a word of the text.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "extract/blocks.h"

namespace ftok::html {

// What metadata says that helps to tell a page's kind.
struct PageFacts {
  std::string_view title;
  std::string_view json_ld_type;  // schema.org type, "" where none
};

constexpr size_t kFeatureCount = 128;  // room; unused ones are 0
constexpr size_t kContextFeatureCount = 20;

// Gathers once what concerns the whole page, then writes rows in any order. `page` and `facts` must outlive it.
class BlockFeatures {
 public:
  BlockFeatures(const PageBlocks& page, const PageFacts& facts);
  void write_row(size_t block, float* out) const;  // kFeatureCount values

 private:
  void find_best_container();
  void count_shapes();
  void count_repeats();
  void gather_page(const PageFacts& facts);
  float* put_text(const Block& block, float* at) const;
  float* put_boxes(const Block& block, float* at) const;
  float* put_containers(size_t block, float* at) const;
  float* put_neighbours(size_t block, float* at) const;
  float* put_place(size_t block, float* at) const;

  const PageBlocks& page_;
  uint32_t best_ = 0;                     // the container of most running text
  std::vector<uint32_t> same_shape_;      // siblings of a container's shape, itself included
  std::vector<uint32_t> repeats_;         // blocks of this text
  std::vector<uint32_t> letters_before_;
  std::vector<float> page_values_;
  std::unordered_set<uint64_t> title_words_;
  size_t first_h1_ = SIZE_MAX;
};

// The second pass: what a first scorer said of a block's neighbours and containers. `score` is one probability a block; a row of
// kContextFeatureCount each.
void compute_context_features(const PageBlocks& page, const std::vector<float>& score, std::vector<float>& out);

}  // namespace ftok::html
