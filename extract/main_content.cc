#include "extract/main_content.h"

#include <algorithm>
#include <array>

#include "extract/content_model.h"

namespace ftok::html {

namespace {

std::vector<float> score_blocks(const PageBlocks& page, const PageFacts& facts) {
  const BlockFeatures features(page, facts);
  const Forest first = first_forest(), second = second_forest();
  std::array<float, kFeatureCount + kContextFeatureCount> row{};
  std::vector<float> score(page.blocks.size());
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    features.write_row(i, row.data());
    score[i] = evaluate(first, row.data());
  }
  std::vector<float> context;
  compute_context_features(page, score, context);
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    features.write_row(i, row.data());
    std::copy_n(&context[i * kContextFeatureCount], kContextFeatureCount, row.data() + kFeatureCount);
    score[i] = evaluate(second, row.data());
  }
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

}  // namespace

ContentChoice choose_content(const PageBlocks& page, const PageFacts& facts, const ContentOptions& options) {
  ContentChoice choice;
  choice.keep.assign(page.blocks.size(), 0);
  choice.score = score_blocks(page, facts);
  const auto keep_above = [&](double threshold, bool hidden) {
    bool any = false;
    for (size_t i = 0; i < page.blocks.size(); ++i) {
      const Block& block = page.blocks[i];
      if ((block.ancestors & kInHidden) != 0 && !hidden) continue;
      if (choice.score[i] <= threshold && !(options.comments && is_comment(page, block))) continue;
      choice.keep[i] = 1;
      any = true;
    }
    return any;
  };
  keep_above(options.threshold, false) || keep_above(options.threshold / 2, false) || keep_above(options.threshold, true);
  return choice;
}

}  // namespace ftok::html
