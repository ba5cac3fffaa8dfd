// Checkpoints: everything a run needs to resume bit for bit. Files step-NNNNNNNNN.ckpt in one folder, complete or
// absent.
//
// Bytes, little-endian: "FTOKCKPT"; u64 version = 2, step, windows_read, data_bytes, losses, elements, recipe_bytes;
// the recipe; the description of the data; losses x f64; then parameters, first moments, second moments (elements x f32
// each); 16 bytes XXH3-128 of all before (shards/checksum.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "core/result.h"

namespace ftok {

inline constexpr size_t kRecentLosses = 50;

struct Checkpoint {
  std::string recipe;          // TOML, every key
  uint64_t step = 0;           // steps done
  uint64_t windows_read = 0;   // the next window's number (trainer/loader.h)
  std::string data;            // Mixture::description: a run is bound to its data
  std::vector<double> losses;  // of the last steps, at most kRecentLosses; a spike is measured against their mean
  std::vector<float> parameters, first_moments, second_moments;  // as ParameterLayout lays them out
};

// Writes the checkpoint into `folder`, then removes all but the latest `keep`. Throws Error naming the file on
// failure.
void write_checkpoint(const std::string& folder, const Checkpoint& checkpoint, int64_t keep);

// Damage codes: "ckpt_short", "ckpt_bad_magic", "ckpt_bad_version", "ckpt_bad_size", "ckpt_bad_checksum".
Result<Checkpoint> parse_checkpoint(std::string_view bytes);

// Reads and parses a file; throws Error when it cannot be read.
Result<Checkpoint> read_checkpoint(const std::string& path);

// Paths of the checkpoints in `folder`, earliest first; empty when there is no such folder.
std::vector<std::string> list_checkpoints(const std::string& folder);

// The latest complete checkpoint. Each damaged one that is skipped is logged as a warning. None when there is no
// checkpoint; throws Error when there are some and all are damaged.
std::optional<Checkpoint> read_latest_checkpoint(const std::string& folder, const Log& log);

}  // namespace ftok
