#include "tokenizer/pretoken_lookup_vectors.h"

namespace ftok {
namespace {

struct Avx2Vector : SharedVector {
  static uint32_t find(const unsigned char* line, const PretokenKey& key) {
    const __m128i wanted = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&key));
    const auto differs = [&](size_t place) {
      const __m128i entry = _mm_load_si128(reinterpret_cast<const __m128i*>(line + place));
      return _mm_movemask_epi8(_mm_cmpeq_epi64(entry, wanted)) ^ 0xFFFF;
    };
    const int first = differs(offsetof(PretokenCache::Entry, key));
    const int second = differs(sizeof(PretokenCache::Entry) + offsetof(PretokenCache::Entry, key));
    const uint32_t place = first == 0 ? 0u : static_cast<uint32_t>(sizeof(PretokenCache::Entry));
    return first != 0 && second != 0 ? kNotThere : place;
  }
};

}  // namespace

const PretokenLookup kPretokenLookupAvx2 = {prepare_batch<Avx2Vector>, take_batch<Avx2Vector>};

}  // namespace ftok
