// Decoding. The choice of an encoding is in charset_choice.cc.
#include "crawl/charset.h"

#include <simdjson.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <span>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "crawl/charsets/charset_tables.h"
#include "text/unicode.h"

namespace ftok {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

constexpr int32_t kCharacterBytesMax = 8;  // of any encoding here; ISO-2022-JP counts its escapes

// Units that a converter gives and the standard's decoder does not, and what it gives in their place.
struct OtherUnit {
  UChar icu, standard;
};

// GB18030-2022: what stood in the private-use area until Unicode had it. A3 A0 is U+3000 in the standard.
constexpr OtherUnit kGb18030Units[] = {{0xE5E5, 0x3000}, {0xE78D, 0xFE10}, {0xE78E, 0xFE12}, {0xE78F, 0xFE11},
                                       {0xE790, 0xFE13}, {0xE791, 0xFE14}, {0xE792, 0xFE15}, {0xE793, 0xFE16},
                                       {0xE794, 0xFE17}, {0xE795, 0xFE18}, {0xE796, 0xFE19}, {0xE81E, 0x9FB4},
                                       {0xE826, 0x9FB5}, {0xE82B, 0x9FB6}, {0xE82C, 0x9FB7}, {0xE832, 0x9FB8},
                                       {0xE843, 0x9FB9}, {0xE854, 0x9FBA}, {0xE864, 0x9FBB}};
// ICU has IBM's order of three control characters.
constexpr OtherUnit kShiftJisUnits[] = {{0x1A, 0x7F}, {0x1C, 0x1A}, {0x7F, 0x1C}};
// 8E E0 to 8E E2.
constexpr OtherUnit kEucJpUnits[] = {{0xA2, 0xFFFD}, {0xA3, 0xFFFD}, {0xAC, 0xFFFD}};

struct IcuName {
  std::string_view encoding;
  const char* converter;
  std::span<const OtherUnit> others;
  bool private_use;  // the standard's index maps to private-use characters
  UChar lone_80;     // the byte 80 alone; 0 where it is an error
};

// ICU's converters nearest to the standard's decoders (docs/formats.md has the differences).
constexpr IcuName kIcuNames[] = {
    {"GBK", "gb18030", kGb18030Units, true, 0x20AC},
    {"gb18030", "gb18030", kGb18030Units, true, 0x20AC},
    {"Big5", "Big5-HKSCS", {}, false, 0},
    {"EUC-JP", "euc-jp-2007", kEucJpUnits, false, 0},
    {"ISO-2022-JP", "ISO-2022-JP", {}, false, 0},
    {"Shift_JIS", "ibm-943_P15A-2003", kShiftJisUnits, true, 0x80},
    {"EUC-KR", "windows-949-2000", {}, false, 0},
};

const SingleByteCharset* single_byte_charset(std::string_view encoding) {
  if (encoding == "ISO-8859-8-I") encoding = "ISO-8859-8";  // the same bytes; only the direction of the text differs
  for (size_t i = 0; i < kSingleByteCharsetCount; ++i) {
    if (kSingleByteCharsets[i].encoding == encoding) return &kSingleByteCharsets[i];
  }
  return nullptr;
}

// The length of the run of ASCII at the start.
size_t ascii_run(std::string_view bytes) {
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    if ((word & 0x8080808080808080) != 0) break;
  }
  while (at < bytes.size() && static_cast<signed char>(bytes[at]) >= 0) ++at;
  return at;
}

template <typename ToCodePoint>
uint64_t decode_single_byte(std::string_view bytes, std::string& out, ToCodePoint to_code_point) {
  uint64_t replacements = 0;
  while (!bytes.empty()) {
    const size_t run = ascii_run(bytes);
    out.append(bytes.substr(0, run));
    bytes.remove_prefix(run);
    while (!bytes.empty() && static_cast<signed char>(bytes[0]) < 0) {
      const char32_t code_point = to_code_point(static_cast<unsigned char>(bytes[0]));
      replacements += code_point == 0;
      append_utf8(out, code_point == 0 ? 0xFFFD : code_point);
      bytes.remove_prefix(1);
    }
  }
  return replacements;
}

uint64_t decode_utf16(std::string_view bytes, bool big_endian, std::string& out) {
  uint64_t replacements = 0;
  const auto unit_at = [&](size_t at) -> char32_t {
    const auto first = static_cast<unsigned char>(bytes[at]), second = static_cast<unsigned char>(bytes[at + 1]);
    return big_endian ? static_cast<char32_t>(first << 8 | second) : static_cast<char32_t>(second << 8 | first);
  };
  size_t at = bytes.size() >= 2 && unit_at(0) == 0xFEFF ? 2 : 0;
  for (; at + 1 < bytes.size(); at += 2) {
    char32_t unit = unit_at(at);
    if (unit >= 0xD800 && unit <= 0xDFFF) {
      const char32_t low = unit <= 0xDBFF && at + 3 < bytes.size() ? unit_at(at + 2) : 0;
      if (low >= 0xDC00 && low <= 0xDFFF) {
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        at += 2;
      } else {
        unit = 0xFFFD;
        ++replacements;
      }
    }
    append_utf8(out, unit);
  }
  if (at < bytes.size()) {  // half a unit at the end
    out += kReplacement;
    ++replacements;
  }
  return replacements;
}

uint64_t decode_utf32(std::string_view bytes, bool big_endian, std::string& out) {
  constexpr size_t kUnit = 4;
  uint64_t replacements = 0;
  for (size_t at = 0; at < bytes.size(); at += kUnit) {
    uint32_t unit = 0;
    const bool is_whole = at + kUnit <= bytes.size();
    for (size_t i = 0; is_whole && i < kUnit; ++i)
      unit = unit << 8 | static_cast<unsigned char>(bytes[at + (big_endian ? i : kUnit - 1 - i)]);
    if (at == 0 && unit == 0xFEFF) continue;
    const bool is_character = is_whole && unit < 0x110000 && (unit < 0xD800 || unit > 0xDFFF);
    append_utf8(out, is_character ? unit : 0xFFFD);
    replacements += !is_character;
  }
  return replacements;
}

// What the converter's callback needs to know and to count.
struct BadBytes {
  bool keep_ascii = true;
  UChar lone_80 = 0;
  uint64_t count = 0;
};

// ICU calls this for bytes that are no character. An ASCII byte behind a wrong lead byte is kept, as the standard has
// it: "<" must not vanish into a broken character. (ISO-2022-JP has no lead bytes.)
void U_CALLCONV on_bad_bytes(const void* context, UConverterToUnicodeArgs* arguments, const char* bytes, int32_t size,
                             UConverterCallbackReason reason, UErrorCode* error) {
  if (reason > UCNV_IRREGULAR) return;  // reset, close, clone
  *error = U_ZERO_ERROR;
  auto* const bad = static_cast<BadBytes*>(const_cast<void*>(context));
  if (bad->lone_80 != 0 && size == 1 && bytes[0] == '\x80')
    return ucnv_cbToUWriteUChars(arguments, &bad->lone_80, 1, 0, error);
  ++bad->count;
  UChar units[kCharacterBytesMax] = {0xFFFD};
  int32_t count = 1;
  for (int32_t i = 1; bad->keep_ascii && i < size && i < kCharacterBytesMax; ++i) {
    if (static_cast<signed char>(bytes[i]) > 0) units[count++] = static_cast<UChar>(bytes[i]);
  }
  ucnv_cbToUWriteUChars(arguments, units, count, 0, error);
}

void append_utf16(std::string& out, const UChar* units, size_t count, char32_t& pending) {
  for (size_t i = 0; i < count; ++i) {
    const char32_t unit = units[i];
    if (pending != 0) {
      const bool pair = unit >= 0xDC00 && unit <= 0xDFFF;
      append_utf8(out, pair ? 0x10000 + ((pending - 0xD800) << 10) + (unit - 0xDC00) : 0xFFFD);
      pending = 0;
      if (pair) continue;
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      pending = unit;
    } else {
      append_utf8(out, unit);
    }
  }
}

// Where a converter gives what the standard's decoder does not: other characters, private-use ones that its indexes do
// not have, and C1 controls for single bytes of EUC-JP and EUC-KR.
uint64_t make_standard(const IcuName& icu, UChar* units, size_t count) {
  uint64_t replaced = 0;
  for (size_t i = 0; i < count; ++i) {
    UChar& unit = units[i];
    if ((unit >= 0x20 && unit < 0x7F) || (unit >= 0x100 && unit < 0xE000) || unit > 0xF8FF) continue;
    const auto other =
        std::find_if(icu.others.begin(), icu.others.end(), [unit](const OtherUnit& one) { return one.icu == unit; });
    if (other != icu.others.end()) unit = other->standard;
    else if (!icu.private_use && (unit >= 0xE000 || (unit >= 0x80 && unit < 0xA0))) unit = 0xFFFD;
    replaced += unit == 0xFFFD;
  }
  return replaced;
}

uint64_t decode_icu(const IcuName& icu, std::string_view bytes, std::string& out) {
  const char* const name = icu.converter;
  UErrorCode error = U_ZERO_ERROR;
  UConverter* const converter = ucnv_open(name, &error);
  if (U_FAILURE(error)) throw Error(std::string("ICU has no converter ") + name + ": " + u_errorName(error));
  BadBytes bad{.keep_ascii = icu.encoding != "ISO-2022-JP", .lone_80 = icu.lone_80};
  ucnv_setToUCallBack(converter, on_bad_bytes, &bad, nullptr, nullptr, &error);
  UChar units[4096];
  char32_t pending = 0;
  const char* in = bytes.data();
  const char* const in_end = in + bytes.size();
  do {
    UChar* to = units;
    error = U_ZERO_ERROR;
    ucnv_toUnicode(converter, &to, units + std::size(units), &in, in_end, nullptr, true, &error);
    bad.count += make_standard(icu, units, static_cast<size_t>(to - units));
    append_utf16(out, units, static_cast<size_t>(to - units), pending);
  } while (error == U_BUFFER_OVERFLOW_ERROR);
  if (pending != 0) append_utf8(out, 0xFFFD);
  ucnv_close(converter);
  if (U_FAILURE(error)) throw Error(std::string("ICU converter ") + name + ": " + u_errorName(error));
  return bad.count;
}

}  // namespace

std::string_view encoding_for_label(std::string_view label) {
  const std::string wanted = lower_ascii(trim(label));
  const CharsetLabel* const end = kCharsetLabels + kCharsetLabelCount;
  const CharsetLabel* const found = std::lower_bound(
      kCharsetLabels, end, wanted, [](const CharsetLabel& entry, const std::string& key) { return entry.label < key; });
  return found != end && found->label == wanted ? found->encoding : std::string_view();
}

namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

uint64_t decode_damaged_utf8(std::string_view bytes, std::string& out) {
  out.clear();
  out.reserve(bytes.size() + bytes.size() / 16);
  uint64_t replacements = 0;
  for (size_t at = 0; at < bytes.size();) {
    const size_t run = ascii_run(bytes.substr(at));
    out.append(bytes.substr(at, run));
    at += run;
    while (at < bytes.size() && static_cast<signed char>(bytes[at]) < 0) {
      const Utf8Char character = decode_utf8(bytes, at);
      if (character.valid) {
        out.append(bytes.substr(at, character.size));
      } else {
        out += kReplacement;
        ++replacements;
      }
      at += character.size;
    }
  }
  return replacements;
}

}  // namespace

uint64_t decode_utf8_text(std::string_view bytes, std::string& out) {
  if (bytes.starts_with(kMark)) bytes.remove_prefix(kMark.size());
  if (!simdjson::validate_utf8(bytes.data(), bytes.size())) return decode_damaged_utf8(bytes, out);
  out.assign(bytes);
  return 0;
}

uint64_t decode_stored_text(std::string_view encoding, std::string& storage, size_t first, std::string& out,
                            bool is_valid_utf8) {
  std::string_view bytes = std::string_view(storage).substr(first);
  if (encoding != "UTF-8") return decode_text(encoding, bytes, out);
  if (bytes.starts_with(kMark)) bytes.remove_prefix(kMark.size());
  if (!is_valid_utf8 && !simdjson::validate_utf8(bytes.data(), bytes.size())) return decode_damaged_utf8(bytes, out);
  storage.erase(0, storage.size() - bytes.size());
  out = std::move(storage);
  storage.clear();
  return 0;
}

uint64_t decode_text(std::string_view encoding, std::string_view bytes, std::string& out) {
  if (encoding == "UTF-8") return decode_utf8_text(bytes, out);
  out.clear();
  if (encoding == "replacement") {  // the standard: anything at all is one U+FFFD
    if (!bytes.empty()) out = kReplacement;
    return bytes.empty() ? 0 : 1;
  }
  out.reserve(bytes.size() + bytes.size() / 4);
  if (encoding == "UTF-16LE") return decode_utf16(bytes, false, out);
  if (encoding == "UTF-16BE") return decode_utf16(bytes, true, out);
  if (encoding == "UTF-32LE" || encoding == "UTF-32BE") return decode_utf32(bytes, encoding == "UTF-32BE", out);
  if (encoding == "x-user-defined") {
    return decode_single_byte(bytes, out, [](unsigned char byte) -> char32_t { return 0xF700U + byte; });
  }
  if (const SingleByteCharset* const charset = single_byte_charset(encoding); charset != nullptr) {
    return decode_single_byte(bytes, out,
                              [charset](unsigned char byte) -> char32_t { return charset->code_points[byte - 128]; });
  }
  for (const IcuName& icu : kIcuNames) {
    if (icu.encoding == encoding) return decode_icu(icu, bytes, out);
  }
  assert(false && "decode_text: not an encoding of the standard");
  return decode_utf8_text(bytes, out);
}

}  // namespace ftok
