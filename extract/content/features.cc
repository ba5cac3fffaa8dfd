#include "extract/content/features.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "extract/content/page_kind.h"

namespace ftok::html {

namespace {

float ratio(double a, double b) { return b <= 0 ? 0.0F : static_cast<float>(a / b); }
float link_density(const TextSums& sums) { return ratio(sums.link_letters, sums.letters); }

// The feature `steps` places behind another, where a loop fills several.
constexpr Feature behind(Feature feature, size_t steps) {
  return static_cast<Feature>(static_cast<size_t>(feature) + steps);
}

}  // namespace

// A block's values, in a row of a tile.
class BlockFeatures::Row {
 public:
  explicit Row(float* at) : at_(at) {}
  void put(Feature feature, float value) { at_[static_cast<size_t>(feature) * kLanes] = value; }
  void put(Feature feature, bool value) { put(feature, value ? 1.0F : 0.0F); }

 private:
  float* at_;
};

BlockFeatures::BlockFeatures(const PageStructure& structure, const PageFacts& facts)
    : page_(structure.page), structure_(structure) {
  gather_page(facts);
  gather_containers();
}

void BlockFeatures::gather_containers() {
  const TextSums& all = page_.containers[0].sums;
  around_.resize(page_.containers.size());
  title_stems_.resize(page_.containers.size());
  for (uint32_t i = 0; i < page_.containers.size(); ++i) {
    const TextSums& sums = page_.containers[i].sums;
    around_[i] = {ratio(sums.letters, all.letters), link_density(sums), ratio(sums.paragraph_letters, sums.letters),
                  ratio(sums.letters, sums.blocks), static_cast<float>(structure_.items_like(i))};
    const bool holds_title = structure_.title_block != kNone && structure_.contains(i, structure_.title_block);
    title_stems_[i] = holds_title || i == 0 ? i : title_stems_[page_.containers[i].parent];
  }
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
  const auto put = [&](Feature feature, float value) {
    page_values_[static_cast<size_t>(feature) - static_cast<size_t>(Feature::kPageLettersLog)] = value;
  };
  put(Feature::kPageLettersLog, std::log1p(static_cast<float>(all.letters)));
  put(Feature::kPageBlocks, static_cast<float>(blocks));
  put(Feature::kPageLinkDensity, link_density(all));
  put(Feature::kPageRunningShare, ratio(all.paragraph_letters, all.letters));
  put(Feature::kPageParagraphs, static_cast<float>(paragraphs));
  put(Feature::kPageHeadings, ratio(headings, blocks));
  put(Feature::kPageCells, ratio(cells, blocks));
  put(Feature::kPageItems, ratio(items, blocks));
  put(Feature::kPageArticles, static_cast<float>(articles));
  put(Feature::kPageHasMain, has_main ? 1.0F : 0.0F);
  put(Feature::kPageHiddenShare, ratio(hidden, letters));
  put(Feature::kPageNearForum, ratio(near[kHintForum], letters));
  put(Feature::kPageNearProduct, ratio(near[kHintProduct], letters));
  put(Feature::kPageNearList, ratio(near[kHintList], letters));
  put(Feature::kPageNearComment, ratio(near[kHintComment], letters));
  put(Feature::kPageNearContent, ratio(near[kHintContent], letters));
  put(Feature::kPageIsArticle, type_has("Article") + type_has("Posting"));
  put(Feature::kPageIsProduct, type_has("Product"));
  put(Feature::kPageImages, ratio(all.images, blocks));
  put(Feature::kPageRunningTextShare, ratio(page_.containers[structure_.best].sums.letters, all.letters));
  put(Feature::kPageCommentShare, ratio(comment_paragraphs, all.paragraph_letters));
  put(Feature::kPageIsForum, type_has("Forum") + type_has("QAPage"));
  put(Feature::kPageSchemaKind, static_cast<float>(kind_of_schema(facts.json_ld_type)));
  const PathFacts path = read_path(facts.address);
  put(Feature::kPagePathDepth, static_cast<float>(path.depth));
  put(Feature::kPagePathKind, static_cast<float>(path.kind));
  put(Feature::kPageSlugWords, static_cast<float>(path.slug_words));
}

void BlockFeatures::put_text(const Block& block, Row& row) const {
  const TextSums& sums = block.sums;
  const std::string_view text = page_.text_of(block);
  row.put(Feature::kLetters, static_cast<float>(sums.letters));
  row.put(Feature::kWords, static_cast<float>(sums.words));
  row.put(Feature::kLinkDensity, link_density(sums));
  row.put(Feature::kLinks, static_cast<float>(sums.links));
  row.put(Feature::kCommas, static_cast<float>(sums.commas));
  row.put(Feature::kSentences, static_cast<float>(sums.sentences));
  row.put(Feature::kUppercaseShare, ratio(block.uppercase, sums.letters));
  row.put(Feature::kDigitShare, ratio(block.digits, sums.letters));
  row.put(Feature::kLineBreaks, static_cast<float>(block.breaks));
  row.put(Feature::kEmphasisShare, ratio(block.emphasis_letters, sums.letters));
  row.put(Feature::kLettersPerWord, ratio(sums.letters, sums.words));
  row.put(Feature::kKind, static_cast<float>(block.kind));
  row.put(Feature::kHeadingLevel, static_cast<float>(block.heading_level));
  row.put(Feature::kListDepth, static_cast<float>(block.list_depth));
  const char last = text.back();
  const std::string_view last_3 = text.substr(text.size() - std::min<size_t>(3, text.size()));
  row.put(Feature::kEndsSentence, last == '.' || last == '!' || last == '?' || last_3 == "\u3002" ||
                                      last_3 == "\u201D" || last_3 == "\uFF01" || last_3 == "\uFF1F" ||
                                      last_3 == "\u300D");
  row.put(Feature::kEndsInColon, last == ':' || last_3 == "\uFF1A");
  row.put(Feature::kHasBar, (block.signs & kSignBar) != 0);
  row.put(Feature::kHasCopyright, (block.signs & kSignCopyright) != 0);
  row.put(Feature::kStartsLowerCase, text[0] >= 'a' && text[0] <= 'z');
  row.put(Feature::kHasMoney, (block.signs & kSignMoney) != 0);
  row.put(Feature::kHasAddress, (block.signs & kSignAddress) != 0);
  row.put(Feature::kImages, ratio(block.sums.images, 1));
}

void BlockFeatures::put_boxes(const Block& block, Row& row) const {
  const Container& container = page_.containers[block.container];
  row.put(Feature::kBoxTag, static_cast<float>(container.tag));
  row.put(Feature::kBoxDepth, static_cast<float>(container.depth));
  Feature next = Feature::kInArticle;
  for (const Ancestor a :
       {kInArticle, kInMain,    kInNav,   kInHeader,      kInFooter,       kInAside,    kInForm,      kInTable,
        kInFigure,  kInSection, kInQuote, kInHidden,      kInDetails,      kInButton,   kInParagraph, kInDefinitionList,
        kInAddress, kInDialog,  kInLabel, kHiddenByStyle, kHiddenFromAria, kInNoscript, kFolded}) {
    row.put(next, (block.ancestors & a) != 0);
    next = behind(next, 1);
  }
  for (size_t h = 0; h < kHintCount; ++h)
    row.put(behind(Feature::kNearContent, h), static_cast<float>(container.hint_distance[h]));
  next = Feature::kInlineComment;
  for (const Hint h : {kHintComment, kHintShare, kHintRelated, kHintMeta, kHintConsent, kHintContent}) {
    row.put(next, (block.inline_hints >> h & 1) != 0);
    next = behind(next, 1);
  }
}

void BlockFeatures::put_containers(size_t index, Row& row) const {
  uint32_t at = page_.blocks[index].container;
  float most_alike = 0;
  for (size_t level = 0; level < 4; ++level) {
    const Around& around = around_[at];
    const Feature base = behind(Feature::kUp0LettersShare, 5 * level);
    row.put(base, around.letters_share);
    row.put(behind(base, 1), around.link_density);
    row.put(behind(base, 2), around.running_share);
    row.put(behind(base, 3), around.letters_per_block);
    row.put(behind(base, 4), around.items_like);
    most_alike = std::max(most_alike, around.items_like);
    at = page_.containers[at].parent;
  }
  row.put(Feature::kUpItemsLikeMax, std::max(most_alike, around_[at].items_like));
}

// Where the block leaves the way to the page's running text: the last container it does not share with it is its
// branch.
void BlockFeatures::put_branch(size_t index, Row& row) const {
  const Container& best = page_.containers[structure_.best];
  const Container& own = page_.containers[page_.blocks[index].container];
  const Container& stem = page_.containers[structure_.stems[page_.blocks[index].container]];
  const uint32_t branch = structure_.branch_of(static_cast<uint32_t>(index));
  const bool inside = index >= best.first_block && index < best.last_block;
  row.put(Feature::kBranchIsRunningText, inside);
  row.put(Feature::kBranchLevels, static_cast<float>(own.depth - stem.depth));
  row.put(Feature::kBranchDepth, static_cast<float>(stem.depth));
  row.put(Feature::kBranchRunningTextDepth, static_cast<float>(best.depth) - static_cast<float>(stem.depth));
  row.put(Feature::kBranchBlocksFromRunningText,
          inside                     ? 0.0F
          : index < best.first_block ? static_cast<float>(index) - static_cast<float>(best.first_block)
                                     : static_cast<float>(index) - static_cast<float>(best.last_block) + 1);
  const Around& around = around_[branch];
  row.put(Feature::kBranchLettersShare, around.letters_share);
  row.put(Feature::kBranchLinkDensity, around.link_density);
  row.put(Feature::kBranchRunningShare, around.running_share);
  row.put(Feature::kBranchLettersPerBlock, around.letters_per_block);
  row.put(Feature::kBranchNameMin, structure_.names[branch].own_min);
  row.put(Feature::kBranchNameMax, structure_.names[branch].own_max);
}

// And where the way to its title.
void BlockFeatures::put_title(size_t index, Row& row) const {
  const uint32_t title = structure_.title_block;
  if (title == kNone) {
    row.put(Feature::kTitleBlocksFrom, -1000.0F), row.put(Feature::kTitleLevels, -1.0F),
        row.put(Feature::kTitleSharedLetters, -1.0F);
    return;
  }
  const uint32_t own = page_.blocks[index].container, stem = title_stems_[own];
  row.put(Feature::kTitleBlocksFrom,
          std::clamp(static_cast<float>(index) - static_cast<float>(title), -500.0F, 500.0F));
  row.put(Feature::kTitleLevels, static_cast<float>(page_.containers[own].depth - page_.containers[stem].depth));
  row.put(Feature::kTitleSharedLetters, around_[stem].letters_share);
}

// The nearest container around that has like siblings: an item of a listing, a post of a thread, a row.
void BlockFeatures::put_group(const Block& block, Row& row) const {
  constexpr int kLevelsMax = 12;
  const uint32_t at = structure_.item_of[block.container];
  const int level = page_.containers[block.container].depth - page_.containers[at].depth;
  if (at == 0 || level >= kLevelsMax) {
    for (size_t k = 0; k < 8; ++k) row.put(behind(Feature::kItemLevels, k), -1.0F);
    return;
  }
  const ItemGroup& group = structure_.groups[structure_.group_of[at]];
  row.put(Feature::kItemLevels, static_cast<float>(level));
  row.put(Feature::kItemCount, static_cast<float>(group.items));
  row.put(Feature::kItemLetters, static_cast<float>(page_.containers[at].sums.letters));
  row.put(Feature::kItemMeanLetters, ratio(group.letters, group.items));
  row.put(Feature::kItemListShare, ratio(group.letters, page_.containers[0].sums.letters));
  row.put(Feature::kItemLinkDensity, ratio(group.link_letters, group.letters));
  row.put(Feature::kItemPlace, ratio(structure_.place_in_group[at], group.items));
  row.put(Feature::kItemImages, ratio(group.images, group.items));
}

void BlockFeatures::put_words(size_t index, Row& row) const {
  const Container& container = page_.containers[page_.blocks[index].container];
  const NameWeights& names = structure_.names[page_.blocks[index].container];
  const NameWeights& above = structure_.names[container.parent];
  row.put(Feature::kNameOwnMin, names.own_min);
  row.put(Feature::kNameOwnMax, names.own_max);
  row.put(Feature::kNameParentMin, above.own_min);
  row.put(Feature::kNameParentMax, above.own_max);
  row.put(Feature::kNamePathMin, names.path_min);
  row.put(Feature::kNamePathMax, names.path_max);
  row.put(Feature::kNamePathSum, names.path_sum);
  const PhraseWeights& phrases = structure_.phrases[index];
  row.put(Feature::kPhraseSum, phrases.sum);
  row.put(Feature::kPhraseMin, phrases.min);
  row.put(Feature::kPhraseMax, phrases.max);
  row.put(Feature::kPhraseSumBefore, index > 0 ? structure_.phrases[index - 1].sum : 0.0F);
  row.put(Feature::kPhraseSumAfter, index + 1 < page_.blocks.size() ? structure_.phrases[index + 1].sum : 0.0F);
  const uint32_t heading = structure_.heading_before[index];
  row.put(Feature::kHeadingPhraseSum, heading == kNone ? 0.0F : structure_.phrases[heading].sum);
  row.put(Feature::kHeadingBlocksFrom, heading == kNone ? -1.0F : static_cast<float>(index - heading));
  row.put(Feature::kHeadingRank, heading == kNone ? 0.0F : static_cast<float>(page_.blocks[heading].heading_level));
}

void BlockFeatures::put_neighbours(size_t i, Row& row) const {
  const size_t n = page_.blocks.size();
  Feature next = Feature::kBefore2Letters;
  for (const int offset : {-2, -1, 1, 2}) {
    const Feature letters = next, links = behind(next, 1), kind = behind(next, 2);
    next = behind(next, 3);
    const bool inside = offset < 0 ? i >= static_cast<size_t>(-offset) : i + static_cast<size_t>(offset) < n;
    if (!inside) {
      row.put(letters, -1.0F), row.put(links, -1.0F), row.put(kind, -1.0F);
      continue;
    }
    const Block& other = page_.blocks[offset < 0 ? i - static_cast<size_t>(-offset) : i + static_cast<size_t>(offset)];
    row.put(letters, static_cast<float>(other.sums.letters));
    row.put(links, link_density(other.sums));
    row.put(kind, static_cast<float>(other.kind));
  }
  const auto put_window = [&](size_t first, size_t last, Feature letters, Feature links) {
    const uint32_t sum = structure_.letters_before[last] - structure_.letters_before[first];
    const uint32_t in_links = structure_.link_letters_before[last] - structure_.link_letters_before[first];
    row.put(letters, static_cast<float>(sum));
    row.put(links, ratio(in_links, sum));
  };
  put_window(i > 5 ? i - 5 : 0, i, Feature::kBefore5Letters, Feature::kBefore5LinkDensity);
  put_window(i + 1, std::min(n, i + 6), Feature::kAfter5Letters, Feature::kAfter5LinkDensity);
}

void BlockFeatures::put_place(size_t i, Row& row) const {
  row.put(Feature::kPlaceBlocks, ratio(static_cast<double>(i), static_cast<double>(page_.blocks.size())));
  row.put(Feature::kPlaceLetters, ratio(structure_.letters_before[i], page_.containers[0].sums.letters));
  row.put(Feature::kPlaceFromH1,
          structure_.first_h1 == kNone
              ? -1000.0F
              : std::clamp(static_cast<float>(i) - static_cast<float>(structure_.first_h1), -500.0F, 500.0F));
  row.put(Feature::kPlaceRepeats, static_cast<float>(structure_.repeats[i]));
  row.put(Feature::kPlaceTitleShareOfBlock, structure_.title_shares[i].of_block);
  row.put(Feature::kPlaceTitleShareOfTitle, structure_.title_shares[i].of_title);
  const uint32_t before = structure_.paragraph_before[i], after = structure_.paragraph_after[i];
  row.put(Feature::kPlaceFromParagraphBefore, before == kNone ? 999.0F : static_cast<float>(i - before));
  row.put(Feature::kPlaceFromParagraphAfter, after == kNone ? 999.0F : static_cast<float>(after - i));
  row.put(Feature::kPlaceRunningLetters,
          ratio(structure_.paragraph_letters_before[i], page_.containers[0].sums.paragraph_letters));
  row.put(Feature::kPlaceDescriptionShare, structure_.description_shares[i]);
}

void BlockFeatures::write_tile(size_t first, size_t last, float* tile) const {
  for (size_t i = first; i < last; ++i) {
    Row row(tile + (i - first));
    put_text(page_.blocks[i], row);
    put_boxes(page_.blocks[i], row);
    put_containers(i, row);
    put_branch(i, row);
    put_title(i, row);
    put_group(page_.blocks[i], row);
    put_words(i, row);
    put_neighbours(i, row);
    put_place(i, row);
  }
  float* at = tile + static_cast<size_t>(Feature::kPageLettersLog) * kLanes;
  for (const float value : page_values_) at = std::fill_n(at, kLanes, value);
}

}  // namespace ftok::html
