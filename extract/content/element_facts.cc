#include "extract/content/element_facts.h"

#include "extract/content/ancestors.h"
#include "extract/content/blocks.h"
#include "extract/content/readers_comments.h"

namespace ftok::html {

void ElementFacts::read(const Dom& dom, NodeId id) {
  hints = 0;
  ancestors = 0;
  names.clear();
  class_hash = 0;
  is_link = is_heading = has_thread_type = is_named_ = is_scripted_ = false;
  tag = Tag::kUnknown;
  const Attribute* a = dom.attributes(id);
  if (a == nullptr) return;
  const Tag own = dom[id].tag;
  for (; a != nullptr; a = a->last ? nullptr : a + 1) read(*a, own);
  is_link = is_link || (is_scripted_ && !is_named_);
}

void ElementFacts::read(const Attribute& attribute, Tag tag_of_element) {
  const std::string_view value = attribute.value();
  const auto add = [&](uint16_t more) { hints = static_cast<uint16_t>(hints | more); };
  switch (attribute.id) {
    case AttributeName::kClass: add(cache_.hints_of(value, names, class_hash)); break;
    case AttributeName::kId: is_named_ = true; [[fallthrough]];
    case AttributeName::kItemprop: add(hints_of(value, names)); break;
    case AttributeName::kRole:
      add(hints_of(value, names));
      ancestors |= ancestor_of_role(value);
      is_heading = value == "heading";
      tag = part_of_table(value);
      break;
    case AttributeName::kHref: is_link = true; break;
    case AttributeName::kName: is_named_ = true; break;
    case AttributeName::kItemtype:
      has_thread_type = is_type_of_thread(value);
      if (is_type_of_comments(value)) ancestors |= kInComments;
      break;
    case AttributeName::kHidden: ancestors |= kInHidden; break;
    case AttributeName::kAriaHidden:
      if (value == "true") ancestors |= kInHidden | kHiddenFromAria;
      break;
    case AttributeName::kStyle:
      if (style_hides(value)) ancestors |= kInHidden | kHiddenByStyle;
      break;
    case AttributeName::kAriaLabel:  // names a box for those who hear it
      is_scripted_ = true;
      if (has_flag(tag_of_element, kBlock)) add(hints_of(value) & 1U << kHintComment);
      break;
    case AttributeName::kAriaLabelledby:  // the id of the box's heading
    case AttributeName::kDataTestid:
    case AttributeName::kDataComponent:
      is_scripted_ = true;
      if ((hints_of(value) >> kHintComment & 1) != 0) ancestors |= kInComments;
      break;
    default: is_scripted_ = true; break;
  }
}

}  // namespace ftok::html
