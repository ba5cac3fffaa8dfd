#include "shards/split.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "shards/shard_format.h"

namespace ftok {

std::string_view split_name(Split split) { return split == Split::kTrain ? "train" : "val"; }

bool is_validation(std::string_view id, int64_t per_mille) {
  return static_cast<int64_t>(XXH64(id.data(), id.size(), 0) % 1000) < per_mille;
}

std::string shard_name(Split split, uint64_t index, std::string_view extension) {
  return fmt::format("ftok_{}_{:06}{}", split_name(split), index, extension);
}

namespace {

std::string beside(std::string_view path, std::string_view extension) {
  for (const ShardFormat* format : shard_formats()) {
    if (!path.ends_with(format->extension())) continue;
    path.remove_suffix(format->extension().size());
    break;
  }
  return fmt::format("{}{}", path, extension);
}

}  // namespace

std::string shard_sidecar_path(std::string_view path) { return beside(path, ".docs"); }

std::string shard_mask_path(std::string_view path) { return beside(path, ".mask"); }

}  // namespace ftok
