// The second pass's features, and the cut that both passes' scores give.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "extract/content/dense_ids.h"
#include "extract/content/features.h"

namespace ftok::html {

namespace {

constexpr size_t kHeadingReach = 60;    // blocks; a heading further up says nothing of one
constexpr uint32_t kTextWordsMin = 15;  // of running text

}  // namespace

// A block's values, in a row of a tile.
class ContextFeatures::Row {
 public:
  explicit Row(float* at) : at_(at) {}
  void put(ContextFeature feature, float value) { at_[static_cast<size_t>(feature) * kLanes] = value; }
  void put(ContextFeature feature, size_t steps, float value) {
    at_[(static_cast<size_t>(feature) + steps) * kLanes] = value;
  }

 private:
  float* at_;
};

ContextFeatures::ContextFeatures(const PageStructure& structure, const std::vector<float>& score)
    : page_(structure.page),
      structure_(structure),
      score_(score),
      cut_(promise_of(structure.page, score, true).cut_at(0.5)),
      by_container_(structure.page.containers.size()) {
  find_shapes();
  sum_up();
  sum_up_items();
  find_core();
  find_sureness();
}

// By the shapes of a container and its parent (the same box in every item of a list), and by that of the parent alone.
void ContextFeatures::find_shapes() {
  const size_t containers = page_.containers.size();
  DenseIds ids(2 * containers);
  shape_of_.assign(structure_.groups.size(), kNone), outer_of_.assign(containers, kNone);
  for (size_t c = 0; c < containers; ++c) {
    const uint32_t parent = page_.containers[c].parent, outer = page_.containers[parent].shape;
    uint32_t& shape = shape_of_[structure_.group_of[c]];
    if (shape == kNone) shape = ids.id_of(uint64_t{outer} << 32 | page_.containers[c].shape);
    if (outer_of_[parent] == kNone) outer_of_[parent] = ids.id_of(~uint64_t{outer});
  }
  shapes_.resize(ids.count());
}

void ContextFeatures::sum_up() {
  for (size_t i = 0; i < page_.blocks.size(); ++i) {
    const uint32_t container = page_.blocks[i].container;
    const float words = words_of(i);
    by_container_[container].add(words, score_[i]);
    shapes_[shape_of_[structure_.group_of[container]]].add(words, score_[i]);
    shapes_[outer_of_[page_.containers[container].parent]].add(words, score_[i]);
    if (page_.blocks[i].sums.words >= kTextWordsMin) text_.add(words, score_[i]);
  }
  for (size_t c = page_.containers.size(); c-- > 1;) {
    Sums& parent = by_container_[page_.containers[c].parent];
    parent.weight += by_container_[c].weight;
    parent.kept += by_container_[c].kept;
  }
  means_.resize(by_container_.size());
  for (size_t c = 0; c < means_.size(); ++c) means_[c] = by_container_[c].mean();
}

void ContextFeatures::sum_up_items() {
  groups_.resize(structure_.groups.size());
  for (size_t c = 0; c < page_.containers.size(); ++c) {
    Group& group = groups_[structure_.group_of[c]];
    group.all.weight += by_container_[c].weight, group.all.kept += by_container_[c].kept;
    ++group.items;
    group.kept_items += means_[c] >= 0.5F;
  }
}

// Of the item of a listing that it is part of, and of that listing.
void ContextFeatures::put_item(size_t i, Row& row) const {
  const uint32_t item = structure_.item_of[page_.blocks[i].container];
  const Group* const group = item == 0 ? nullptr : &groups_[structure_.group_of[item]];
  row.put(ContextFeature::kScoreItem, group == nullptr ? -1.0F : means_[item]);
  row.put(ContextFeature::kScoreGroup, group == nullptr ? -1.0F : group->all.mean());
  row.put(ContextFeature::kScoreGroupKept,
          group == nullptr ? -1.0F : static_cast<float>(group->kept_items) / static_cast<float>(group->items));
  row.put(ContextFeature::kScoreKeptInText, by_container_[0].kept <= 0 ? 0.0F : text_.kept / by_container_[0].kept);
}

void ContextFeatures::find_core() {
  constexpr float kMost = 0.7F;
  for (size_t c = 1; c < page_.containers.size(); ++c) {
    if (page_.containers[c].parent == core_ && by_container_[c].kept > kMost * by_container_[0].kept)
      core_ = static_cast<uint32_t>(c);
  }
  const Container& core = page_.containers[core_];
  core_stems_.resize(page_.containers.size()), core_branches_.resize(page_.containers.size());
  for (uint32_t c = 1; c < page_.containers.size(); ++c) {
    const Container& own = page_.containers[c];
    const bool holds = own.first_block <= core.first_block && own.last_block >= core.last_block;
    core_stems_[c] = holds ? c : core_stems_[own.parent];
    core_branches_[c] = holds || core_stems_[own.parent] == own.parent ? c : core_branches_[own.parent];
  }
}

void ContextFeatures::find_sureness() {
  for (size_t i = 0; i < page_.blocks.size(); ++i) sureness_ += std::fabs(2 * score_[i] - 1) * words_of(i);
  sureness_ = by_container_[0].weight == 0 ? 0 : sureness_ / by_container_[0].weight;
}

// What was said of the running text that follows: of the next block of 15 words and more.
float ContextFeatures::score_of_next_text(size_t block) const {
  constexpr size_t kReach = 8;
  for (size_t k = block + 1; k <= block + kReach && k < page_.blocks.size(); ++k) {
    if (page_.blocks[k].sums.words >= kTextWordsMin) return score_[k];
  }
  return -1;
}

// Of the ten blocks before (side -1) or behind (1), by words.
float ContextFeatures::mean_of_ten(size_t block, int side) const {
  Sums window;
  for (int k = 1; k <= 10; ++k) {
    const int64_t at = static_cast<int64_t>(block) + side * k;
    if (at < 0 || at >= static_cast<int64_t>(page_.blocks.size())) break;
    window.add(words_of(static_cast<size_t>(at)), score_[static_cast<size_t>(at)]);
  }
  return window.mean();
}

// Of the block, its neighbours and the containers around it.
void ContextFeatures::put_near(size_t i, Row& row) const {
  row.put(ContextFeature::kScore, score_[i]);
  size_t next = 0;
  for (const int offset : {-3, -2, -1, 1, 2, 3}) {
    const int64_t at = static_cast<int64_t>(i) + offset;
    const bool inside = at >= 0 && at < static_cast<int64_t>(page_.blocks.size());
    row.put(ContextFeature::kScoreBefore3, next++, inside ? score_[static_cast<size_t>(at)] : -1.0F);
  }
  row.put(ContextFeature::kScoreBefore10, mean_of_ten(i, -1));
  row.put(ContextFeature::kScoreAfter10, mean_of_ten(i, 1));
  constexpr size_t kLevels = 6;
  uint32_t container = page_.blocks[i].container;
  for (size_t level = 0; level < kLevels; ++level) {
    row.put(ContextFeature::kScoreUp0, level, means_[container]);
    container = page_.containers[container].parent;
  }
}

// Where the block leaves the way to the core: the last container it does not share with it is its branch.
void ContextFeatures::put_core(size_t i, Row& row) const {
  const Container& core = page_.containers[core_];
  const uint32_t own = page_.blocks[i].container, branch = core_branches_[own];
  const int levels = page_.containers[own].depth - page_.containers[core_stems_[own]].depth;
  const float kept = by_container_[0].kept;
  row.put(ContextFeature::kCoreLevels, static_cast<float>(levels));
  row.put(ContextFeature::kCoreSide, i < core.first_block ? -1.0F : i < core.last_block ? 0.0F : 1.0F);
  row.put(ContextFeature::kScoreBranch, means_[branch]);
  row.put(ContextFeature::kCoreBranchShare, kept <= 0 ? 0.0F : by_container_[branch].kept / kept);
  row.put(ContextFeature::kScoreCore, means_[core_]);
}

void ContextFeatures::write_row(size_t i, float* out) {
  const uint32_t container = page_.blocks[i].container;
  const Sums& all = by_container_[0];
  Row row(out);
  put_near(i, row);
  row.put(ContextFeature::kScoreShape, shapes_[shape_of_[structure_.group_of[container]]].mean());
  row.put(ContextFeature::kScorePage, means_[0]);
  row.put(ContextFeature::kScoreKeptWords, all.kept);
  put_core(i, row);
  row.put(ContextFeature::kScoreSureness, sureness_);
  row.put(ContextFeature::kScoreKeptBefore, all.kept <= 0 ? 0.0F : kept_before_ / all.kept);
  kept_before_ += score_[i] * words_of(i);
  row.put(ContextFeature::kScoreOuterShape, shapes_[outer_of_[page_.containers[container].parent]].mean());
  row.put(ContextFeature::kScoreHeading, heading_ == kNone || i - heading_ > kHeadingReach ? -1.0F : score_[heading_]);
  if (page_.blocks[i].heading_level > 0) heading_ = static_cast<uint32_t>(i);
  row.put(ContextFeature::kScoreNextText, score_of_next_text(i));
  row.put(ContextFeature::kCut, cut_);
  row.put(ContextFeature::kScoreAboveCut, score_[i] - cut_);
  put_item(i, row);
}

// The cut of highest expected F1 over the page's words. With the probabilities p of its blocks, the expected F1 of the
// k likeliest is about 2 sum(p, k) / (k + sum(p, all)); at the k where it is highest, the k-th p is half of it (Lipton,
// Elkan and Naryanaswamy, 2014). A clear page is cut near .5, a doubtful one lower.
//
// So a block below half of what any set promises, such as that of all blocks of .5 and more, is none of the k: most
// need no place in the order.
Promise promise_of(const PageBlocks& page, const std::vector<float>& score, bool hidden) {
  constexpr float kClear = 0.5F;
  constexpr double kSlack = 0.001;  // more than rounding
  const auto counts = [&](size_t i) { return hidden || (page.blocks[i].ancestors & kInHidden) == 0; };
  double all = 0, clear_hit = 0, clear_size = 0;
  float highest = -1;
  for (size_t i = 0; i < page.blocks.size(); ++i) {
    if (!counts(i)) continue;
    const double words = page.blocks[i].sums.words + 0.5, hit = words * static_cast<double>(score[i]);
    all += hit;
    highest = std::max(highest, score[i]);
    if (score[i] >= kClear) clear_hit += hit, clear_size += words;
  }
  if (highest < 0) return {0, 1.0F};
  const double least = std::min(static_cast<double>(highest), clear_hit / (clear_size + all) - kSlack);
  // A score's bits turned over, then the block: the likeliest first (scores are never negative).
  std::vector<uint64_t> order;
  for (uint32_t i = 0; i < page.blocks.size(); ++i) {
    if (!counts(i) || static_cast<double>(score[i]) < least) continue;
    uint32_t bits;
    std::memcpy(&bits, &score[i], sizeof bits);
    order.push_back(uint64_t{~bits} << 32 | i);
  }
  std::sort(order.begin(), order.end());
  double hit = 0, size = 0, best = 0;
  for (const uint64_t key : order) {
    const uint32_t i = static_cast<uint32_t>(key);
    const double words = page.blocks[i].sums.words + 0.5;
    hit += words * static_cast<double>(score[i]);
    size += words;
    best = std::max(best, 2 * hit / (size + all));
  }
  return {best, highest};
}

}  // namespace ftok::html
