#include "extract/content/features.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "extract/content/dense_ids.h"

namespace ftok::html {

namespace {

float ratio(double a, double b) { return b <= 0 ? 0.0F : static_cast<float>(a / b); }
float link_density(const TextSums& sums) { return ratio(sums.link_letters, sums.letters); }

// Writes one feature after the other, into a row of a tile.
class Row {
 public:
  explicit Row(float* at) : at_(at) {}
  void put(float value) {
    *at_ = value;
    at_ += kLanes;
  }
  void put(bool value) { put(value ? 1.0F : 0.0F); }
  float* end() const { return at_; }

 private:
  float* at_;
};

}  // namespace

BlockFeatures::BlockFeatures(const PageBlocks& page, const PageFacts& facts) : page_(page), structure_(page, facts) {
  if (!page.blocks.empty()) gather_page(facts);
}

void BlockFeatures::gather_page(const PageFacts& facts) {
  uint32_t letters = 0, headings = 0, paragraphs = 0, cells = 0, items = 0, articles = 0, hidden = 0;
  uint32_t comment_paragraphs = 0;
  std::array<uint32_t, kHintCount> near{};
  for (const Block& block : page_.blocks) {
    letters += block.sums.letters;
    headings += block.kind == BlockKind::kHeading;
    cells += block.kind == BlockKind::kCell;
    items += block.kind == BlockKind::kListItem;
    paragraphs += block.sums.paragraph_letters > 0;
    if (page_.containers[block.container].hint_distance[kHintComment] < 9)
      comment_paragraphs += block.sums.paragraph_letters;
    if ((block.ancestors & kInHidden) != 0) hidden += block.sums.letters;
    for (size_t h = 0; h < kHintCount; ++h) {
      if (page_.containers[block.container].hint_distance[h] < 5) near[h] += block.sums.letters;
    }
  }
  bool has_main = false;
  for (const Container& container : page_.containers) {
    articles += container.tag == Tag::kArticle;
    has_main |= container.tag == Tag::kMain;
  }
  const TextSums& all = page_.containers[0].sums;
  const double blocks = static_cast<double>(page_.blocks.size());
  const auto type_has = [&](std::string_view part) {
    return facts.json_ld_type.find(part) != std::string_view::npos ? 1.0F : 0.0F;
  };
  page_values_ = {std::log1p(static_cast<float>(all.letters)),
                  static_cast<float>(blocks),
                  link_density(all),
                  ratio(all.paragraph_letters, all.letters),
                  static_cast<float>(paragraphs),
                  ratio(headings, blocks),
                  ratio(cells, blocks),
                  ratio(items, blocks),
                  static_cast<float>(articles),
                  has_main ? 1.0F : 0.0F,
                  ratio(hidden, letters),
                  ratio(near[kHintForum], letters),
                  ratio(near[kHintProduct], letters),
                  ratio(near[kHintList], letters),
                  ratio(near[kHintComment], letters),
                  ratio(near[kHintContent], letters),
                  type_has("Article") + type_has("Posting"),
                  type_has("Product"),
                  ratio(all.images, blocks),
                  ratio(page_.containers[structure_.best].sums.letters, all.letters),
                  ratio(comment_paragraphs, all.paragraph_letters),
                  type_has("Forum") + type_has("QAPage")};
}

float* BlockFeatures::put_text(const Block& block, float* at) const {
  Row row(at);
  const TextSums& sums = block.sums;
  const std::string_view text = page_.text_of(block);
  row.put(static_cast<float>(sums.letters));
  row.put(static_cast<float>(sums.words));
  row.put(link_density(sums));
  row.put(static_cast<float>(sums.links));
  row.put(static_cast<float>(sums.commas));
  row.put(static_cast<float>(sums.sentences));
  row.put(ratio(block.uppercase, sums.letters));
  row.put(ratio(block.digits, sums.letters));
  row.put(static_cast<float>(block.breaks));
  row.put(ratio(block.emphasis_letters, sums.letters));
  row.put(ratio(sums.letters, sums.words));
  row.put(static_cast<float>(block.kind));
  row.put(static_cast<float>(block.heading_level));
  row.put(static_cast<float>(block.list_depth));
  const char last = text.back();
  row.put(last == '.' || last == '!' || last == '?' ||
          (text.size() >= 3 && (text.substr(text.size() - 3) == "\u3002" || text.substr(text.size() - 3) == "\u201D")));
  row.put(last == ':');
  row.put((block.signs & kSignBar) != 0);
  row.put((block.signs & kSignCopyright) != 0);
  row.put(text[0] >= 'a' && text[0] <= 'z');
  row.put((block.signs & kSignMoney) != 0);
  row.put((block.signs & kSignAddress) != 0);
  row.put(ratio(block.sums.images, 1));
  return row.end();
}

float* BlockFeatures::put_boxes(const Block& block, float* at) const {
  Row row(at);
  const Container& container = page_.containers[block.container];
  row.put(static_cast<float>(container.tag));
  row.put(static_cast<float>(container.depth));
  for (const Ancestor a :
       {kInArticle, kInMain,    kInNav,   kInHeader,      kInFooter,       kInAside,    kInForm,      kInTable,
        kInFigure,  kInSection, kInQuote, kInHidden,      kInDetails,      kInButton,   kInParagraph, kInDefinitionList,
        kInAddress, kInDialog,  kInLabel, kHiddenByStyle, kHiddenFromAria, kInNoscript, kFolded}) {
    row.put((block.ancestors & a) != 0);
  }
  for (size_t h = 0; h < kHintCount; ++h) row.put(static_cast<float>(container.hint_distance[h]));
  for (const Hint h : {kHintComment, kHintShare, kHintRelated, kHintMeta, kHintConsent, kHintContent}) {
    row.put((block.inline_hints >> h & 1) != 0);
  }
  return row.end();
}

float* BlockFeatures::put_containers(size_t index, float* first) const {
  Row row(first);
  const Block& block = page_.blocks[index];
  const TextSums& all = page_.containers[0].sums;
  uint32_t at = block.container;
  float most_alike = 0;
  for (int level = 0; level < 5; ++level) {
    const Container& container = page_.containers[at];
    most_alike = std::max(most_alike, static_cast<float>(structure_.items_like(at)));
    if (level < 4) {
      row.put(ratio(container.sums.letters, all.letters));
      row.put(link_density(container.sums));
      row.put(ratio(container.sums.paragraph_letters, container.sums.letters));
      row.put(ratio(container.sums.letters, container.sums.blocks));
      row.put(static_cast<float>(structure_.items_like(at)));
    }
    at = container.parent;
  }
  row.put(most_alike);
  return row.end();
}

// Where the block leaves the way to the page's running text: the last container it does not share with it is its
// branch.
float* BlockFeatures::put_branch(size_t index, float* first) const {
  Row row(first);
  const Container& best = page_.containers[structure_.best];
  const TextSums& all = page_.containers[0].sums;
  uint32_t up = page_.blocks[index].container;
  int levels = 0;
  for (; !structure_.holds_best(up); up = page_.containers[up].parent) ++levels;
  const uint32_t branch = structure_.branch_of(static_cast<uint32_t>(index));
  const bool inside = index >= best.first_block && index < best.last_block;
  row.put(inside);
  row.put(static_cast<float>(levels));
  row.put(static_cast<float>(page_.containers[up].depth));
  row.put(static_cast<float>(best.depth) - static_cast<float>(page_.containers[up].depth));
  row.put(inside                     ? 0.0F
          : index < best.first_block ? static_cast<float>(index) - static_cast<float>(best.first_block)
                                     : static_cast<float>(index) - static_cast<float>(best.last_block) + 1);
  const TextSums& sums = page_.containers[branch].sums;
  row.put(ratio(sums.letters, all.letters));
  row.put(link_density(sums));
  row.put(ratio(sums.paragraph_letters, sums.letters));
  row.put(ratio(sums.letters, sums.blocks));
  row.put(structure_.names[branch].own_min);
  row.put(structure_.names[branch].own_max);
  uint32_t title = structure_.title_block;  // and where the way to the title
  if (title == kNone) {
    row.put(-1000.0F), row.put(-1.0F), row.put(-1.0F);
    return row.end();
  }
  up = page_.blocks[index].container;
  levels = 0;
  while (up != 0 && !structure_.contains(up, title)) up = page_.containers[up].parent, ++levels;
  row.put(std::clamp(static_cast<float>(index) - static_cast<float>(title), -500.0F, 500.0F));
  row.put(static_cast<float>(levels));
  row.put(ratio(page_.containers[up].sums.letters, all.letters));
  return row.end();
}

// The nearest container around that has like siblings: an item of a listing, a post of a thread, a row.
float* BlockFeatures::put_group(const Block& block, float* first) const {
  constexpr int kLevelsMax = 12;
  Row row(first);
  uint32_t at = block.container;
  int level = 0;
  for (; level < kLevelsMax && at != 0; ++level, at = page_.containers[at].parent) {
    const Tag tag = page_.containers[at].tag;
    if (tag != Tag::kP && !(tag >= Tag::kH1 && tag <= Tag::kH6) && structure_.items_like(at) >= 3) break;
  }
  if (level == kLevelsMax || at == 0) {
    for (int k = 0; k < 8; ++k) row.put(-1.0F);
    return row.end();
  }
  const ItemGroup& group = structure_.groups[structure_.group_of[at]];
  const TextSums& item = page_.containers[at].sums;
  row.put(static_cast<float>(level));
  row.put(static_cast<float>(group.items));
  row.put(static_cast<float>(item.letters));
  row.put(ratio(group.letters, group.items));
  row.put(ratio(group.letters, page_.containers[0].sums.letters));
  row.put(ratio(group.link_letters, group.letters));
  row.put(ratio(structure_.place_in_group[at], group.items));
  row.put(ratio(group.images, group.items));
  return row.end();
}

float* BlockFeatures::put_words(size_t index, float* first) const {
  Row row(first);
  const Container& container = page_.containers[page_.blocks[index].container];
  const NameWeights& names = structure_.names[page_.blocks[index].container];
  const NameWeights& above = structure_.names[container.parent];
  for (const float value :
       {names.own_min, names.own_max, above.own_min, above.own_max, names.path_min, names.path_max, names.path_sum})
    row.put(value);
  const PhraseWeights& phrases = structure_.phrases[index];
  for (const float value : {phrases.sum, phrases.min, phrases.max}) row.put(value);
  row.put(index > 0 ? structure_.phrases[index - 1].sum : 0.0F);
  row.put(index + 1 < page_.blocks.size() ? structure_.phrases[index + 1].sum : 0.0F);
  const uint32_t heading = structure_.heading_before[index];
  row.put(heading == kNone ? 0.0F : structure_.phrases[heading].sum);
  row.put(heading == kNone ? -1.0F : static_cast<float>(index - heading));
  row.put(heading == kNone ? 0.0F : static_cast<float>(page_.blocks[heading].heading_level));
  return row.end();
}

float* BlockFeatures::put_neighbours(size_t i, float* at) const {
  Row row(at);
  const size_t n = page_.blocks.size();
  for (const int offset : {-2, -1, 1, 2}) {
    const bool inside = offset < 0 ? i >= static_cast<size_t>(-offset) : i + static_cast<size_t>(offset) < n;
    if (!inside) {
      row.put(-1.0F), row.put(-1.0F), row.put(-1.0F);
      continue;
    }
    const Block& other = page_.blocks[offset < 0 ? i - static_cast<size_t>(-offset) : i + static_cast<size_t>(offset)];
    row.put(static_cast<float>(other.sums.letters));
    row.put(link_density(other.sums));
    row.put(static_cast<float>(other.kind));
  }
  TextSums before, after;
  for (size_t k = i > 5 ? i - 5 : 0; k < i; ++k) before.add(page_.blocks[k].sums);
  for (size_t k = i + 1; k < std::min(n, i + 6); ++k) after.add(page_.blocks[k].sums);
  row.put(static_cast<float>(before.letters));
  row.put(link_density(before));
  row.put(static_cast<float>(after.letters));
  row.put(link_density(after));
  return row.end();
}

float* BlockFeatures::put_place(size_t i, float* at) const {
  Row row(at);
  row.put(ratio(static_cast<double>(i), static_cast<double>(page_.blocks.size())));
  row.put(ratio(structure_.letters_before[i], page_.containers[0].sums.letters));
  row.put(structure_.first_h1 == kNone
              ? -1000.0F
              : std::clamp(static_cast<float>(i) - static_cast<float>(structure_.first_h1), -500.0F, 500.0F));
  row.put(static_cast<float>(structure_.repeats[i]));
  row.put(structure_.title_shares[i].of_block);
  row.put(structure_.title_shares[i].of_title);
  const uint32_t before = structure_.paragraph_before[i], after = structure_.paragraph_after[i];
  row.put(before == kNone ? 999.0F : static_cast<float>(i - before));
  row.put(after == kNone ? 999.0F : static_cast<float>(after - i));
  row.put(ratio(structure_.paragraph_letters_before[i], page_.containers[0].sums.paragraph_letters));
  return row.end();
}

void BlockFeatures::write_row(size_t i, float* out) const {
  static_assert(22 + 2 + 23 + kHintCount + 6 + 21 + 14 + 8 + 15 + 16 + 9 + 22 <= kFeatureCount);
  float* at = put_text(page_.blocks[i], out);
  at = put_boxes(page_.blocks[i], at);
  at = put_containers(i, at);
  at = put_branch(i, at);
  at = put_group(page_.blocks[i], at);
  at = put_words(i, at);
  at = put_neighbours(i, at);
  at = put_place(i, at);
  for (const float value : page_values_) *at = value, at += kLanes;
  for (; at < out + kFeatureCount * kLanes; at += kLanes) *at = 0;
}

namespace {

constexpr size_t kHeadingReach = 60;  // blocks; a heading further up says nothing of one

// What was said of the running text that follows: of the next block of 15 words and more.
float score_of_next_text(const PageBlocks& page, size_t block, const std::vector<float>& score) {
  constexpr size_t kReach = 8;
  constexpr uint32_t kWordsMin = 15;
  for (size_t k = block + 1; k <= block + kReach && k < page.blocks.size(); ++k) {
    if (page.blocks[k].sums.words >= kWordsMin) return score[k];
  }
  return -1;
}

}  // namespace

// The cut of highest expected F1 over the page's words. With the probabilities p of its blocks, the expected F1 of the
// k likeliest is about 2 sum(p, k) / (k + sum(p, all)); at the k where it is highest, the k-th p is half of it (Lipton,
// Elkan and Naryanaswamy, 2014). A clear page is cut near .5, a doubtful one lower.
float cut_of(const PageBlocks& page, const std::vector<float>& score, bool hidden, double share) {
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
  const float highest = order.empty() ? 1.0F : score[static_cast<uint32_t>(order[0])];
  return std::min(static_cast<float>(share * best), highest);
}

void compute_context_features(const PageBlocks& page, const std::vector<float>& score, std::vector<float>& out) {
  const size_t n = page.blocks.size();
  out.assign(n * kContextFeatureCount, 0);
  // Letters and kept letters by container, by shape, and in the page.
  struct Sums {
    float weight = 0, kept = 0;
  };
  std::vector<Sums> sums(page.containers.size());
  // By the shapes of a container and its parent (the same box in every item of a list), and by that of the parent
  // alone.
  DenseIds shape_ids(2 * page.containers.size());
  std::vector<uint32_t> shape_of(page.containers.size()), outer_of(page.containers.size());
  for (size_t c = 0; c < page.containers.size(); ++c) {
    const uint32_t outer = page.containers[page.containers[c].parent].shape;
    shape_of[c] = shape_ids.id_of(uint64_t{outer} << 32 | page.containers[c].shape);
    outer_of[c] = shape_ids.id_of(~uint64_t{outer});
  }
  std::vector<Sums> shapes(shape_ids.count());
  for (size_t i = 0; i < n; ++i) {
    const Block& block = page.blocks[i];
    const float weight = static_cast<float>(block.sums.words) + 1;
    sums[block.container].weight += weight;
    sums[block.container].kept += weight * score[i];
    Sums& shape = shapes[shape_of[block.container]];
    shape.weight += weight;
    shape.kept += weight * score[i];
    Sums& outer = shapes[outer_of[block.container]];
    outer.weight += weight;
    outer.kept += weight * score[i];
  }
  for (size_t c = page.containers.size(); c-- > 1;) {
    Sums& parent = sums[page.containers[c].parent];
    parent.weight += sums[c].weight;
    parent.kept += sums[c].kept;
  }
  const auto mean = [](const Sums& s) { return s.weight == 0 ? 0.0F : s.kept / s.weight; };
  uint32_t core = 0;  // the deepest container with most of what is kept
  float sure = 0;
  for (size_t c = 1; c < page.containers.size(); ++c) {
    if (page.containers[c].parent == core && sums[c].kept > 0.7F * sums[0].kept) core = static_cast<uint32_t>(c);
  }
  for (size_t i = 0; i < n; ++i) {
    sure += std::fabs(2 * score[i] - 1) * (static_cast<float>(page.blocks[i].sums.words) + 1);
  }
  sure = sums[0].weight == 0 ? 0 : sure / sums[0].weight;
  float kept_before = 0;
  const float cut = cut_of(page, score, true, 0.5);
  uint32_t heading = kNone;  // the last one above
  for (size_t i = 0; i < n; ++i) {
    float* at = &out[i * kContextFeatureCount];
    *at++ = score[i];
    for (const int offset : {-3, -2, -1, 1, 2, 3}) {
      const bool inside = offset < 0 ? i >= static_cast<size_t>(-offset) : i + static_cast<size_t>(offset) < n;
      *at++ = inside ? score[offset < 0 ? i - static_cast<size_t>(-offset) : i + static_cast<size_t>(offset)] : -1.0F;
    }
    for (const int side : {-1, 1}) {  // ten blocks before and after, by words
      Sums window;
      for (int k = 1; k <= 10; ++k) {
        const int64_t at_block = static_cast<int64_t>(i) + side * k;
        if (at_block < 0 || at_block >= static_cast<int64_t>(n)) break;
        const float weight = static_cast<float>(page.blocks[static_cast<size_t>(at_block)].sums.words) + 1;
        window.weight += weight;
        window.kept += weight * score[static_cast<size_t>(at_block)];
      }
      *at++ = mean(window);
    }
    uint32_t container = page.blocks[i].container;
    for (int level = 0; level < 6; ++level) {
      *at++ = mean(sums[container]);
      container = page.containers[container].parent;
    }
    *at++ = mean(shapes[shape_of[page.blocks[i].container]]);
    *at++ = mean(sums[0]);
    *at++ = sums[0].kept;
    const uint32_t own = page.blocks[i].container;
    uint32_t up = own, branch = own;
    int levels = 0;
    while (up != 0 && !(page.containers[up].first_block <= page.containers[core].first_block &&
                        page.containers[up].last_block >= page.containers[core].last_block)) {
      branch = up;
      up = page.containers[up].parent;
      ++levels;
    }
    *at++ = static_cast<float>(levels);
    *at++ = i < page.containers[core].first_block ? -1.0F : i < page.containers[core].last_block ? 0.0F : 1.0F;
    *at++ = mean(sums[branch]);
    *at++ = sums[0].kept <= 0 ? 0.0F : sums[branch].kept / sums[0].kept;
    *at++ = mean(sums[core]);
    *at++ = sure;
    *at++ = sums[0].kept <= 0 ? 0.0F : kept_before / sums[0].kept;
    kept_before += score[i] * (static_cast<float>(page.blocks[i].sums.words) + 1);
    *at++ = mean(shapes[outer_of[own]]);
    *at++ = heading == kNone || i - heading > kHeadingReach ? -1.0F : score[heading];
    if (page.blocks[i].heading_level > 0) heading = static_cast<uint32_t>(i);
    *at++ = score_of_next_text(page, i, score);
    *at++ = cut;
    *at++ = score[i] - cut;
  }
}

}  // namespace ftok::html
