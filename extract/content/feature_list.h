// The scorer's features by name, in the order of their values in a row. The trees of content_model.cc know features by
// their places alone: whatever changes here changes kFeatureSchema, and the model then no longer compiles until
// tools/train_extraction/train.py has fitted another one to the new list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ftok::html {

// clang-format off
#define FTOK_FEATURES(X) \
  /* The block's own text */                                                                                    \
  X(kLetters, "letters") X(kWords, "words") X(kLinkDensity, "link_density") X(kLinks, "links")                  \
  X(kCommas, "commas") X(kSentences, "sentences") X(kUppercaseShare, "uppercase_share")                         \
  X(kDigitShare, "digit_share") X(kLineBreaks, "line_breaks") X(kEmphasisShare, "emphasis_share")               \
  X(kLettersPerWord, "letters_per_word") X(kKind, "kind") X(kHeadingLevel, "heading_level")                     \
  X(kListDepth, "list_depth") X(kEndsSentence, "ends_sentence") X(kEndsInColon, "ends_in_colon")                \
  X(kHasBar, "has_bar") X(kHasCopyright, "has_copyright") X(kStartsLowerCase, "starts_lower_case")              \
  X(kHasMoney, "has_money") X(kHasAddress, "has_address") X(kImages, "images")                                  \
  /* The elements around it */                                                                                  \
  X(kBoxTag, "box.tag") X(kBoxDepth, "box.depth") X(kInArticle, "in.article") X(kInMain, "in.main")             \
  X(kInNav, "in.nav") X(kInHeader, "in.header") X(kInFooter, "in.footer") X(kInAside, "in.aside")               \
  X(kInForm, "in.form") X(kInTable, "in.table") X(kInFigure, "in.figure") X(kInSection, "in.section")           \
  X(kInQuote, "in.quote") X(kInHidden, "in.hidden") X(kInDetails, "in.details") X(kInButton, "in.button")       \
  X(kInParagraph, "in.paragraph") X(kInDefinitionList, "in.definition_list") X(kInAddress, "in.address")        \
  X(kInDialog, "in.dialog") X(kInLabel, "in.label") X(kInHiddenByStyle, "in.hidden_by_style")                   \
  X(kInHiddenFromAria, "in.hidden_from_aria") X(kInNoscript, "in.noscript") X(kInFolded, "in.folded")           \
  /* Boxes up to the nearest whose names give the hint */                                                       \
  X(kNearContent, "near.content") X(kNearComment, "near.comment") X(kNearShare, "near.share")                   \
  X(kNearRelated, "near.related") X(kNearNavigation, "near.navigation") X(kNearFooter, "near.footer")           \
  X(kNearHeader, "near.header") X(kNearSidebar, "near.sidebar") X(kNearAd, "near.ad")                           \
  X(kNearConsent, "near.consent") X(kNearMeta, "near.meta") X(kNearTitle, "near.title")                         \
  X(kNearProduct, "near.product") X(kNearForum, "near.forum") X(kNearMedia, "near.media")                       \
  X(kNearList, "near.list")                                                                                     \
  /* Hints of inline elements in it */                                                                          \
  X(kInlineComment, "inline.comment") X(kInlineShare, "inline.share") X(kInlineRelated, "inline.related")       \
  X(kInlineMeta, "inline.meta") X(kInlineConsent, "inline.consent") X(kInlineContent, "inline.content")         \
  /* Its container (up0) and those around it */                                                                 \
  X(kUp0LettersShare, "up0.letters_share") X(kUp0LinkDensity, "up0.link_density")                               \
  X(kUp0RunningShare, "up0.running_share") X(kUp0LettersPerBlock, "up0.letters_per_block")                      \
  X(kUp0ItemsLike, "up0.items_like") X(kUp1LettersShare, "up1.letters_share")                                   \
  X(kUp1LinkDensity, "up1.link_density") X(kUp1RunningShare, "up1.running_share")                               \
  X(kUp1LettersPerBlock, "up1.letters_per_block") X(kUp1ItemsLike, "up1.items_like")                            \
  X(kUp2LettersShare, "up2.letters_share") X(kUp2LinkDensity, "up2.link_density")                               \
  X(kUp2RunningShare, "up2.running_share") X(kUp2LettersPerBlock, "up2.letters_per_block")                      \
  X(kUp2ItemsLike, "up2.items_like") X(kUp3LettersShare, "up3.letters_share")                                   \
  X(kUp3LinkDensity, "up3.link_density") X(kUp3RunningShare, "up3.running_share")                               \
  X(kUp3LettersPerBlock, "up3.letters_per_block") X(kUp3ItemsLike, "up3.items_like")                            \
  X(kUpItemsLikeMax, "up.items_like_max")                                                                       \
  /* Its branch: the last container around it that does not hold the page's running text */                     \
  X(kBranchIsRunningText, "branch.is_running_text") X(kBranchLevels, "branch.levels")                           \
  X(kBranchDepth, "branch.depth") X(kBranchRunningTextDepth, "branch.running_text_depth")                       \
  X(kBranchBlocksFromRunningText, "branch.blocks_from_running_text")                                            \
  X(kBranchLettersShare, "branch.letters_share") X(kBranchLinkDensity, "branch.link_density")                   \
  X(kBranchRunningShare, "branch.running_share") X(kBranchLettersPerBlock, "branch.letters_per_block")          \
  X(kBranchNameMin, "branch.name_min") X(kBranchNameMax, "branch.name_max")                                     \
  X(kTitleBlocksFrom, "title.blocks_from") X(kTitleLevels, "title.levels")                                      \
  X(kTitleSharedLetters, "title.shared_letters")                                                                \
  /* The item of a listing that it is part of */                                                                \
  X(kItemLevels, "item.levels") X(kItemCount, "item.count") X(kItemLetters, "item.letters")                     \
  X(kItemMeanLetters, "item.mean_letters") X(kItemListShare, "item.list_share")                                 \
  X(kItemLinkDensity, "item.link_density") X(kItemPlace, "item.place") X(kItemImages, "item.images")            \
  /* Weights of the words around it and in it */                                                                \
  X(kNameOwnMin, "name.own_min") X(kNameOwnMax, "name.own_max") X(kNameParentMin, "name.parent_min")            \
  X(kNameParentMax, "name.parent_max") X(kNamePathMin, "name.path_min") X(kNamePathMax, "name.path_max")        \
  X(kNamePathSum, "name.path_sum") X(kPhraseSum, "phrase.sum") X(kPhraseMin, "phrase.min")                      \
  X(kPhraseMax, "phrase.max") X(kPhraseSumBefore, "phrase.sum_before") X(kPhraseSumAfter, "phrase.sum_after")   \
  X(kHeadingPhraseSum, "heading.phrase_sum") X(kHeadingBlocksFrom, "heading.blocks_from")                       \
  X(kHeadingRank, "heading.rank")                                                                               \
  /* Its neighbours */                                                                                          \
  X(kBefore2Letters, "before2.letters") X(kBefore2LinkDensity, "before2.link_density")                          \
  X(kBefore2Kind, "before2.kind") X(kBefore1Letters, "before1.letters")                                         \
  X(kBefore1LinkDensity, "before1.link_density") X(kBefore1Kind, "before1.kind")                                \
  X(kAfter1Letters, "after1.letters") X(kAfter1LinkDensity, "after1.link_density")                              \
  X(kAfter1Kind, "after1.kind") X(kAfter2Letters, "after2.letters")                                             \
  X(kAfter2LinkDensity, "after2.link_density") X(kAfter2Kind, "after2.kind")                                    \
  X(kBefore5Letters, "before5.letters") X(kBefore5LinkDensity, "before5.link_density")                          \
  X(kAfter5Letters, "after5.letters") X(kAfter5LinkDensity, "after5.link_density")                              \
  /* Its place */                                                                                               \
  X(kPlaceBlocks, "place.blocks") X(kPlaceLetters, "place.letters") X(kPlaceFromH1, "place.from_h1")            \
  X(kPlaceRepeats, "place.repeats") X(kPlaceTitleShareOfBlock, "place.title_share_of_block")                    \
  X(kPlaceTitleShareOfTitle, "place.title_share_of_title")                                                      \
  X(kPlaceFromParagraphBefore, "place.from_paragraph_before")                                                   \
  X(kPlaceFromParagraphAfter, "place.from_paragraph_after") X(kPlaceRunningLetters, "place.running_letters")    \
  X(kPlaceDescriptionShare, "place.description_share")                                                          \
  /* The page */                                                                                                \
  X(kPageLettersLog, "page.letters_log") X(kPageBlocks, "page.blocks") X(kPageLinkDensity, "page.link_density") \
  X(kPageRunningShare, "page.running_share") X(kPageParagraphs, "page.paragraphs")                              \
  X(kPageHeadings, "page.headings") X(kPageCells, "page.cells") X(kPageItems, "page.items")                     \
  X(kPageArticles, "page.articles") X(kPageHasMain, "page.has_main") X(kPageHiddenShare, "page.hidden_share")   \
  X(kPageNearForum, "page.near_forum") X(kPageNearProduct, "page.near_product")                                 \
  X(kPageNearList, "page.near_list") X(kPageNearComment, "page.near_comment")                                   \
  X(kPageNearContent, "page.near_content") X(kPageIsArticle, "page.is_article")                                 \
  X(kPageIsProduct, "page.is_product") X(kPageImages, "page.images")                                            \
  X(kPageRunningTextShare, "page.running_text_share") X(kPageCommentShare, "page.comment_share")                \
  X(kPageIsForum, "page.is_forum") X(kPageSchemaKind, "page.schema_kind") X(kPagePathDepth, "page.path_depth")  \
  X(kPagePathKind, "page.path_kind") X(kPageSlugWords, "page.slug_words")

#define FTOK_CONTEXT_FEATURES(X) \
  /* What the first pass said */                                                                                \
  X(kScore, "score") X(kScoreBefore3, "score.before3") X(kScoreBefore2, "score.before2")                        \
  X(kScoreBefore1, "score.before1") X(kScoreAfter1, "score.after1") X(kScoreAfter2, "score.after2")             \
  X(kScoreAfter3, "score.after3") X(kScoreBefore10, "score.before10") X(kScoreAfter10, "score.after10")         \
  X(kScoreUp0, "score.up0") X(kScoreUp1, "score.up1") X(kScoreUp2, "score.up2") X(kScoreUp3, "score.up3")       \
  X(kScoreUp4, "score.up4") X(kScoreUp5, "score.up5") X(kScoreShape, "score.shape") X(kScorePage, "score.page") \
  X(kScoreKeptWords, "score.kept_words") X(kCoreLevels, "core.levels") X(kCoreSide, "core.side")                \
  X(kScoreBranch, "score.branch") X(kCoreBranchShare, "core.branch_share") X(kScoreCore, "score.core")          \
  X(kScoreSureness, "score.sureness") X(kScoreKeptBefore, "score.kept_before")                                  \
  X(kScoreOuterShape, "score.outer_shape") X(kScoreHeading, "score.heading")                                    \
  X(kScoreNextText, "score.next_text") X(kCut, "cut") X(kScoreAboveCut, "score.above_cut")                      \
  X(kScoreItem, "score.item") X(kScoreGroup, "score.group") X(kScoreGroupKept, "score.group_kept")              \
  X(kScoreKeptInText, "score.kept_in_text")
// clang-format on

#define FTOK_FEATURE_ENTRY(identifier, name) identifier,
#define FTOK_FEATURE_NAME(identifier, name) std::string_view(name),

enum class Feature : uint8_t { FTOK_FEATURES(FTOK_FEATURE_ENTRY) kCount };
enum class ContextFeature : uint8_t { FTOK_CONTEXT_FEATURES(FTOK_FEATURE_ENTRY) kCount };

inline constexpr std::array kFeatureNames = {FTOK_FEATURES(FTOK_FEATURE_NAME)};
inline constexpr std::array kContextFeatureNames = {FTOK_CONTEXT_FEATURES(FTOK_FEATURE_NAME)};

#undef FTOK_FEATURE_ENTRY
#undef FTOK_FEATURE_NAME
#undef FTOK_FEATURES
#undef FTOK_CONTEXT_FEATURES

constexpr size_t kFeatureCount = 180;        // room in a row; what no feature fills is 0
constexpr size_t kContextFeatureCount = 36;  // and in one of the second pass

static_assert(kFeatureNames.size() <= kFeatureCount && kContextFeatureNames.size() <= kContextFeatureCount);

// The hash of all names in their places (FNV-1a, 64 bits, a zero byte behind each name and each row's room).
constexpr uint64_t hash_of_features() {
  uint64_t hash = 0xCBF29CE484222325U;
  const auto add = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001B3U; };
  const auto add_names = [&add](const auto& names, size_t room) {
    for (const std::string_view name : names) {
      for (const char c : name) add(static_cast<unsigned char>(c));
      add(0);
    }
    for (size_t i = names.size(); i < room; ++i) add(0);
  };
  add_names(kFeatureNames, kFeatureCount);
  add_names(kContextFeatureNames, kContextFeatureCount);
  return hash;
}

inline constexpr uint64_t kFeatureSchema = hash_of_features();

}  // namespace ftok::html
