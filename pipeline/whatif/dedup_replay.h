// DedupReplay: deduplication, replayed for any choice of a file's documents.
//
// Most documents share no key with another. They repeat nothing and nothing repeats them, whatever the thresholds, so
// only the keys that several documents have are kept, as numbers from 0: the first document of each then stands in an
// array in place of Deduplicator's index. The rules are those of Deduplicator::judge. Where similarities are verified,
// Deduplicator itself is asked, about the documents that share keys.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/reason.h"
#include "dedup/deduplicator.h"
#include "pipeline/recipe_config.h"

namespace ftok {

class DedupReplay {
 public:
  // How the recipe compares documents. Throws UsageError naming a key that cannot be replayed.
  explicit DedupReplay(const RecipeConfig& recipe);

  bool active() const { return options_.scope != "off"; }

  // The next document, in the order of the run; empty keys: it has none, and its input is not looked at. Inputs stand
  // together. Throws Error for keys
  // of another recipe.
  void add(std::span<const uint64_t> keys, size_t file, uint64_t input);
  // No document comes after this. Sorts in the current TBB arena.
  void finish();

  // Judges the documents that pass the stages before deduplication, in order. Serial.
  class Judge {
   public:
    // `recipe`: that of the documents, or the same with another dedup.verify_jaccard. Throws UsageError.
    Judge(const DedupReplay& repeats, const RecipeConfig& recipe);

    // The reason for which `document` (the n-th that was added) is dropped; "" where it is none. Throws Error where it
    // has no keys.
    Reason judge(uint64_t document);

   private:
    Reason judge_in_array(uint32_t place);

    const DedupReplay& repeats_;
    std::vector<uint32_t> first_;                 // by key: the place of the first document that has it
    std::unique_ptr<Deduplicator> deduplicator_;  // where similarities are verified
    uint64_t judged_ = 0;
    uint32_t input_ = UINT32_MAX;
  };

 private:
  static constexpr uint32_t kAlone = UINT32_MAX, kNoKeys = UINT32_MAX - 1;
  static constexpr uint32_t kNone = UINT32_MAX;  // no key, no document
  static constexpr int kPartBits = 6;

  // A key of a document, on its way to be sorted.
  struct Entry {
    uint64_t key;
    uint32_t document, slot;
  };

  size_t compared() const { return layout_.compared_keys(); }
  bool is_compared(size_t slot) const;
  void keep_shared(std::vector<Entry>& entries) const;

  DeduplicatorOptions options_;
  KeyLayout layout_;
  std::vector<uint32_t> places_;  // by document: where it stands among those that share keys; kAlone, kNoKeys
  std::vector<uint32_t> inputs_;  // by document, with the scope "file": the number of its input, counted from 0
  std::pair<size_t, uint64_t> last_input_{SIZE_MAX, 0};
  std::vector<std::vector<Entry>> parts_{size_t{1} << kPartBits};  // by a key's first bits
  std::vector<uint64_t> whole_keys_;  // by document, until finish(): where similarities may be verified
  std::vector<uint64_t> checks_;      // by document, later by place

  // By place.
  std::vector<uint32_t> numbers_;       // compared() numbers of keys each; kNone
  std::vector<uint32_t> place_inputs_;  // with the scope "file"
  std::vector<uint64_t> place_keys_;    // layout_.keys() each, where similarities may be verified
  uint32_t keys_ = 0;                   // how many keys several documents have
};

}  // namespace ftok
