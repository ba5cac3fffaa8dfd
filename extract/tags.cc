#include "extract/tags.h"

#include <array>
#include <cstddef>

namespace ftok::html {

namespace {

constexpr std::string_view kTagNames[] = {
    "",
#define FTOK_TAG(id, name, flags) name,
#include "extract/tag_list.h"
#undef FTOK_TAG
};

constexpr uint8_t kTagFlags[] = {
    0,
#define FTOK_TAG(id, name, flags) flags,
#include "extract/tag_list.h"
#undef FTOK_TAG
};

constexpr std::string_view kAttributeNames[] = {
    "",
#define FTOK_ATTRIBUTE(id, name) name,
#include "extract/attribute_list.h"
#undef FTOK_ATTRIBUTE
};

// Every name fits the hash in its length, its first two and its last two bytes; the table is built when compiling, with open
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

constexpr auto kTagTable = make_table(kTagNames);
constexpr auto kAttributeTable = make_table(kAttributeNames);
static_assert(sizeof(kTagNames) / sizeof(kTagNames[0]) < 256);

template <size_t N>
uint8_t find(const std::array<uint8_t, kSlots>& table, const std::string_view (&names)[N], std::string_view name) {
  if (name.empty()) return 0;
  for (size_t slot = hash_of(name); table[slot] != 0; slot = (slot + 1) % kSlots) {
    if (names[table[slot]] == name) return table[slot];
  }
  return 0;
}

}  // namespace

uint8_t flags_of(Tag tag) { return kTagFlags[static_cast<size_t>(tag)]; }
Tag find_tag(std::string_view name) { return static_cast<Tag>(find(kTagTable, kTagNames, name)); }
std::string_view name_of(Tag tag) { return kTagNames[static_cast<size_t>(tag)]; }
AttributeName find_attribute(std::string_view name) {
  return static_cast<AttributeName>(find(kAttributeTable, kAttributeNames, name));
}
std::string_view name_of(AttributeName name) { return kAttributeNames[static_cast<size_t>(name)]; }

}  // namespace ftok::html
