#include "extract/content/end_lists.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "core/ascii.h"
#include "extract/content/list_numbers.h"

namespace ftok::html {

namespace {

constexpr size_t kListHeadingBytesMax = 40;

// In lower case (of ASCII), without signs around them, sorted by bytes.
constexpr std::string_view kSources[] = {"bibliografia",
                                         "bibliografie",
                                         "bibliografía",
                                         "bibliographie",
                                         "bibliography",
                                         "bronnen",
                                         "citations",
                                         "einzelnachweise",
                                         "fontes",
                                         "fonti",
                                         "footnotes",
                                         "fuentes",
                                         "further reading",
                                         "literatur",
                                         "literature",
                                         "literature cited",
                                         "notes",
                                         "quellen",
                                         "quellen und links",
                                         "reference",
                                         "reference list",
                                         "references",
                                         "references and notes",
                                         "referencias",
                                         "referenser",
                                         "referenties",
                                         "referências",
                                         "riferimenti",
                                         "références",
                                         "sources",
                                         "weiterführende literatur",
                                         "works cited",
                                         "źródła",
                                         "источники",
                                         "литература",
                                         "примечания"};

constexpr std::string_view kOffers[] = {"customers also bought",
                                        "customers also viewed",
                                        "frequently bought together",
                                        "mehr zum thema",
                                        "more from this author",
                                        "more like this",
                                        "read next",
                                        "related",
                                        "related articles",
                                        "related content",
                                        "related news",
                                        "related posts",
                                        "related products",
                                        "related stories",
                                        "similar articles",
                                        "similar posts",
                                        "similar products",
                                        "what to read next",
                                        "you may also like",
                                        "you might also like"};

template <size_t N>
bool is_one_of(const std::string_view (&names)[N], std::string_view name) {
  return std::binary_search(std::begin(names), std::end(names), name);
}

class EndLists {
 public:
  EndLists(const PageBlocks& page, std::vector<uint8_t>& keep) : page_(page), keep_(keep) {}

  void choose() {
    for (uint32_t i = 1; i + 1 < page_.blocks.size(); ++i) {
      const Block& block = page_.blocks[i];
      if (page_.blocks[i + 1].sums.links == 0 || block.text_size > kListHeadingBytesMax || !is_heading(block)) continue;
      const std::string name = bare(page_.text_of(block));
      const bool is_source = is_one_of(kSources, name);
      if (!is_source && !is_one_of(kOffers, name)) continue;
      const uint32_t last = end_of_list(i);
      if (last == i || (is_source && !belongs_to_text(i))) continue;
      std::fill(keep_.begin() + i, keep_.begin() + last, static_cast<uint8_t>(is_source));
      i = last - 1;
    }
  }

 private:
  // By its tag, or all of it emphasised.
  static bool is_heading(const Block& block) {
    return block.heading_level > 1 ||
           (block.kind == BlockKind::kText && block.emphasis_letters * 10 > block.text_size * 9);
  }

  static std::string bare(std::string_view text) {
    constexpr std::string_view kAround = " \n:.-*#";
    const size_t first = text.find_first_not_of(kAround);
    if (first == std::string_view::npos) return {};
    return lower_ascii(text.substr(first, text.find_last_not_of(kAround) + 1 - first));
  }

  // The end of the list, or of the boxes that are mostly links, right behind a heading; the heading's own place where
  // nothing of the kind follows.
  uint32_t end_of_list(uint32_t heading) const {
    uint32_t box = page_.blocks[heading].container;
    while (box != 0 && page_.containers[box].last_block == heading + 1) box = page_.containers[box].parent;
    uint32_t child = page_.blocks[heading + 1].container;
    while (child != 0 && page_.containers[child].parent != box) child = page_.containers[child].parent;
    if (child == 0) return heading;
    const Container& list = page_.containers[child];
    if (list.first_block != heading + 1 || !has_links(list)) return heading;
    return list.last_block;
  }

  // A list of links, whatever stands around it, or a box that holds nothing else.
  bool has_links(const Container& box) const {
    constexpr uint32_t kItemsMin = 2;
    return box.sums.links >= kItemsMin && box.sums.link_letters * 2 >= box.sums.letters;
  }

  bool belongs_to_text(uint32_t heading) const {
    constexpr uint32_t kNotOfText = kInHidden | kInNav | kInForm | kInAside | kInFooter | kInComments;
    if ((page_.blocks[heading].ancestors & kNotOfText) != 0 || keep_[heading - 1] == 0) return false;
    uint32_t box = page_.blocks[heading].container;
    while (box != 0 && page_.containers[box].first_block == heading) box = page_.containers[box].parent;
    return page_.containers[box].first_block < heading && box != 0;
  }

  const PageBlocks& page_;
  std::vector<uint8_t>& keep_;
};

}  // namespace

void choose_end_lists(const PageBlocks& page, std::vector<uint8_t>& keep) { EndLists(page, keep).choose(); }

}  // namespace ftok::html
