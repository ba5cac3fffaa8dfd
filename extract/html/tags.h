// Tag and attribute names as small numbers: interned once while parsing, compared as integers ever after.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace ftok::html {

enum class Tag : uint8_t {
  kUnknown = 0,
#define FTOK_TAG(id, name, flags) id,
#include "extract/html/tag_list.h"
#undef FTOK_TAG
  kCount
};

enum class AttributeName : uint8_t {
  kUnknown = 0,
#define FTOK_ATTRIBUTE(id, name) id,
#include "extract/html/attribute_list.h"
#undef FTOK_ATTRIBUTE
  kCount
};

// What tag_list.h says of a tag.
enum TagFlags : uint8_t {
  kVoid = 1,        // has no end tag
  kFormatting = 2,  // kept in the list of active formatting elements
  kSpecial = 4,
  kImpliedEnd = 8,  // "generate implied end tags" closes it
  kBlock = 16,      // its text stands on lines of its own
  kUnseen = 32,     // its content is not text of the page
};

namespace tag_tables {

inline constexpr std::string_view kTagNames[] = {
    "",
#define FTOK_TAG(id, name, flags) name,
#include "extract/html/tag_list.h"
#undef FTOK_TAG
};

inline constexpr uint8_t kTagFlags[] = {
    0,
#define FTOK_TAG(id, name, flags) flags,
#include "extract/html/tag_list.h"
#undef FTOK_TAG
};

inline constexpr std::string_view kAttributeNames[] = {
    "",
#define FTOK_ATTRIBUTE(id, name) name,
#include "extract/html/attribute_list.h"
#undef FTOK_ATTRIBUTE
};
static_assert(sizeof(kTagNames) / sizeof(kTagNames[0]) < 256);

// A name of at most eight bytes is one number, and so is the start of a longer one: a look-up is one multiplication
// and, nearly always, one comparison. The tables are built when compiling, with open addressing.
constexpr size_t kSlots = 1024;

constexpr uint64_t key_of(std::string_view name) {
  if (std::is_constant_evaluated() || std::endian::native != std::endian::little) {
    uint64_t key = 0;
    for (size_t i = 0; i < name.size() && i < 8; ++i) key |= uint64_t{static_cast<unsigned char>(name[i])} << (8 * i);
    return key;
  }
  const char* const p = name.data();
  const size_t size = name.size() < 8 ? name.size() : 8;
  if (size >= 4) {
    uint32_t first = 0, last = 0;  // they may overlap
    std::memcpy(&first, p, 4);
    std::memcpy(&last, p + size - 4, 4);
    return first | uint64_t{last} << (8 * (size - 4));
  }
  if (size == 0) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i); };
  return byte(0) | byte(size / 2) | byte(size - 1);
}

constexpr size_t slot_of(uint64_t key, size_t size) {
  return static_cast<size_t>((key ^ (size > 8 ? uint64_t{size} << 40 : 0)) * 0x9E3779B97F4A7C15U >> 54);
}
static_assert(kSlots == size_t{1} << (64 - 54));

struct NameTable {
  std::array<uint8_t, kSlots> slots{};
  std::array<uint64_t, 256> keys{};
};

template <size_t N>
constexpr NameTable make_table(const std::string_view (&names)[N]) {
  NameTable table;
  for (size_t i = 1; i < N; ++i) {
    table.keys[i] = key_of(names[i]);
    size_t slot = slot_of(table.keys[i], names[i].size());
    while (table.slots[slot] != 0) slot = (slot + 1) % kSlots;
    table.slots[slot] = static_cast<uint8_t>(i);
  }
  return table;
}

inline constexpr NameTable kTagTable = make_table(kTagNames);
inline constexpr NameTable kAttributeTable = make_table(kAttributeNames);

template <size_t N>
uint8_t find(const NameTable& table, const std::string_view (&names)[N], std::string_view name) {
  const uint64_t key = key_of(name);
  for (size_t slot = slot_of(key, name.size()); table.slots[slot] != 0; slot = (slot + 1) % kSlots) {
    const uint8_t found = table.slots[slot];
    if (table.keys[found] == key && names[found].size() == name.size() && (name.size() <= 8 || names[found] == name))
      return found;
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
