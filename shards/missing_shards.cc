#include "shards/missing_shards.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "shards/formats/sample_file.h"
#include "shards/json_fields.h"
#include "shards/manifest.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

struct IndexedShard {
  std::string name;
  std::string compressed = {};  // the same, where MosaicML's writer compressed it
};

// Of MosaicML's index its "shards", of LitData's its "chunks"; nothing of a file that is neither.
std::vector<IndexedShard> shards_in_index(const std::string& path) {
  const std::string text = read_file(path, uint64_t{1} << 30);
  std::vector<IndexedShard> shards;
  try {
    const JsonFields index(text);
    if (index.has("chunks")) {
      for (const JsonFields& chunk : index.objects("chunks")) shards.push_back({chunk.text("filename")});
    } else {
      for (const JsonFields& shard : index.objects("shards")) {
        shards.push_back({shard.object("raw_data").text("basename")});
        if (shard.has("zip_data") && shard.raw("zip_data") != "null")
          shards.back().compressed = shard.object("zip_data").text("basename");
      }
    }
  } catch (const JsonFields::Missing&) {
    return {};
  }
  return shards;
}

// The folder's manifest lists shards by names from the folder; that of the folder above, of its splits'.
bool add_missing_of_manifest(const fs::path& folder, std::vector<std::string>& missing) {
  std::string name;
  const std::string path = manifest_path_of((folder / "shard").string(), name);
  if (path.empty()) return false;
  const std::string inside = name.substr(0, name.size() - std::string_view("shard").size());  // "", or "train/"
  const fs::path root = fs::path(path).parent_path();
  for (const ShardEntry& entry : read_manifest(path).shards) {
    const fs::path shard = root / entry.shard.name;
    if (entry.shard.name.starts_with(inside) && !fs::exists(shard)) missing.push_back(shard.string());
  }
  return true;
}

}  // namespace

std::vector<std::string> missing_shards(const std::string& folder) {
  std::vector<std::string> missing;
  if (add_missing_of_manifest(folder, missing)) return missing;
  for (const char* inner : {"", "train", "val"}) {
    const fs::path inside = *inner == '\0' ? fs::path(folder) : fs::path(folder) / inner;
    const fs::path index = inside / kSampleIndexName;
    if (!fs::is_regular_file(index)) continue;
    for (const IndexedShard& shard : shards_in_index(index.string())) {
      if (fs::exists(inside / shard.name)) continue;
      if (!shard.compressed.empty() && fs::exists(inside / shard.compressed)) {
        throw Error(fmt::format("{}: its shards are compressed, which is not read here ({}); decompress them beside {}",
                                inside.string(), shard.compressed, kSampleIndexName));
      }
      missing.push_back((inside / shard.name).string());
    }
  }
  return missing;
}

void refuse_missing_shards(const std::string& folder) {
  const std::vector<std::string> missing = missing_shards(folder);
  if (missing.empty()) return;
  const std::string which = missing.size() == 1
                                ? "1 shard that it lists is missing"
                                : fmt::format("{} shards that it lists are missing, the first", missing.size());
  throw Error(fmt::format("{}: {}: {}; to read the others, name them one by one", folder, which, missing.front()));
}

}  // namespace ftok
