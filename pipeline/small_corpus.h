// What becomes of a corpus that is too small to be divided, the same for `ftok run` and `ftok tokenize`: the only
// document of all is for training, and what is left too short is said.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "document/stats.h"
#include "shards/split.h"
#include "shards/writer.h"

namespace ftok {

// The first document of all is for validation (shards/split.h). Where it stays the only one, it is for training: its
// shards move there when the command is done (kTrain), and back when inputs are appended (kValidation). A shard's bytes
// do not say its split, so the files of `shards` in `folder` are copied under the other split's names, and `shards`
// lists those; the old ones are for remove_unlisted_shards, once the list is on disk. Does nothing, and returns false,
// when `kept` documents are more or fewer than one, when `validation_per_mille` decides (0 and 1000), or when they are
// there already.
bool move_only_document(const std::string& folder, uint64_t kept, int64_t validation_per_mille, Split to,
                        std::vector<ShardEntry>& shards);

// Warns, once a command is done, of no document at all, of one alone (`only_document_trains`), of nothing to train on,
// and of a validation shard of llm.c's that its reader refuses. `shards` are all, in `output`.
void warn_of_small_corpus(const std::string& output, const Tally& tally, bool only_document_trains,
                          std::string_view shard_format, const std::vector<ShardEntry>& shards, const Log& log);

}  // namespace ftok
