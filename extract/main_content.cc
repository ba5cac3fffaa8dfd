#include "extract/main_content.h"

#include <algorithm>
#include <cmath>

namespace ftok::html {

namespace {

double link_density(const TextSums& sums) { return sums.letters == 0 ? 0 : double{1} * sums.link_letters / sums.letters; }

// The container that holds the page's running text (the scoring of Readability: a paragraph counts for its parent in full and
// for its grandparent by half, less the share of links).
uint32_t find_best_container(const PageBlocks& page) {
  std::vector<double> scores(page.containers.size(), 0);
  for (const Block& block : page.blocks) {
    const TextSums& sums = block.sums;
    if (sums.letters < 25 || link_density(sums) > 0.5 || (block.ancestors & (kInHidden | kInNav | kInFooter | kInAside)) != 0) continue;
    const double score = 1 + sums.commas + std::min(sums.letters / 100.0, 3.0);
    uint32_t at = block.container;
    for (int level = 0; level < 3; ++level) {
      scores[at] += score / (1 << level);
      at = page.containers[at].parent;
    }
  }
  uint32_t best = 0;
  double best_score = 0;
  for (uint32_t i = 0; i < page.containers.size(); ++i) {
    const double score = scores[i] * (1 - link_density(page.containers[i].sums));
    if (score > best_score) best_score = score, best = i;
  }
  return best;
}

bool is_near(const Container& container, Hint hint, uint8_t levels = 6) { return container.hint_distance[hint] <= levels; }

double score_block(const PageBlocks& page, const Block& block, uint32_t best) {
  const Container& container = page.containers[block.container];
  const double density = link_density(block.sums);
  double score = -0.6 + std::min(block.sums.words, 40U) / 40.0 - 2.5 * density;
  if (block.sums.sentences > 0) score += 0.5;
  if ((block.ancestors & (kInArticle | kInMain)) != 0) score += 0.5;
  if ((block.ancestors & (kInNav | kInFooter | kInForm | kInButton | kInDialog)) != 0) score -= 2.5;
  if ((block.ancestors & kInAside) != 0) score -= 2;
  if ((block.ancestors & kInHeader) != 0) score -= 0.7;
  if (block.kind == BlockKind::kHeading) score += 0.5;
  if ((block.ancestors & kInParagraph) != 0) score += 0.4;
  uint32_t at = block.container;
  bool inside = false;
  for (int level = 0; level < 12 && !inside; ++level) {
    inside = at == best;
    at = page.containers[at].parent;
  }
  if (inside) score += 1.2;
  for (const Hint hint : {kHintShare, kHintRelated, kHintNavigation, kHintFooter, kHintSidebar, kHintAd, kHintConsent}) {
    if (is_near(container, hint)) score -= 1;
    if ((block.inline_hints >> hint & 1) != 0) score -= 0.5;
  }
  if (is_near(container, kHintMeta, 2)) score -= 0.7;
  return score;
}

}  // namespace

ContentChoice choose_content(const PageBlocks& page, const ContentOptions& options) {
  ContentChoice choice;
  choice.keep.resize(page.blocks.size());
  choice.score.resize(page.blocks.size());
  const uint32_t best = find_best_container(page);
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    const Block& block = page.blocks[i];
    double score = score_block(page, block, best);
    if ((block.ancestors & kInHidden) != 0) score -= 5;
    if (!options.comments && is_near(page.containers[block.container], kHintComment)) score -= 2;
    choice.score[i] = static_cast<float>(score);
    choice.keep[i] = score > options.threshold ? 1 : 0;
  }
  return choice;
}

}  // namespace ftok::html
