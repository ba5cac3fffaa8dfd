#include "core/json_escape.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ftok {
namespace {

// The letters behind the backslash, by the byte that they stand for; 0 where there is none.
constexpr char kEscapeLetters[17] = "\0\0\0\0\0\0\0\0btn\0fr\0";

bool is_plain_in_json(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

// Writes what stands for `c`, which is not plain, and returns its end: at most six bytes.
char* write_json_escape(char* to, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  *to++ = '\\';
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) {
    *to++ = c;
  } else if (byte < 16 && kEscapeLetters[byte] != 0) {
    *to++ = kEscapeLetters[byte];
  } else {
    const char code[] = {'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    std::memcpy(to, code, sizeof code);
    to += sizeof code;
  }
  return to;
}

// These write a text escaped and return its end: at most six bytes for each of its own. What they have written beyond
// the end, less than a vector, is of no meaning.
using WriteEscaped = char* (*)(char* to, std::string_view text);

char* write_escaped_plain(char* to, std::string_view text) {
  size_t i = 0;
#if defined(__x86_64__)
  const __m128i control = _mm_set1_epi8(0x1F), quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  while (i + 16 <= text.size()) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes),
                                       _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
    const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(found));
    const size_t plain = mask == 0 ? 16 : static_cast<size_t>(std::countr_zero(mask));
    to += plain;
    i += plain;
    if (mask != 0) to = write_json_escape(to, text[i++]);
  }
#endif
  for (; i < text.size(); ++i) {
    if (is_plain_in_json(text[i])) {
      *to++ = text[i];
    } else {
      to = write_json_escape(to, text[i]);
    }
  }
  return to;
}

#if defined(__x86_64__)
// Without a branch for each escape: a backslash is put before every byte, and those that are not wanted are squeezed
// out.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,bmi2,popcnt"))) char* write_escaped_avx512(
    char* to, std::string_view text) {
  const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\'), space = _mm256_set1_epi8(' ');
  const __m256i fifteen = _mm256_set1_epi8(15);
  const __m256i letters =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(kEscapeLetters)));
  const __m512i backslashes = _mm512_set1_epi16('\\');
  for (size_t i = 0; i < text.size(); i += 32) {
    const size_t count = std::min<size_t>(32, text.size() - i);
    const __mmask32 within = static_cast<__mmask32>((uint64_t{1} << count) - 1);
    const __m256i bytes = _mm256_maskz_loadu_epi8(within, text.data() + i);
    const __mmask32 control = _mm256_mask_cmplt_epu8_mask(within, bytes, space);
    const __m256i named = _mm256_shuffle_epi8(letters, bytes);  // of those below 16
    const __mmask32 nameless = _mm256_testn_epi8_mask(named, named) | _mm256_cmpgt_epu8_mask(bytes, fifteen);
    if ((control & nameless) != 0) {
      to = write_escaped_plain(to, text.substr(i, count));
      continue;
    }
    const __mmask32 escaped = control | _mm256_cmpeq_epi8_mask(bytes, quote) | _mm256_cmpeq_epi8_mask(bytes, backslash);
    const __m256i shown = _mm256_mask_blend_epi8(control, bytes, named);
    const __m512i pairs = _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(shown), 8), backslashes);
    const uint64_t wanted = 0xAAAAAAAAAAAAAAAAU | _pdep_u64(escaped, 0x5555555555555555U);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(wanted, pairs));
    to += count + static_cast<size_t>(std::popcount(escaped));
  }
  return to;
}
#endif

WriteEscaped writer_of([[maybe_unused]] VectorLevel level) {
#if defined(__x86_64__)
  if (level == VectorLevel::kAvx512) return write_escaped_avx512;
#endif
  return write_escaped_plain;
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text, VectorLevel level) {
  constexpr size_t kPiece = 1024;
  char room[kPiece * 6 + 64];
  const WriteEscaped write = writer_of(level);
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kPiece);
    out.append(room, static_cast<size_t>(write(room, piece) - room));
    text.remove_prefix(piece.size());
  }
}

}  // namespace ftok
