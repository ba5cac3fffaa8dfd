#include "extract/content/code_labels.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "core/ascii.h"
#include "extract/content/code_boxes.h"
#include "extract/content/gutters.h"

namespace ftok::html {

namespace {

class CodeLabels {
 public:
  CodeLabels(const PageBlocks& page, std::vector<uint8_t>& keep) : page_(page), keep_(keep) {}

  void drop() {
    for (uint32_t i = 0; i < page_.blocks.size(); ++i) {
      if (keep_[i] == 0 || page_.blocks[i].kind != BlockKind::kCode) continue;
      drop_around(i);
      uint32_t next = next_kept(i);
      if (is_code(next) && numbers_lines_of(i, next)) {
        keep_[i] = 0;
        continue;
      }
      for (; is_code(next) && is_again(i, next); next = next_kept(next)) keep_[next] = 0;
    }
  }

 private:
  // The labels next to a block of code, on both sides, in a box that frames it.
  void drop_around(uint32_t code) {
    constexpr uint32_t kLabelsMax = 4;  // on each side
    const Container& frame = page_.containers[frame_of(code)];
    for (uint32_t i = code; i > frame.first_block && code - i < kLabelsMax && drop_label(i - 1, code); --i) continue;
    for (uint32_t i = code + 1; i < frame.last_block && i - code <= kLabelsMax && drop_label(i, code); ++i) continue;
  }

  // False where the block is none, so that no more are looked for.
  bool drop_label(uint32_t block, uint32_t code) {
    if (!is_label(page_.blocks[block], page_.blocks[code])) return false;
    keep_[block] = 0;
    return true;
  }

  // The outermost box that holds the code and few other blocks: a highlighter's.
  uint32_t frame_of(uint32_t code) const {
    constexpr uint32_t kBlocksMax = 6, kLevelsMax = 6;
    uint32_t box = page_.blocks[code].container;
    for (uint32_t level = 0; level < kLevelsMax; ++level) {
      const uint32_t parent = page_.containers[box].parent;
      if (parent == 0 || page_.containers[parent].last_block - page_.containers[parent].first_block > kBlocksMax) break;
      box = parent;
    }
    return box;
  }

  bool is_label(const Block& block, const Block& code) const {
    constexpr size_t kBytesMax = 40;
    if (block.text_size > kBytesMax || block.kind == BlockKind::kCode || block.heading_level > 0) return false;
    if ((block.ancestors & kInButton) != 0) return true;
    const std::string text = lower_ascii(page_.text_of(block));
    return text == lower_ascii(code.code_language) || is_known_language(text) || is_phrase(text);
  }

  // What the software of forums, highlighters and hosts of code writes there.
  static bool is_phrase(std::string_view text) {
    static constexpr std::string_view kPhrases[] = {
        "?",        "code",       "code:",     "code: select all",  "copied",
        "copied!",  "copy",       "copy code", "copy to clipboard", "copy?",
        "copycode", "print",      "print?",    "select all",        "view plain",
        "view raw", "view source"};
    return std::binary_search(std::begin(kPhrases), std::end(kPhrases), text);
  }

  bool is_code(uint32_t block) const {
    return block < page_.blocks.size() && page_.blocks[block].kind == BlockKind::kCode;
  }

  uint32_t next_kept(uint32_t block) const {
    do ++block;
    while (block < page_.blocks.size() && keep_[block] == 0);
    return block;
  }

  // Whether a block of code is the line numbers of the next one, which stands in the same frame: as many, each one more
  // than the one before.
  bool numbers_lines_of(uint32_t block, uint32_t code) const {
    constexpr uint32_t kLinesMin = 2;
    const std::string_view text = page_.text_of(page_.blocks[block]), lines = page_.text_of(page_.blocks[code]);
    if (!is_digit(text[0]) || page_.containers[frame_of(code)].first_block > block) return false;
    const uint32_t count = numbers_counting_up(text);
    return count >= kLinesMin && count == 1 + std::count(lines.begin(), lines.end(), '\n');
  }

  // Whether two blocks of code in one box say the same, but for their white space: as laid out, and as its source.
  bool is_again(uint32_t first, uint32_t second) const {
    const Container& frame = page_.containers[page_.containers[page_.blocks[second].container].parent];
    if (first < frame.first_block) return false;
    const std::string_view a = page_.text_of(page_.blocks[first]), b = page_.text_of(page_.blocks[second]);
    size_t i = 0, k = 0;
    for (;;) {
      while (i < a.size() && is_ascii_space(a[i])) ++i;
      while (k < b.size() && is_ascii_space(b[k])) ++k;
      if (i == a.size() || k == b.size()) return i == a.size() && k == b.size();
      if (a[i++] != b[k++]) return false;
    }
  }

  const PageBlocks& page_;
  std::vector<uint8_t>& keep_;
};

}  // namespace

void drop_code_labels(const PageBlocks& page, std::vector<uint8_t>& keep) { CodeLabels(page, keep).drop(); }

}  // namespace ftok::html
