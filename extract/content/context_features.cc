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

// One page and its blocks' scores of the first pass.
class Context {
 public:
  Context(const PageBlocks& page, const std::vector<float>& score)
      : page_(page),
        score_(score),
        cut_(promise_of(page, score, true).cut_at(0.5)),
        by_container_(page.containers.size()) {
    find_shapes();
    sum_up();
    find_items();
    find_core();
    find_sureness();
  }

  void write_rows(std::vector<float>& out) {
    for (size_t i = 0; i < page_.blocks.size(); ++i) write_row(i, &out[i * kContextFeatureCount]);
  }

 private:
  float words_of(size_t block) const { return static_cast<float>(page_.blocks[block].sums.words) + 1; }

  void find_shapes();
  void sum_up();
  void find_items();
  void put_item(size_t block, float* row) const;
  void find_core();
  void find_sureness();
  float score_of_next_text(size_t block) const;
  float mean_of_ten(size_t block, int side) const;
  void put_near(size_t block, float* row) const;
  void put_core(size_t block, float* row) const;
  void write_row(size_t block, float* row);

  static void put(float* row, ContextFeature feature, float value) { row[static_cast<size_t>(feature)] = value; }
  static ContextFeature behind(ContextFeature feature, size_t steps) {
    return static_cast<ContextFeature>(static_cast<size_t>(feature) + steps);
  }

  const PageBlocks& page_;
  const std::vector<float>& score_;
  float cut_;
  std::vector<Sums> by_container_;             // with what is below it
  std::vector<uint32_t> shape_of_, outer_of_;  // by container, index into shapes_
  std::vector<Sums> shapes_;
  // By container: the nearest around it, itself included, that has two like it or more below its parent; 0 without.
  std::vector<uint32_t> item_of_;
  std::vector<uint32_t> group_of_;  // by container, index into groups_: those of one shape below one parent
  std::vector<Group> groups_;
  Sums text_;          // blocks of 15 words and more
  uint32_t core_ = 0;  // the deepest container with most of what is kept
  float sureness_ = 0;
  float kept_before_ = 0;     // of the rows written
  uint32_t heading_ = kNone;  // the last one above
};

// By the shapes of a container and its parent (the same box in every item of a list), and by that of the parent alone.
void Context::find_shapes() {
  const size_t containers = page_.containers.size();
  DenseIds ids(2 * containers);
  shape_of_.resize(containers), outer_of_.resize(containers);
  for (size_t c = 0; c < containers; ++c) {
    const uint32_t outer = page_.containers[page_.containers[c].parent].shape;
    shape_of_[c] = ids.id_of(uint64_t{outer} << 32 | page_.containers[c].shape);
    outer_of_[c] = ids.id_of(~uint64_t{outer});
  }
  shapes_.resize(ids.count());
}

void Context::sum_up() {
  for (size_t i = 0; i < page_.blocks.size(); ++i) {
    const uint32_t container = page_.blocks[i].container;
    const float words = words_of(i);
    by_container_[container].add(words, score_[i]);
    shapes_[shape_of_[container]].add(words, score_[i]);
    shapes_[outer_of_[container]].add(words, score_[i]);
  }
  for (size_t c = page_.containers.size(); c-- > 1;) {
    Sums& parent = by_container_[page_.containers[c].parent];
    parent.weight += by_container_[c].weight;
    parent.kept += by_container_[c].kept;
  }
}

void Context::find_items() {
  constexpr uint32_t kItemsMin = 3;
  const size_t containers = page_.containers.size();
  DenseIds ids(containers);
  group_of_.resize(containers), item_of_.resize(containers);
  for (size_t c = 0; c < containers; ++c) {
    group_of_[c] = ids.id_of(uint64_t{page_.containers[c].parent} << 32 | page_.containers[c].shape);
    if (group_of_[c] == groups_.size()) groups_.emplace_back();
    Group& group = groups_[group_of_[c]];
    group.all.weight += by_container_[c].weight, group.all.kept += by_container_[c].kept;
    ++group.items;
    group.kept_items += by_container_[c].mean() >= 0.5F;
  }
  for (size_t c = 1; c < containers; ++c) {
    const Tag tag = page_.containers[c].tag;
    const bool is_text = tag == Tag::kP || (tag >= Tag::kH1 && tag <= Tag::kH6);
    item_of_[c] = !is_text && groups_[group_of_[c]].items >= kItemsMin ? static_cast<uint32_t>(c)
                                                                       : item_of_[page_.containers[c].parent];
  }
  for (size_t i = 0; i < page_.blocks.size(); ++i) {
    if (page_.blocks[i].sums.words >= kTextWordsMin) text_.add(words_of(i), score_[i]);
  }
}

// Of the item of a listing that it is part of, and of that listing.
void Context::put_item(size_t i, float* row) const {
  const uint32_t item = item_of_[page_.blocks[i].container];
  const Group* const group = item == 0 ? nullptr : &groups_[group_of_[item]];
  put(row, ContextFeature::kScoreItem, group == nullptr ? -1.0F : by_container_[item].mean());
  put(row, ContextFeature::kScoreGroup, group == nullptr ? -1.0F : group->all.mean());
  put(row, ContextFeature::kScoreGroupKept,
      group == nullptr ? -1.0F : static_cast<float>(group->kept_items) / static_cast<float>(group->items));
  put(row, ContextFeature::kScoreKeptInText, by_container_[0].kept <= 0 ? 0.0F : text_.kept / by_container_[0].kept);
}

void Context::find_core() {
  constexpr float kMost = 0.7F;
  for (size_t c = 1; c < page_.containers.size(); ++c) {
    if (page_.containers[c].parent == core_ && by_container_[c].kept > kMost * by_container_[0].kept)
      core_ = static_cast<uint32_t>(c);
  }
}

void Context::find_sureness() {
  for (size_t i = 0; i < page_.blocks.size(); ++i) sureness_ += std::fabs(2 * score_[i] - 1) * words_of(i);
  sureness_ = by_container_[0].weight == 0 ? 0 : sureness_ / by_container_[0].weight;
}

// What was said of the running text that follows: of the next block of 15 words and more.
float Context::score_of_next_text(size_t block) const {
  constexpr size_t kReach = 8;
  for (size_t k = block + 1; k <= block + kReach && k < page_.blocks.size(); ++k) {
    if (page_.blocks[k].sums.words >= kTextWordsMin) return score_[k];
  }
  return -1;
}

// Of the ten blocks before (side -1) or behind (1), by words.
float Context::mean_of_ten(size_t block, int side) const {
  Sums window;
  for (int k = 1; k <= 10; ++k) {
    const int64_t at = static_cast<int64_t>(block) + side * k;
    if (at < 0 || at >= static_cast<int64_t>(page_.blocks.size())) break;
    window.add(words_of(static_cast<size_t>(at)), score_[static_cast<size_t>(at)]);
  }
  return window.mean();
}

// Of the block, its neighbours and the containers around it.
void Context::put_near(size_t i, float* row) const {
  put(row, ContextFeature::kScore, score_[i]);
  ContextFeature next = ContextFeature::kScoreBefore3;
  for (const int offset : {-3, -2, -1, 1, 2, 3}) {
    const int64_t at = static_cast<int64_t>(i) + offset;
    const bool inside = at >= 0 && at < static_cast<int64_t>(page_.blocks.size());
    put(row, next, inside ? score_[static_cast<size_t>(at)] : -1.0F);
    next = behind(next, 1);
  }
  put(row, ContextFeature::kScoreBefore10, mean_of_ten(i, -1));
  put(row, ContextFeature::kScoreAfter10, mean_of_ten(i, 1));
  constexpr size_t kLevels = 6;
  uint32_t container = page_.blocks[i].container;
  for (size_t level = 0; level < kLevels; ++level) {
    put(row, behind(ContextFeature::kScoreUp0, level), by_container_[container].mean());
    container = page_.containers[container].parent;
  }
}

// Where the block leaves the way to the core: the last container it does not share with it is its branch.
void Context::put_core(size_t i, float* row) const {
  const Container& core = page_.containers[core_];
  uint32_t up = page_.blocks[i].container, branch = up;
  int levels = 0;
  while (up != 0 && !(page_.containers[up].first_block <= core.first_block &&
                      page_.containers[up].last_block >= core.last_block)) {
    branch = up;
    up = page_.containers[up].parent;
    ++levels;
  }
  const float kept = by_container_[0].kept;
  put(row, ContextFeature::kCoreLevels, static_cast<float>(levels));
  put(row, ContextFeature::kCoreSide, i < core.first_block ? -1.0F : i < core.last_block ? 0.0F : 1.0F);
  put(row, ContextFeature::kScoreBranch, by_container_[branch].mean());
  put(row, ContextFeature::kCoreBranchShare, kept <= 0 ? 0.0F : by_container_[branch].kept / kept);
  put(row, ContextFeature::kScoreCore, by_container_[core_].mean());
}

void Context::write_row(size_t i, float* row) {
  const uint32_t container = page_.blocks[i].container;
  const Sums& all = by_container_[0];
  put_near(i, row);
  put(row, ContextFeature::kScoreShape, shapes_[shape_of_[container]].mean());
  put(row, ContextFeature::kScorePage, all.mean());
  put(row, ContextFeature::kScoreKeptWords, all.kept);
  put_core(i, row);
  put(row, ContextFeature::kScoreSureness, sureness_);
  put(row, ContextFeature::kScoreKeptBefore, all.kept <= 0 ? 0.0F : kept_before_ / all.kept);
  kept_before_ += score_[i] * words_of(i);
  put(row, ContextFeature::kScoreOuterShape, shapes_[outer_of_[container]].mean());
  put(row, ContextFeature::kScoreHeading, heading_ == kNone || i - heading_ > kHeadingReach ? -1.0F : score_[heading_]);
  if (page_.blocks[i].heading_level > 0) heading_ = static_cast<uint32_t>(i);
  put(row, ContextFeature::kScoreNextText, score_of_next_text(i));
  put(row, ContextFeature::kCut, cut_);
  put(row, ContextFeature::kScoreAboveCut, score_[i] - cut_);
  put_item(i, row);
}

}  // namespace

// The cut of highest expected F1 over the page's words. With the probabilities p of its blocks, the expected F1 of the
// k likeliest is about 2 sum(p, k) / (k + sum(p, all)); at the k where it is highest, the k-th p is half of it (Lipton,
// Elkan and Naryanaswamy, 2014). A clear page is cut near .5, a doubtful one lower.
Promise promise_of(const PageBlocks& page, const std::vector<float>& score, bool hidden) {
  std::vector<uint64_t>
      order;  // a score's bits turned over, then the block: the likeliest first (scores are never negative)
  double all = 0;
  for (uint32_t i = 0; i < page.blocks.size(); ++i) {
    if ((page.blocks[i].ancestors & kInHidden) != 0 && !hidden) continue;
    uint32_t bits;
    std::memcpy(&bits, &score[i], sizeof bits);
    order.push_back(uint64_t{~bits} << 32 | i);
    all += (page.blocks[i].sums.words + 0.5) * static_cast<double>(score[i]);
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
  return {best, order.empty() ? 1.0F : score[static_cast<uint32_t>(order[0])]};
}

void compute_context_features(const PageBlocks& page, const std::vector<float>& score, std::vector<float>& out) {
  out.assign(page.blocks.size() * kContextFeatureCount, 0);
  Context(page, score).write_rows(out);
}

}  // namespace ftok::html
