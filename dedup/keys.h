// KeyLayout: what the dedup keys of a document are (Document::dedup_keys, candidate files, the keys files of parts).
// Keys are 64-bit words, in order: the content key (exact.h), the key of each MinHash bucket, where URLs are compared
// the URL's key (url_key.h), when it is kept the signature with 8 bits per hash, 8 hashes per word, the first in the
// lowest byte, where documents have one the rank (dedup/keeper.h), and last the content check (exact.h). A content,
// bucket or URL key of 0 stands for one that the document does not have.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ftok {

// The parts of one document's keys, where they lie. Key: uint64_t or const uint64_t.
template <typename Key>
struct KeyParts {
  Key& content;
  std::span<Key> buckets;
  std::span<Key> signature;  // empty when it is not kept
  Key& check;                // of the content
};

struct KeyLayout {
  size_t buckets = 0;
  size_t signature_hashes = 0;  // 0: the signature is not kept
  bool urls = false;            // URLs are compared
  bool ranked = false;          // documents have a rank

  size_t signature_keys() const { return (signature_hashes + 7) / 8; }
  size_t compared_keys() const { return 1 + buckets + (urls ? 1 : 0); }  // they come first
  size_t url_slot() const { return 1 + buckets; }                        // where `urls`
  size_t keys() const { return compared_keys() + signature_keys() + (ranked ? 1 : 0) + 1; }

  // Of keys() keys; 0 without a rank.
  uint64_t rank_of(std::span<const uint64_t> keys) const { return ranked ? keys[keys.size() - 2] : 0; }

  // The layout of Document::dedup_keys, to which Deduplicator::keys adds what is not of the text.
  KeyLayout of_text() const { return {buckets, signature_hashes}; }

  // `keys` has keys() of them.
  template <typename Key>
  KeyParts<Key> parts_of(std::span<Key> keys) const {
    assert(keys.size() == this->keys());
    return {keys[0], keys.subspan(1, buckets), keys.subspan(compared_keys(), signature_keys()), keys.back()};
  }
};

}  // namespace ftok
