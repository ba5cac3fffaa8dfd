#include "extract/content/element_facts.h"

#include "extract/content/ancestors.h"
#include "extract/content/blocks.h"
#include "extract/content/readers_comments.h"

namespace ftok::html {

void ElementFacts::read_attributes(const Attribute& first, Tag own) {
  uint32_t found = 0, around = 0;  // hints and ancestors
  bool has_address = false, is_named = false, is_scripted = false;
  for (const Attribute* a = &first; a != nullptr; a = a->last ? nullptr : a + 1) {
    switch (a->id) {
      case AttributeName::kClass: found |= cache_.hints_of(a->value(), names, class_hash); break;
      case AttributeName::kId: is_named = true; [[fallthrough]];
      case AttributeName::kItemprop: found |= hints_of(a->value(), names); break;
      case AttributeName::kRole:
        found |= hints_of(a->value(), names);
        around |= ancestor_of_role(a->value());
        is_heading = a->value() == "heading";
        tag = part_of_table(a->value());
        break;
      case AttributeName::kHref: has_address = true; break;
      case AttributeName::kName: is_named = true; break;
      case AttributeName::kItemtype:
        has_thread_type = is_type_of_thread(a->value());
        if (is_type_of_comments(a->value())) around |= kInComments;
        break;
      case AttributeName::kHidden: around |= kInHidden; break;
      case AttributeName::kAriaHidden:
        if (a->value() == "true") around |= kInHidden | kHiddenFromAria;
        break;
      case AttributeName::kStyle:
        if (style_hides(a->value())) around |= kInHidden | kHiddenByStyle;
        styled = styled_as(a->value());
        break;
      case AttributeName::kAriaLabel:  // names a box for those who hear it
        is_scripted = true;
        if (has_flag(own, kBlock)) found |= hints_of(a->value()) & 1U << kHintComment;
        break;
      case AttributeName::kAriaLabelledby:  // the id of the box's heading
      case AttributeName::kDataTestid:
      case AttributeName::kDataComponent:
        is_scripted = true;
        if ((hints_of(a->value()) >> kHintComment & 1) != 0) around |= kInComments;
        break;
      default: is_scripted = true; break;
    }
  }
  hints = static_cast<uint16_t>(found);
  ancestors = around;
  is_link = has_address || (is_scripted && !is_named);
}

}  // namespace ftok::html
