// The signatures of all documents judged so far, 8 bits per hash: what two documents' similarity is estimated from.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ftok {

// The estimated Jaccard similarity of two documents: the share of equal hashes among so many (8 bits each, at least
// one), corrected for the 1 in 256 that agree by chance; may be slightly below 0. Its standard error is at most 0.5 /
// sqrt(hashes).
double signature_similarity(const uint8_t* one, const uint8_t* other, size_t hashes);
// The same of signatures as dedup keys hold them (KeyLayout): 8 hashes per word.
double signature_similarity(std::span<const uint64_t> one, std::span<const uint64_t> other, size_t hashes);

// Memory comes in chunks of a fixed number of documents, so that it never moves and its size is known beforehand.
// Serial.
class SignatureStore {
 public:
  static constexpr uint64_t kDocumentsPerChunk = 4096;

  // `hashes` may be 0: then nothing is stored.
  explicit SignatureStore(size_t hashes) : hashes_(hashes) {}

  // The bytes taken by the signatures of documents 0..documents-1.
  uint64_t predict_bytes(uint64_t documents) const;

  // `packed`: 8 hashes per word, the first in the lowest byte. Numbers are added in ascending order, without gaps after
  // the first.
  void add(uint64_t number, std::span<const uint64_t> packed);

  // The estimated similarity of a stored document and `packed`.
  double similarity(uint64_t number, std::span<const uint64_t> packed) const;

  // Whether a stored document's words are those of `packed`.
  bool equals(uint64_t number, std::span<const uint64_t> packed) const;

  void clear();

 private:
  const uint8_t* signature(uint64_t number) const;

  size_t hashes_;
  uint64_t first_ = 0;  // the number of the first document
  uint64_t size_ = 0;
  std::vector<std::unique_ptr<uint8_t[]>> chunks_;
};

}  // namespace ftok
