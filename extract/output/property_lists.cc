#include "extract/output/property_lists.h"

namespace ftok::html {

namespace {

// Whether the block's boxes, up to a <dd>, hold nothing else.
bool is_all_of_definition(const PageBlocks& page, const Block& block) {
  for (uint32_t at = block.container; at != 0; at = page.containers[at].parent) {
    if (page.containers[at].last_block - page.containers[at].first_block > 1) return false;
    if (page.containers[at].tag == Tag::kDd) return true;
  }
  return false;
}

bool is_value_of(const PageBlocks& page, const Block& block) {
  if (block.kind == BlockKind::kDefinition) return true;
  return block.kind == BlockKind::kText && (block.ancestors & kInDefinitionList) != 0 &&
         is_all_of_definition(page, block);
}

bool are_properties(const PageBlocks& page, const Container& list) {
  constexpr uint32_t kTermsMin = 2, kValuesMax = 4;  // of a term
  constexpr uint32_t kTermBytesMax = 60, kValueBytesMax = 100;
  uint32_t terms = 0, values = 1;
  for (uint32_t i = list.first_block; i < list.last_block; ++i) {
    const Block& block = page.blocks[i];
    const bool is_term = block.kind == BlockKind::kTerm;
    if (!is_term && !is_value_of(page, block)) return false;
    if (block.text_size > (is_term ? kTermBytesMax : kValueBytesMax) || block.breaks > 0) return false;
    if (!is_term && (terms == 0 || block.sums.sentences > 0)) return false;
    if (is_term && values == 0) return false;
    terms += is_term ? 1 : 0;
    values = is_term ? 0 : values + 1;
    if (values > kValuesMax) return false;
  }
  return terms >= kTermsMin && values > 0;
}

}  // namespace

bool PropertyLists::is_value(const Block& block) const { return is_value_of(page_, block); }

bool PropertyLists::hold(const Block& block) {
  uint32_t list = block.container;
  while (list != 0 && page_.containers[list].tag != Tag::kDl) list = page_.containers[list].parent;
  if (list == 0) return false;
  if (answers_.empty()) answers_.resize(page_.containers.size());
  uint8_t& answer = answers_[list];
  if (answer == 0) answer = are_properties(page_, page_.containers[list]) ? 2 : 1;
  return answer == 2;
}

}  // namespace ftok::html
