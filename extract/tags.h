// Tag and attribute names as small numbers: interned once while parsing, compared as integers ever after.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

namespace tag_tables {

inline constexpr std::string_view kTagNames[] = {
    "",
#define FTOK_TAG(id, name, flags) name,
#include "extract/tag_list.h"
#undef FTOK_TAG
};

inline constexpr uint8_t kTagFlags[] = {
    0,
#define FTOK_TAG(id, name, flags) flags,
#include "extract/tag_list.h"
#undef FTOK_TAG
};

inline constexpr std::string_view kAttributeNames[] = {
    "",
#define FTOK_ATTRIBUTE(id, name) name,
#include "extract/attribute_list.h"
#undef FTOK_ATTRIBUTE
};
static_assert(sizeof(kTagNames) / sizeof(kTagNames[0]) < 256);

// A name's length, first two, middle and last byte tell nearly all names apart. The table is built when compiling, with open
// addressing, so a look-up is one multiplication and, nearly always, one comparison.
constexpr size_t kSlots = 1024;

constexpr uint32_t hash_of(std::string_view name) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(name[i])); };
  const size_t n = name.size();
  const uint32_t key = byte(0) | byte(n - 1) << 8 | byte(n / 2) << 16 | (byte(n > 1 ? 1 : 0) ^ static_cast<uint32_t>(n) << 3) << 24;
  return (key * 0x9E3779B1U) >> 22;
}

template <size_t N>
constexpr std::array<uint8_t, kSlots> make_table(const std::string_view (&names)[N]) {
  std::array<uint8_t, kSlots> table{};
  for (size_t i = 1; i < N; ++i) {
    size_t slot = hash_of(names[i]);
    while (table[slot] != 0) slot = (slot + 1) % kSlots;
    table[slot] = static_cast<uint8_t>(i);
  }
  return table;
}

inline constexpr std::array<uint8_t, kSlots> kTagTable = make_table(kTagNames);
inline constexpr std::array<uint8_t, kSlots> kAttributeTable = make_table(kAttributeNames);

template <size_t N>
uint8_t find(const std::array<uint8_t, kSlots>& table, const std::string_view (&names)[N], std::string_view name) {
  if (name.empty()) return 0;
  for (size_t slot = hash_of(name); table[slot] != 0; slot = (slot + 1) % kSlots) {
    if (names[table[slot]] == name) return table[slot];
  }
  return 0;
}

}  // namespace tag_tables

inline uint8_t flags_of(Tag tag) { return tag_tables::kTagFlags[static_cast<size_t>(tag)]; }
inline bool has_flag(Tag tag, TagFlags flag) { return (flags_of(tag) & flag) != 0; }

// The tag of a name in ASCII lower case; kUnknown for any other.
inline Tag find_tag(std::string_view lower_case_name) {
  return static_cast<Tag>(tag_tables::find(tag_tables::kTagTable, tag_tables::kTagNames, lower_case_name));
}
// The name of a known tag; empty for kUnknown.
inline std::string_view name_of(Tag tag) { return tag_tables::kTagNames[static_cast<size_t>(tag)]; }

inline AttributeName find_attribute(std::string_view lower_case_name) {
  return static_cast<AttributeName>(
      tag_tables::find(tag_tables::kAttributeTable, tag_tables::kAttributeNames, lower_case_name));
}
inline std::string_view name_of(AttributeName name) { return tag_tables::kAttributeNames[static_cast<size_t>(name)]; }

}  // namespace ftok::html
