// The stream of tokens of each split, as the commit tasks left it, and the shards that are cut from it. It comes in
// units that are read by themselves: the documents of a task, or, in a shuffle, those of a range of keys
// (shuffled_streams.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/job/task.h"
#include "shards/split.h"
#include "shards/writer.h"

namespace ftok {

class Streams {
 public:
  virtual ~Streams() = default;

  uint64_t tokens(Split split) const;
  // The shards [first, end) of a split.
  std::vector<ShardEntry> cut(Split split, uint64_t first, uint64_t end);

 protected:
  // By Split, as the ids alone decide it.
  struct Counts {
    uint64_t documents[2] = {0, 0}, tokens[2] = {0, 0};
  };
  // Returns false when it wants no more.
  using Visit = std::function<bool(std::string_view id, std::span<const uint32_t> tokens)>;

  explicit Streams(const TaskContext& context);

  // What the units hold. The first document of all that are kept has so many tokens and, by its id, this split.
  void set_units(std::vector<Counts> counts, Split first_split, uint64_t first_tokens);

  // Calls visit(id, tokens) for the split's documents of a unit, but for some that end at or before `begin`, whose
  // tokens are added to `at`, and for some that begin at or after `end`. Ends when `visit` returns false.
  virtual void for_each_document(size_t unit, Split wanted, uint64_t begin, uint64_t end, uint64_t& at,
                                 const Visit& visit) = 0;

  // The first document of all that are kept is for validation, the only one for training, whatever its id says
  // (shards/split.h, small_corpus.h).
  Split split_of_first() const;
  void move_first(uint64_t (&documents)[2], uint64_t (&tokens)[2]) const;
  // With end-of-text tokens.
  uint64_t length(const uint64_t (&documents)[2], const uint64_t (&tokens)[2], Split split) const {
    return tokens[static_cast<size_t>(split)] + documents[static_cast<size_t>(split)] * end_of_text_;
  }

  const TaskContext& context_;
  size_t first_unit_ = SIZE_MAX;  // that holds a document

 private:
  uint64_t end_of_text_;        // tokens of a document
  std::vector<Counts> counts_;  // by unit
  uint64_t kept_ = 0;           // documents
  Split first_split_ = Split::kTrain;
  uint64_t first_tokens_ = 0;
};

}  // namespace ftok
