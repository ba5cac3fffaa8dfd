#include "extract/html/entities.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "extract/html/scan.h"

namespace ftok::html {

namespace {

struct Entity {
  std::string_view name;
  uint32_t first, second;
};

constexpr Entity kEntities[] = {
#define FTOK_ENTITY(name, first, second) {name, first, second},
#include "extract/html/entity_list.h"
#undef FTOK_ENTITY
};
constexpr size_t kEntityCount = sizeof(kEntities) / sizeof(kEntities[0]);

// kFirst[c] = index of the first name that begins with a byte >= c.
constexpr std::array<uint16_t, 129> make_first() {
  std::array<uint16_t, 129> first{};
  size_t at = 0;
  for (size_t c = 0; c <= 128; ++c) {
    while (at < kEntityCount && static_cast<unsigned char>(kEntities[at].name[0]) < c) ++at;
    first[c] = static_cast<uint16_t>(at);
  }
  return first;
}
constexpr std::array<uint16_t, 129> kFirst = make_first();

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

size_t put_utf8(uint32_t c, char* out) {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  if (c < 0x800) {
    out[0] = static_cast<char>(0xC0 | c >> 6);
    out[1] = static_cast<char>(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = static_cast<char>(0xE0 | c >> 12);
    out[1] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (c & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | c >> 18);
  out[1] = static_cast<char>(0x80 | (c >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (c & 0x3F));
  return 4;
}

// The C1 range as Windows-1252 reads it (section 13.2.5.80).
constexpr uint16_t kC1[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                              0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                              0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

size_t decode_numeric(std::string_view text, char* out, size_t& used) {
  size_t i = 2;
  const bool hex = i < text.size() && (text[i] | 0x20) == 'x';
  if (hex) ++i;
  const size_t digits = i;
  uint32_t value = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    uint32_t digit;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint32_t>(c - '0');
    } else if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      digit = static_cast<uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      break;
    }
    if (value <= 0x10FFFF) value = value * (hex ? 16 : 10) + digit;
  }
  if (i == digits) return used = 0;
  used = i < text.size() && text[i] == ';' ? i + 1 : i;
  if (value >= 0x80 && value <= 0x9F) value = kC1[value - 0x80];
  if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) value = 0xFFFD;
  return put_utf8(value, out);
}

// Names of at most eight bytes, ";" included: one look-up for nearly every reference there is. Such a name is whole: no
// other name begins with it.
constexpr size_t kShortSlots = 4096, kShortMax = 8;

constexpr size_t short_slot(uint64_t key) { return static_cast<size_t>(key * 0x9E3779B97F4A7C15U >> 52); }
static_assert(kShortSlots == size_t{1} << (64 - 52));

struct ShortNames {
  std::array<uint64_t, kShortSlots> keys{};
  std::array<uint16_t, kShortSlots> entities{};
};

constexpr ShortNames make_short_names() {
  ShortNames table;
  for (size_t i = 0; i < kEntityCount; ++i) {
    const std::string_view name = kEntities[i].name;
    if (name.size() > kShortMax || name.back() != ';') continue;
    uint64_t key = 0;
    for (size_t k = 0; k < name.size(); ++k) key |= uint64_t{static_cast<unsigned char>(name[k])} << (8 * k);
    size_t slot = short_slot(key);
    while (table.keys[slot] != 0) slot = (slot + 1) % kShortSlots;
    table.keys[slot] = key;
    table.entities[slot] = static_cast<uint16_t>(i);
  }
  return table;
}
constexpr ShortNames kShortNames = make_short_names();

const Entity* find_short_entity(std::string_view text) {
  uint64_t key = 0;
  for (size_t k = 0; k < kShortMax && k < text.size(); ++k) {
    key |= uint64_t{static_cast<unsigned char>(text[k])} << (8 * k);
    if (is_alphanumeric(text[k])) continue;
    if (text[k] != ';') return nullptr;
    for (size_t slot = short_slot(key); kShortNames.keys[slot] != 0; slot = (slot + 1) % kShortSlots) {
      if (kShortNames.keys[slot] == key) return &kEntities[kShortNames.entities[slot]];
    }
    return nullptr;
  }
  return nullptr;
}

// The longest name that `text` begins with, by narrowing the sorted range byte by byte.
const Entity* find_entity(std::string_view text) {
  const unsigned char lead = static_cast<unsigned char>(text[0]);
  if (lead >= 128 || text.size() < 2 || !is_alphanumeric(text[1])) return nullptr;  // no name is one letter
  const Entity* low = kEntities + kFirst[lead];
  const Entity* high = kEntities + kFirst[lead + 1];
  const Entity* found = nullptr;
  for (size_t i = 1; low < high; ++i) {
    if (low->name.size() == i) found = low++;
    if (i >= text.size()) break;
    const char c = text[i];
    low = std::partition_point(low, high, [&](const Entity& e) { return e.name[i] < c; });
    high = std::partition_point(low, high, [&](const Entity& e) { return e.name[i] == c; });
  }
  return found;
}

}  // namespace

size_t decode_reference(std::string_view text, bool in_attribute, char* out, size_t& used) {
  used = 0;
  if (text.size() < 2) return 0;
  if (text[1] == '#') return decode_numeric(text, out, used);
  if (!is_alphanumeric(text[1])) return 0;
  const Entity* entity = find_short_entity(text.substr(1));
  if (entity == nullptr) entity = find_entity(text.substr(1));
  if (entity == nullptr) return 0;
  const size_t size = entity->name.size() + 1;
  if (in_attribute && entity->name.back() != ';' && size < text.size() &&
      (text[size] == '=' || is_alphanumeric(text[size]))) {
    return 0;  // for historical reasons: "?a=b&copy=1"
  }
  used = size;
  size_t written = put_utf8(entity->first, out);
  if (entity->second != 0) written += put_utf8(entity->second, out + written);
  return written;
}

size_t decode_text(std::string_view text, bool in_attribute, bool replace_nul, char* out) {
  const ScanKernels& scans = scan_kernels();
  const char* const end = text.data() + text.size();
  size_t written = 0;
  size_t i = 0;
  while (i < text.size()) {
    const size_t plain = i;
    i = static_cast<size_t>(scans.to_either(text.data() + i, end, '&', '\0') - text.data());
    std::memcpy(out + written, text.data() + plain, i - plain);
    written += i - plain;
    if (i == text.size()) break;
    if (text[i] == '\0') {
      if (replace_nul) {
        written += put_utf8(0xFFFD, out + written);
      } else {
        out[written++] = '\0';
      }
      ++i;
      continue;
    }
    size_t used = 0;
    written += decode_reference(text.substr(i), in_attribute, out + written, used);
    if (used == 0) {
      out[written++] = '&';
      used = 1;
    }
    i += used;
  }
  return written;
}

}  // namespace ftok::html
