// Which documents are held out for validation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ftok {

enum class Split : uint8_t { kTrain = 0, kValidation = 1 };
inline constexpr Split kSplits[] = {Split::kTrain, Split::kValidation};

// "train" or "val": as in the shards' names.
std::string_view split_name(Split split);

// True when XXH64(id, seed 0) mod 1000 < per_mille: a property of the document alone, so that it does not change with
// the other inputs, the order or the threads. Where per_mille is above 0, a run also sends its first kept document to
// validation, so that there is at least one and a longer input list changes nothing; a document that stays the only one
// is for training (pipeline/small_corpus.h).
bool is_validation(std::string_view id, int64_t per_mille);

class ShardFormat;  // shards/shard_format.h

// The name of a shard in the output folder: "ftok_train_000000.bin", or "train/ftok_train_000000.mds" where the format
// wants a folder for each split.
std::string shard_name(Split split, uint64_t index, const ShardFormat& format);

// The split that the name of a shard says: the last of its fields ("pretrain_val_000000" has three) that is "train",
// "val", "valid" or "validation"; none when no field is, or when a later one says that it is neither ("test", "eval",
// "dev", "holdout"). A name without such a field has the split that its folder is named for ("train/shard.00000.mds").
// Throws Error naming the file where such fields contradict each other side by side ("x_train_val", "x_train_eval") and
// no number follows: the word directly in front of a shard's number is its split ("train_val_000000", of a corpus
// called "train").
std::optional<Split> split_of_name(const std::string& path);

// Whether it says that the shard is not for training: "val" and its like, or "test", "eval", "dev", "holdout".
bool is_held_out_by_name(const std::string& path);

// The name of a shard's sidecar: `path` with its extension (".bin", ".ds") replaced by ".docs".
std::string shard_sidecar_path(std::string_view path);

// The name of a shard's loss mask: `path` with its extension replaced by ".mask".
std::string shard_mask_path(std::string_view path);

}  // namespace ftok
