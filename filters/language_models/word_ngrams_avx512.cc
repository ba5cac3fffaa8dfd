// NgramRows::find by AVX-512: the n-grams of sixteen characters grow together, byte by byte.
#include <immintrin.h>

#include <algorithm>
#include <array>

#include "filters/language_models/word_ngrams.h"

namespace ftok {
namespace {

constexpr size_t kStarts = 16;
constexpr uint32_t kUsualLengths = 3;  // of lid.176 and of the bundled model: two to four characters
constexpr size_t kStretch = 64;        // bytes looked at together
constexpr __mmask16 kAll = 0xFFFF;     // the unmasked forms make g++ 12 warn of a value that is not there

uint64_t low_bits(size_t count) { return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; }

// A stretch of the word, and where its characters begin.
struct Stretch {
  __m512i bytes;
  size_t characters = 0;
  alignas(64) std::array<uint8_t, kStretch> begins;  // where each begins; behind the last one, the stretch's size

  // Where sixteen characters begin, from the `first` on.
  __m512i begins_from(size_t first) const {
    static_assert(kStarts + kNgramLengthsMax <= kStretch);
    return _mm512_maskz_cvtepu8_epi32(kAll, _mm_loadu_si128(reinterpret_cast<const __m128i*>(begins.data() + first)));
  }
};

// Looks at the word from `begin` on; returns a bit for each byte that begins a character.
uint64_t look_at(std::string_view bracketed, size_t begin, Stretch& stretch) {
  const size_t size = std::min(bracketed.size() - begin, kStretch);
  const uint64_t there = low_bits(size);
  stretch.bytes = _mm512_maskz_loadu_epi8(there, bracketed.data() + begin);
  const uint64_t continues =
      _mm512_cmpeq_epi8_mask(_mm512_and_si512(stretch.bytes, _mm512_set1_epi8(static_cast<char>(0xC0))),
                             _mm512_set1_epi8(static_cast<char>(0x80)));
  const uint64_t begins = there & ~continues;
  stretch.characters = static_cast<size_t>(_mm_popcnt_u64(begins));
  static constexpr std::array<uint8_t, kStretch> kPlaces = [] {
    std::array<uint8_t, kStretch> places{};
    for (size_t i = 0; i < kStretch; ++i) places[i] = static_cast<uint8_t>(i);
    return places;
  }();
  _mm512_store_si512(stretch.begins.data(), _mm512_mask_compress_epi8(_mm512_set1_epi8(static_cast<char>(size)), begins,
                                                                      _mm512_loadu_si512(kPlaces.data())));
  return begins;
}

struct Hashes {
  __m512i of[kNgramLengthsMax];  // those of `least` characters first
};

// The hashes of the n-grams of kLengths lengths that the stretch's first sixteen characters begin; `starts` are those
// that are wanted.
template <uint32_t kLengths>
void hash_ngrams(const Stretch& stretch, __mmask16 starts, uint32_t least, Hashes& hashes) {
  const __m512i begins = stretch.begins_from(0), prime = _mm512_set1_epi32(static_cast<int>(kFnvPrime));
  __m512i sizes[kLengths], found[kLengths];  // sizes in bytes
  for (uint32_t i = 0; i < kLengths; ++i) {
    sizes[i] = _mm512_sub_epi32(stretch.begins_from(least + i), begins);
    found[i] = _mm512_setzero_si512();
  }
  __m512i hash = _mm512_set1_epi32(static_cast<int>(kFnvBasis)), place = begins, done = _mm512_setzero_si512();
  const __m512i one = _mm512_set1_epi32(1);
  do {
    // The byte comes as the lowest of its lane; from the highest it is widened with its sign.
    const __m512i bytes = _mm512_maskz_permutexvar_epi8(~__mmask64{0}, place, stretch.bytes);
    const __m512i widened = _mm512_maskz_srai_epi32(kAll, _mm512_maskz_slli_epi32(kAll, bytes, 24), 24);
    hash = _mm512_mullo_epi32(_mm512_xor_si512(hash, widened), prime);
    place = _mm512_add_epi32(place, one);
    done = _mm512_add_epi32(done, one);
    for (uint32_t i = 0; i < kLengths; ++i)
      found[i] = _mm512_mask_mov_epi32(found[i], _mm512_cmpeq_epi32_mask(sizes[i], done), hash);
  } while (_mm512_mask_cmpgt_epu32_mask(starts, sizes[kLengths - 1], done) != 0);
  for (uint32_t i = 0; i < kLengths; ++i) hashes.of[i] = found[i];
}

void hash_ngrams(const Stretch& stretch, __mmask16 starts, uint32_t least, uint32_t lengths, Hashes& hashes) {
  static_assert(kNgramLengthsMax == 4);
  switch (lengths) {
    case 1: return hash_ngrams<1>(stretch, starts, least, hashes);
    case 2: return hash_ngrams<2>(stretch, starts, least, hashes);
    case 3: return hash_ngrams<3>(stretch, starts, least, hashes);
    default: return hash_ngrams<4>(stretch, starts, least, hashes);
  }
}

// hash mod buckets of the even or, shifted down, the odd lanes.
__m512i buckets_of_half(__m512i hash, const NgramRows& model) {
  const __m512i magic_low = _mm512_set1_epi64(static_cast<int64_t>(model.bucket_magic & 0xFFFFFFFFU));
  const __m512i magic_high = _mm512_set1_epi64(static_cast<int64_t>(model.bucket_magic >> 32));
  const __m512i buckets = _mm512_set1_epi64(model.buckets);
  const __m512i fraction =
      _mm512_add_epi64(_mm512_maskz_mul_epu32(0xFF, magic_low, hash),
                       _mm512_maskz_slli_epi64(0xFF, _mm512_maskz_mul_epu32(0xFF, magic_high, hash), 32));
  const __m512i low = _mm512_maskz_srli_epi64(0xFF, _mm512_maskz_mul_epu32(0xFF, fraction, buckets), 32);
  const __m512i high = _mm512_maskz_mul_epu32(0xFF, _mm512_maskz_srli_epi64(0xFF, fraction, 32), buckets);
  return _mm512_maskz_srli_epi64(0xFF, _mm512_add_epi64(low, high), 32);
}

__m512i buckets_of(__m512i hash, const NgramRows& model) {
  const __m512i even = buckets_of_half(hash, model);
  const __m512i odd = buckets_of_half(_mm512_maskz_srli_epi64(0xFF, hash, 32), model);
  return _mm512_or_si512(even, _mm512_maskz_slli_epi64(0xFF, odd, 32));
}

// The buckets of the n-grams of the stretch's first characters, by length, then by character.
struct Found {
  alignas(64) uint32_t buckets[kNgramLengthsMax][kStarts];
};

// Appends those of one character, of the lengths [first, last), that may have a row.
[[gnu::always_inline]] inline uint32_t* take_buckets(const NgramRows& model, const Found& found, size_t lane,
                                                     uint32_t first, uint32_t last, uint32_t* out) {
  for (uint32_t i = first; i < last; ++i) {
    const uint32_t bucket = found.buckets[i][lane];
    *out = bucket;
    out += model.may_have_row(bucket) ? 1 : 0;  // an absent one is overwritten by the next
  }
  return out;
}

}  // namespace

size_t find_ngrams_avx512(const NgramRows& model, std::string_view bracketed, size_t begin, size_t stop,
                          uint32_t*& out) {
  const uint32_t least = model.least > 0 ? model.least : 1, most = model.most;
  if (least > most) return stop;
  while (begin < stop) {
    Stretch stretch;
    const uint64_t begins = look_at(bracketed, begin, stretch);
    if ((begins & 1) == 0) {  // within a character
      begin += std::min<size_t>(_tzcnt_u64(begins), bracketed.size() - begin);
      continue;
    }
    const bool reaches_end = bracketed.size() - begin <= kStretch;
    // Starts whose n-grams all lie in the stretch.
    const size_t whole =
        reaches_end ? stretch.characters : stretch.characters - std::min<size_t>(stretch.characters, most);
    const auto wanted = static_cast<size_t>(_mm_popcnt_u64(begins & low_bits(stop - begin)));
    const size_t count = std::min({whole, wanted, kStarts});
    if (count == 0) return begin;
    Hashes hashes;
    hash_ngrams(stretch, static_cast<__mmask16>(low_bits(count)), least, most - least + 1, hashes);
    Found found;
    for (uint32_t n = least; n <= most; ++n)
      _mm512_store_si512(found.buckets[n - least], buckets_of(hashes.of[n - least], model));
    for (size_t lane = 0; lane < count; ++lane) {
      const auto left = static_cast<uint32_t>(stretch.characters - lane);
      const uint32_t last = left >= most ? most - least + 1 : left >= least ? left - least + 1 : 0;
      // Those of one character that are a bracket do not count: at the word's start and at its end.
      const bool is_bracket = (begin == 0 && lane == 0) || (reaches_end && left == 1);
      const uint32_t first = least == 1 && is_bracket ? 1 : 0;
      if (first == 0 && last == kUsualLengths) {  // a constant: the loop is unrolled
        out = take_buckets(model, found, lane, 0, kUsualLengths, out);
      } else {
        out = take_buckets(model, found, lane, first, last, out);
      }
    }
    begin += stretch.begins[count];
  }
  return begin;
}

uint32_t* rows_of_avx512(const NgramRows& model, uint32_t* first, const uint32_t* last) {
  uint32_t* out = first;
  if (model.blocks.empty()) {
    for (; out < last; ++out) *out += model.first_row;
    return out;
  }
  for (const uint32_t* at = first; at < last; ++at) {
    const uint32_t bucket = *at;
    const NgramRows::Block& block = model.blocks[bucket / 64];
    const uint64_t own = uint64_t{1} << (bucket % 64);
    *out = block.first_row + static_cast<uint32_t>(_mm_popcnt_u64(block.present & (own - 1)));
    out += (block.present & own) != 0 ? 1 : 0;
  }
  return out;
}

}  // namespace ftok
