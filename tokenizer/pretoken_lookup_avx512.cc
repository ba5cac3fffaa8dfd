#include "tokenizer/pretoken_lookup_vectors.h"

namespace ftok {
namespace {

struct Avx512Vector : SharedVector {
  // The keys are the quarters 1 and 3 of the line.
  static uint32_t find(const unsigned char* line, const PretokenKey& key) {
    const __m512i wanted = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(&key)));
    const unsigned same = _mm512_cmpeq_epi64_mask(_mm512_load_si512(line), wanted);
    const unsigned both = same & same >> 1 & 0x44;
    return both == 0 ? kNotThere : (both & 0x40) >> 1;
  }
};

}  // namespace

const PretokenLookup kPretokenLookupAvx512 = {prepare_batch<Avx512Vector>, take_batch<Avx512Vector>};

}  // namespace ftok
