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
    score[i] = squash(evaluate(first, row.data()));
  }
  std::vector<float> context;
  compute_context_features(page, score, context);
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    features.write_row(i, row.data());
    std::copy_n(&context[i * kContextFeatureCount], kContextFeatureCount, row.data() + kFeatureCount);
    score[i] = probability_of(evaluate(second, row.data()));
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

// The cut of highest expected F1 over the page's words. With the probabilities p of its blocks, the expected F1 of the k likeliest
// is about 2 sum(p, k) / (k + sum(p, all)); at the k where it is highest, the k-th p is half of it (Lipton, Elkan and Naryanaswamy,
// 2014). A clear page is cut near .5, a doubtful one lower.
float cut_of(const PageBlocks& page, const std::vector<float>& score, bool hidden, double share) {
  std::vector<uint32_t> order;
  double all = 0;
  for (uint32_t i = 0; i < page.blocks.size(); ++i) {
    if ((page.blocks[i].ancestors & kInHidden) != 0 && !hidden) continue;
    order.push_back(i);
    all += (page.blocks[i].sums.words + 0.5) * static_cast<double>(score[i]);
  }
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return score[a] != score[b] ? score[a] > score[b] : a < b; });
  double hit = 0, size = 0, best = 0;
  for (const uint32_t i : order) {
    const double words = page.blocks[i].sums.words + 0.5;
    hit += words * static_cast<double>(score[i]);
    size += words;
    best = std::max(best, 2 * hit / (size + all));
  }
  const float highest = order.empty() ? 1.0F : score[order[0]];
  return std::min(static_cast<float>(share * best), highest);
}

}  // namespace

ContentChoice choose_content(const PageBlocks& page, const PageFacts& facts, const ContentOptions& options) {
  constexpr float kScoreMin = 0.1F;  // a page of nothing else has no main content
  ContentChoice choice;
  choice.keep.assign(page.blocks.size(), 0);
  choice.score = score_blocks(page, facts);
  const auto keep_best = [&](bool hidden) {
    bool any = false;
    choice.cut = std::max(kScoreMin, cut_of(page, choice.score, hidden, options.caution));
    for (size_t i = 0; i < page.blocks.size(); ++i) {
      const Block& block = page.blocks[i];
      if ((block.ancestors & kInHidden) != 0 && !hidden) continue;
      if (choice.score[i] < choice.cut && !(options.comments && is_comment(page, block))) continue;
      choice.keep[i] = 1;
      any = true;
    }
    return any;
  };
  keep_best(false) || keep_best(true);
  return choice;
}

}  // namespace ftok::html
