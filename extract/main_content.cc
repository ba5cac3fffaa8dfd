#include "extract/main_content.h"

#include <algorithm>

#include "extract/content_model.h"

namespace ftok::html {

namespace {

constexpr size_t kRow = kFeatureCount + kContextFeatureCount;
constexpr size_t kRowsMax = 2048;  // rows held at once; a longer page has its first features made twice

// The rows of some blocks, at most kRowsMax, and their scores.
class Rows {
 public:
  Rows(const PageBlocks& page, const PageFacts& facts) : features_(page, facts), size_(page.blocks.size()) {
    rows_.resize(std::min(size_, kRowsMax) * kRow);
  }

  void write(size_t first, size_t last) {
    for (size_t i = first; i < last; ++i) features_.write_row(i, &rows_[(i - first) * kRow]);
  }

  uint32_t title_block() const { return features_.title_block(); }

  // One pass over all blocks: `context` is null in the first.
  std::vector<float> pass(const Forest& forest, const float* context) {
    std::vector<float> sums(size_);
    for (size_t first = 0; first < size_; first += kRowsMax) {
      const size_t last = std::min(size_, first + kRowsMax);
      if (context == nullptr || size_ > kRowsMax) write(first, last);
      for (size_t i = first; i < last && context != nullptr; ++i) {
        std::copy_n(context + i * kContextFeatureCount, kContextFeatureCount, &rows_[(i - first) * kRow + kFeatureCount]);
      }
      evaluate(forest, rows_.data(), kRow, last - first, &sums[first]);
    }
    return sums;
  }

 private:
  BlockFeatures features_;
  size_t size_;
  std::vector<float> rows_;
};

std::vector<float> score_blocks(const PageBlocks& page, const PageFacts& facts, uint32_t& title_block) {
  if (page.blocks.empty()) return {};
  Rows rows(page, facts);
  title_block = rows.title_block();
  std::vector<float> score = rows.pass(first_forest(), nullptr);
  for (float& sum : score) sum = squash(sum);
  std::vector<float> context;
  compute_context_features(page, score, context);
  score = rows.pass(second_forest(), context.data());
  for (float& sum : score) sum = probability_of(sum);
  return score;
}

// A reader's comment: text in a box named so, not its buttons and dates.
bool is_comment(const PageBlocks& page, const Block& block) {
  constexpr uint8_t kLevels = 6;
  constexpr uint32_t kWordsMin = 5;
  return page.containers[block.container].hint_distance[kHintComment] <= kLevels && block.sums.words >= kWordsMin &&
         block.sums.link_letters * 2 < block.sums.letters &&
         (block.ancestors & (kInForm | kInNav | kInButton | kInFooter)) == 0;
}

// Some pages show nothing until their scripts have run: all that is worth reading is hidden. There hiding means nothing.
bool hides_its_content(const PageBlocks& page, const std::vector<float>& score) {
  constexpr double kShownMin = 0.25;  // words likely kept that are shown, of those hidden
  double shown = 0, hidden = 0;
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    double& sum = (page.blocks[i].ancestors & kInHidden) != 0 ? hidden : shown;
    sum += (page.blocks[i].sums.words + 0.5) * static_cast<double>(score[i]);
  }
  return shown < kShownMin * hidden;
}

// Navigation alone is no main content.
bool is_navigation_alone(const PageBlocks& page, const std::vector<uint8_t>& keep) {
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    if (keep[i] != 0 && (page.blocks[i].ancestors & kInNav) == 0) return false;
  }
  return true;
}

}  // namespace

ContentChoice choose_content(const PageBlocks& page, const PageFacts& facts, const ContentOptions& options) {
  constexpr float kScoreMin = 0.1F;  // a page of nothing else has no main content
  ContentChoice choice;
  choice.keep.assign(page.blocks.size(), 0);
  choice.score = score_blocks(page, facts, choice.title_block);
  const bool hidden = hides_its_content(page, choice.score);
  choice.cut = std::max(kScoreMin, cut_of(page, choice.score, hidden, options.caution));
  bool any = false;
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    if ((block.ancestors & kInHidden) != 0 && !hidden) continue;
    choice.keep[i] = choice.score[i] >= choice.cut || (options.comments && is_comment(page, block));
    any = any || choice.keep[i] != 0;
  }
  if (any && is_navigation_alone(page, choice.keep)) {
    choice.keep.assign(page.blocks.size(), 0);
    any = false;
  }
  if (options.title && any && choice.title_block != kNone && page.blocks[choice.title_block].heading_level > 0) {
    choice.keep[choice.title_block] = 1;
  }
  return choice;
}

}  // namespace ftok::html
