// Tag and attribute names as small numbers: interned once while parsing, compared as integers ever after.
#pragma once

#include <cstdint>
#include <string_view>

namespace ftok::html {

enum class Tag : uint8_t {
  kUnknown = 0,
#define FTOK_TAG(id, name, flags) id,
#include "extract/tag_list.h"
#undef FTOK_TAG
  kCount
};

enum class AttributeName : uint8_t {
  kUnknown = 0,
#define FTOK_ATTRIBUTE(id, name) id,
#include "extract/attribute_list.h"
#undef FTOK_ATTRIBUTE
  kCount
};

// What tag_list.h says of a tag.
enum TagFlags : uint8_t {
  kVoid = 1,         // has no end tag
  kFormatting = 2,   // kept in the list of active formatting elements
  kSpecial = 4,
  kImpliedEnd = 8,   // "generate implied end tags" closes it
  kBlock = 16,       // its text stands on lines of its own
  kUnseen = 32,      // its content is no text of the page
};

uint8_t flags_of(Tag tag);
inline bool has_flag(Tag tag, TagFlags flag) { return (flags_of(tag) & flag) != 0; }

// The tag of a name in ASCII lower case; kUnknown for any other.
Tag find_tag(std::string_view lower_case_name);
// The name of a known tag; empty for kUnknown.
std::string_view name_of(Tag tag);

AttributeName find_attribute(std::string_view lower_case_name);
std::string_view name_of(AttributeName name);

}  // namespace ftok::html
