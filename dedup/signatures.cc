#include "dedup/signatures.h"

#include <cassert>
#include <cstring>

namespace ftok {

double signature_similarity(const uint8_t* one, const uint8_t* other, size_t hashes) {
  size_t equal = 0;
  for (size_t i = 0; i < hashes; ++i) equal += one[i] == other[i] ? 1 : 0;
  constexpr double kByChance = 1.0 / 256;
  return (static_cast<double>(equal) / static_cast<double>(hashes) - kByChance) / (1 - kByChance);
}

double signature_similarity(std::span<const uint64_t> one, std::span<const uint64_t> other, size_t hashes) {
  assert(one.size() * 8 >= hashes && other.size() * 8 >= hashes);
  return signature_similarity(reinterpret_cast<const uint8_t*>(one.data()),
                              reinterpret_cast<const uint8_t*>(other.data()), hashes);
}

uint64_t SignatureStore::predict_bytes(uint64_t documents) const {
  return (documents + kDocumentsPerChunk - 1) / kDocumentsPerChunk * kDocumentsPerChunk * hashes_;
}

void SignatureStore::add(uint64_t number, std::span<const uint64_t> packed) {
  if (hashes_ == 0) return;
  assert(packed.size() * 8 >= hashes_);
  if (size_ == 0) first_ = number;
  assert(number == first_ + size_);
  if (size_ % kDocumentsPerChunk == 0) chunks_.push_back(std::make_unique<uint8_t[]>(kDocumentsPerChunk * hashes_));
  std::memcpy(chunks_.back().get() + size_ % kDocumentsPerChunk * hashes_, packed.data(), hashes_);
  ++size_;
}

const uint8_t* SignatureStore::signature(uint64_t number) const {
  assert(number >= first_ && number - first_ < size_);
  const uint64_t at = number - first_;
  return chunks_[at / kDocumentsPerChunk].get() + at % kDocumentsPerChunk * hashes_;
}

double SignatureStore::similarity(uint64_t number, std::span<const uint64_t> packed) const {
  return signature_similarity(signature(number), reinterpret_cast<const uint8_t*>(packed.data()), hashes_);
}

bool SignatureStore::equals(uint64_t number, std::span<const uint64_t> packed) const {
  return std::memcmp(signature(number), packed.data(), hashes_) == 0;
}

void SignatureStore::clear() {
  chunks_.clear();
  size_ = 0;
}

}  // namespace ftok
