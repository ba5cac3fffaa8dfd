#include "shards/split.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "shards/shard_format.h"

namespace ftok {

std::string_view split_name(Split split) { return split == Split::kTrain ? "train" : "val"; }

bool is_validation(std::string_view id, int64_t per_mille) {
  return static_cast<int64_t>(XXH64(id.data(), id.size(), 0) % 1000) < per_mille;
}

std::string shard_name(Split split, uint64_t index, const ShardFormat& format) {
  return fmt::format("{}ftok_{}_{:06}{}", format.has_split_folders() ? fmt::format("{}/", split_name(split)) : "",
                     split_name(split), index, format.extension());
}

namespace {

// What a field of a name says: one of the splits, or a part of the data that is neither.
enum class FieldSays : uint8_t { kNothing, kTrain, kValidation, kOther };

FieldSays read_field(std::string field) {
  for (char& c : field) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (field == "train") return FieldSays::kTrain;
  if (field == "val" || field == "valid" || field == "validation") return FieldSays::kValidation;
  for (const char* other : {"test", "eval", "dev", "holdout", "heldout"}) {
    if (field == other) return FieldSays::kOther;
  }
  return FieldSays::kNothing;
}

FieldSays read_name(const std::string& path) {
  const std::string stem = std::filesystem::path(path).stem().string();
  std::vector<FieldSays> fields;
  bool is_numbered = false;  // directly behind the last field that says something
  for (size_t begin = 0; begin <= stem.size();) {
    const size_t end = std::min(stem.find_first_of("_-.", begin), stem.size());
    const std::string field = stem.substr(begin, end - begin);
    const FieldSays last = fields.empty() ? FieldSays::kNothing : fields.back();
    fields.push_back(read_field(field));
    const bool is_number = !field.empty() && field.find_first_not_of("0123456789") == std::string::npos;
    if (fields.back() != FieldSays::kNothing) is_numbered = false;
    else if (is_number && last != FieldSays::kNothing) is_numbered = true;
    begin = end + 1;
  }
  size_t last = fields.size();
  while (last > 0 && fields[last - 1] == FieldSays::kNothing) --last;
  if (last == 0) {
    const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
    return read_field(whole.parent_path().filename().string());
  }
  const FieldSays split = fields[last - 1], before = last > 1 ? fields[last - 2] : FieldSays::kNothing;
  const bool named = before == FieldSays::kTrain || before == FieldSays::kValidation;
  if (named && before != split && !is_numbered) {
    throw Error(path + ": its name says two things of its split: name it for one, as in \"x_train_000000.bin\"");
  }
  return split;
}

}  // namespace

std::optional<Split> split_of_name(const std::string& path) {
  const FieldSays says = read_name(path);
  if (says == FieldSays::kTrain) return Split::kTrain;
  if (says == FieldSays::kValidation) return Split::kValidation;
  return std::nullopt;
}

bool is_held_out_by_name(const std::string& path) {
  const FieldSays says = read_name(path);
  return says == FieldSays::kValidation || says == FieldSays::kOther;
}

std::string shard_sidecar_path(std::string_view path) { return beside_shard(path, ".docs"); }

std::string shard_mask_path(std::string_view path) { return beside_shard(path, ".mask"); }

}  // namespace ftok
