#include "extract/output/property_lists.h"

namespace ftok::html {

namespace {

bool are_properties(const PageBlocks& page, const Container& list) {
  constexpr uint32_t kTermsMin = 2, kValuesMax = 4;  // of a term
  constexpr uint32_t kTermBytesMax = 60, kValueBytesMax = 100;
  uint32_t terms = 0, values = 1;
  for (uint32_t i = list.first_block; i < list.last_block; ++i) {
    const Block& block = page.blocks[i];
    const bool is_term = block.kind == BlockKind::kTerm;
    if (!is_term && block.kind != BlockKind::kDefinition) return false;
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
