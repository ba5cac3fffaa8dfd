// Training a byte-level BPE vocabulary from pretoken counts: repeatedly, the adjacent pair of symbols with the highest
// count becomes a new symbol.
//
// Ties, of pairs with equal counts: with TieBreak::kSmallestRanks the one with the smaller left symbol wins, then the
// smaller right symbol, symbols being numbered bytes first, then merges in order; with kGreatestBytes the one whose
// left token has the greater bytes, then the right one (the rule of the CS336 course and some trainers). The result
// depends on the counts alone, not on their order or on threads. With kSmallestRanks and ByteOrder::kLetters, which
// numbers the bytes as GPT-2 and Hugging Face do, the merges equal those of Hugging Face's BpeTrainer on the same
// words.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/pretoken_counts.h"
#include "tokenizer/vocabulary.h"

namespace ftok {

enum class ByteOrder {
  kBytes,    // rank b is byte b
  kLetters,  // printable bytes first, in the order of GPT-2's letters
};

enum class TieBreak { kSmallestRanks, kGreatestBytes };

struct BpeMerges {
  uint32_t first = 256;                              // the rank the first merge makes
  std::vector<std::pair<uint32_t, uint32_t>> pairs;  // in order
  std::vector<uint64_t> counts;                      // occurrences of each pair when it was merged
  std::vector<std::string> tokens;  // by rank; those before `first`, the bytes among them, too. Empty: a hole
};

struct BpeTrainOptions {
  uint32_t size = 0;                // ranks, the 256 bytes included
  uint64_t pretoken_count_min = 1;  // pretokens seen less often are left out
  uint64_t count_min = 1;           // a pair seen less often is not merged
  uint32_t token_bytes_max = 256;   // the longest token, in bytes
  ByteOrder byte_order = ByteOrder::kBytes;
  TieBreak tie_break = TieBreak::kSmallestRanks;

  // A vocabulary with implied merges to continue from: its ranks and special tokens stay, new ranks begin after its
  // last and step over the ids of its special tokens. `byte_order` then means nothing. Null: none.
  const Vocabulary* base = nullptr;

  // Merges made before with the same options and pretokens, to continue from. Null: none.
  const BpeMerges* resume = nullptr;

  // Called after each merge; may be empty.
  std::function<void(const BpeMerges& so_far)> progress{};
};

// A source of pretokens: calls its argument for each pretoken with its count (above 0), each pretoken once. It may be
// called several times and gives the same each time.
using PretokenVisitor = std::function<void(std::string_view pretoken, uint64_t count)>;
using PretokenVisits = std::function<void(const PretokenVisitor&)>;

// Fewer than `size` ranks come out when no pair is left that is seen count_min times. Throws Error when the distinct
// pretokens have more than 2^32 bytes.
BpeMerges train_bpe(const PretokenVisits& pretokens, const BpeTrainOptions& options);
BpeMerges train_bpe(const PretokenCounts& counts, const BpeTrainOptions& options);

// The ranks that training begins with: those of the base, else the bytes.
BpeMerges start_merges(ByteOrder byte_order, const Vocabulary* base);

// Appends a merge and the token it makes, behind holes for ids of the base's special tokens; false when left or right
// is none.
bool add_merge(BpeMerges& merges, uint32_t left, uint32_t right, uint64_t count, const Vocabulary* base);

// The memory that training on pretokens takes, by the least count of those that are not left out.
class TrainingSizes {
 public:
  void add(std::string_view pretoken, uint64_t count);
  uint64_t memory_bytes(uint64_t pretoken_count_min) const;  // an estimate; the most seen is less
  // The least pretoken_count_min of those up to kCountMax with which training takes no more than `memory_bytes`; 0:
  // none.
  uint64_t count_min_within(uint64_t memory_bytes) const;
  static constexpr uint64_t kCountMax = 1 << 16;

 private:
  struct Sum {
    uint64_t pretokens = 0, bytes = 0;
  };
  std::vector<Sum> by_count_ = std::vector<Sum>(kCountMax + 1);  // the last: that many or more
};

// The vocabulary of `merges`; the special tokens get the ids after the ranks, in order. With a base those of the base
// stay.
Vocabulary make_vocabulary(const BpeMerges& merges, const std::string& name, const PretokenPattern& pattern,
                           const std::vector<std::string>& specials, const Vocabulary* base = nullptr);

// The bytes in the order of GPT-2's letters.
std::vector<unsigned char> letter_order();

}  // namespace ftok
