#include "tokenizer/encode/pretoken_lookup.h"

#include "tokenizer/encode/pretoken_lookup_kernel.h"

namespace ftok {
namespace {

struct PlainVector {
  static PretokenKey make_key(const unsigned char* p, size_t size) { return PretokenKey::of_short(p, size); }

  static uint32_t find(const unsigned char* line, const PretokenKey& key) {
    const auto& keys = reinterpret_cast<const PretokenCache::Line*>(line)->keys;
    if (keys[0] == key) return first_ids(0);
    return keys[1] == key ? first_ids(1) : kNotThere;
  }

  static void copy_entry(const uint32_t* ids, uint32_t* out) {
    std::memcpy(out, ids, PretokenCache::kInlineIdsMax * sizeof(uint32_t));
    out[0] &= PretokenCache::kIdMask;
  }

  static void copy(const uint32_t* ids, uint32_t* out) {
    std::memcpy(out, ids, PretokenCache::kReadableIds * sizeof(uint32_t));
    out[0] &= PretokenCache::kIdMask;
  }
};

constexpr PretokenLookup kPlain = {prepare_batch<PlainVector>, take_batch<PlainVector>};

}  // namespace

const PretokenLookup& PretokenLookup::of(VectorLevel level) {
#if defined(__x86_64__)
  if (level >= VectorLevel::kAvx2) return kPretokenLookupAvx2;
#else
  (void)level;
#endif
  return kPlain;
}

}  // namespace ftok
