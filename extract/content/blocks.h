// Blocks: a page cut into its runs of text. A block is what stands between two block-level boundaries (a paragraph, a
// heading, a list item's line, a table cell, a whole pre): inline elements lie within it, white space is folded as a
// browser shows it. The scorer keeps or drops whole blocks; the layout joins those that are kept.
//
// Containers are the block-level elements, in document order, each with the sums of the text below it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "extract/content/hints.h"
#include "extract/content/table_grid.h"
#include "extract/html/dom.h"

namespace ftok::html {

enum class BlockKind : uint8_t { kText, kHeading, kListItem, kCell, kCode, kTerm, kDefinition, kCaption, kQuote };

// What encloses a block, as bits.
enum Ancestor : uint32_t {
  // clang-format off
  kInArticle = 1 << 0, kInMain = 1 << 1, kInNav = 1 << 2, kInHeader = 1 << 3, kInFooter = 1 << 4, kInAside = 1 << 5,
  kInForm = 1 << 6, kInTable = 1 << 7, kInList = 1 << 8, kInFigure = 1 << 9, kInSection = 1 << 10, kInQuote = 1 << 11,
  kInHidden = 1 << 12, kInDetails = 1 << 13, kInButton = 1 << 14, kInLink = 1 << 15, kInDefinitionList = 1 << 16,
  kInCode = 1 << 17, kInParagraph = 1 << 18, kInHeading = 1 << 19, kInDialog = 1 << 20, kInLabel = 1 << 21,
  kInAddress = 1 << 22,
  kHiddenByStyle = 1 << 23, kHiddenFromAria = 1 << 24,
  // which of the ways kInHidden came about; neither: the attribute
  // clang-format on
  kInNoscript = 1 << 25,
  kFolded = 1 << 26,      // hidden, but in a box that readers unfold: an accordion, a tab, a slide. Not kInHidden
  kInComments = 1 << 27,  // in a box that says so by other means than a hint: no feature of the block
  kQuoted = 1 << 28,      // in a <blockquote> that is not a forum's post, or in a forum's box of quotations: no feature
  kOfPoster = 1 << 29,    // in a box of who wrote a post: no feature
  kInRoleTable = 1 << 30,  // in a table by its role: no feature
};

// Signs in a block's text that say what it may be, as bits.
enum Sign : uint8_t {
  kSignBar = 1,        // | » ›: a way through the site
  kSignCopyright = 2,  // ©
  kSignMoney = 4,      // $ € £ ¥ ₩ ฿
  kSignAddress = 8,    // @, http
  kSignScript = 16,    // a character of the scripts that side_boxes.h knows headings in: no feature of the block
};

constexpr uint8_t kFar = 31;  // no such ancestor

// Sums over text. `letters` counts code points, a kana or Korean syllable twice, a Chinese character three times: as
// many as a translation into an alphabet has. `words` are those between spaces; in scripts without spaces, as many as a
// translation would have.
struct TextSums {
  uint32_t letters = 0, link_letters = 0, words = 0, links = 0, blocks = 0;
  uint32_t commas = 0, sentences = 0;  // , ; and . ! ? with their counterparts in other scripts
  uint32_t paragraph_letters = 0;      // in blocks of 80 letters and more, less than a third of them in links
  uint32_t images = 0, inputs = 0;

  void add(const TextSums& other) {
    letters += other.letters, link_letters += other.link_letters, words += other.words, links += other.links;
    blocks += other.blocks, commas += other.commas, sentences += other.sentences;
    paragraph_letters += other.paragraph_letters, images += other.images, inputs += other.inputs;
  }
};

struct Container {
  NodeId node = kNoNode;
  uint32_t parent = 0;                       // index of the enclosing container; 0 is the page, its own parent
  uint32_t first_block = 0, last_block = 0;  // [first, last) below it
  uint32_t shape = 0;                        // hash of tag and class: equal among the items of a listing
  uint32_t children = 0;                     // containers right below it
  uint16_t depth = 0;
  uint16_t hints = 0;                      // of its own class, id, role, itemprop
  uint32_t first_name = 0, last_name = 0;  // [first, last) in PageBlocks::names
  Tag tag = Tag::kUnknown;
  Tag part = Tag::kUnknown;  // the same, or the part of a table that it is by its role: no feature
  uint32_t ancestors = 0;
  std::array<uint8_t, kHintCount> hint_distance{};  // containers up to the nearest with the hint, itself 0
  TextSums sums;
};

struct Block {
  uint32_t text_begin = 0, text_size = 0;  // in PageBlocks::text
  uint32_t container = 0;
  NodeId row = kNoNode, cell = kNoNode;  // of the innermost table, where there is one
  uint32_t ancestors = 0;
  uint16_t inline_hints = 0;     // of inline elements in it
  int32_t item_number = 0;       // of an ordered list's item, where is_numbered
  uint32_t grid_cell = kNoCell;  // index into PageBlocks::cells, of the innermost table
  uint8_t list_depth = 0;
  uint8_t heading_level = 0;  // 1..6
  uint8_t role_level = 0;     // of a heading by its role alone: a layout's, and no feature of the block
  BlockKind kind = BlockKind::kText;
  bool is_header_cell = false;
  bool starts_item = false;  // the first block of its list item
  bool is_numbered = false;  // and that of an ordered list
  bool is_footnote = false;  // and that of a list of footnotes (footnotes.h)
  uint8_t signs = 0;         // bits of Sign
  uint32_t uppercase = 0, digits = 0, breaks = 0, emphasis_letters = 0;
  uint32_t formula_bytes = 0;      // of the text
  std::string_view code_language;  // of preformatted text, as its highlighter names it; of the tree
  TextSums sums;

  bool is_formula() const { return formula_bytes * 2 > text_size; }  // but for its number, or a word before it
};

// What a layout may write into a block's text: Markdown's marks, the address of a link. Kept beside the text, so that
// what is asked for changes no feature of the block.
struct Mark {
  uint32_t at = 0;        // offset in PageBlocks::text, before that byte
  bool opens = false;     // else it closes one that was opened, or stands alone (" (")
  std::string_view text;  // "[", "](", "**" ...
  std::string_view link;  // the address that follows; of the tree, which must outlive the page
};

struct PageBlocks {
  std::string text;  // of all blocks, one after the other
  std::vector<Block> blocks;
  std::vector<Container> containers;
  std::vector<Mark> marks;      // in order of `at`
  std::vector<GridCell> cells;  // of all tables, in document order, empty ones too
  std::vector<Grid> grids;      // one per table
  std::vector<uint32_t> names;  // hashes of the words in containers' class, id, role and itemprop (names_of in hints.h)
  uint64_t steps = 0;           // nodes and bytes gone through
  bool has_thread_type = false;  // an itemtype of schema.org that only pages of a conversation have
  uint32_t limit_met = 0;        // kBlocksMax or kContainersMax, where a page has more: the blocks are not all then

  std::string_view text_of(const Block& block) const {
    return std::string_view(text).substr(block.text_begin, block.text_size);
  }
  // Memory held.
  size_t bytes() const {
    return text.capacity() + blocks.capacity() * sizeof(Block) + containers.capacity() * sizeof(Container) +
           marks.capacity() * sizeof(Mark) + cells.capacity() * sizeof(GridCell) + grids.capacity() * sizeof(Grid) +
           names.capacity() * sizeof(uint32_t);
  }
  void clear() {
    text.clear(), marks.clear(), cells.clear(), grids.clear(), names.clear(), blocks.clear(), containers.clear();
    steps = 0;
    has_thread_type = false;
    limit_met = 0;
  }
};

// Caps on what is scored, so that a page of 5 MiB of empty forms costs no more than another: of the 2,938 real pages
// none has more than 6,220 blocks and 7,844 containers.
constexpr uint32_t kBlocksMax = 50000;
constexpr uint32_t kContainersMax = 100000;

struct BlockOptions {
  bool links = false;     // marks: " (URL)" after the text of a link, in Markdown "[text](URL)"
  bool images = false;    // write an image's alternative text
  bool markdown = false;  // marks: "**" around strong, "*" around emphasis, "`" around code
};

// Cuts the page. Elements of no text (script, style, template, noscript, select, svg ...) are left out; what is hidden
// is kept and marked kInHidden. Stops where a cap is met.
void cut_into_blocks(const Dom& dom, const BlockOptions& options, PageBlocks& page);

}  // namespace ftok::html
