// Verification of what a run wrote: every byte of every listed file is covered by a checksum, the listed files are held
// against each other, and files that nothing lists are reported.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shards/reader.h"

namespace ftok {

struct Finding {
  std::string path;
  std::string what;
};

struct Verification {
  std::vector<Finding> findings;   // empty: all is well
  std::vector<Finding> unchecked;  // what could not be checked against a checksum: a shard without a sidecar
  uint64_t files = 0;              // looked at
  uint64_t bytes = 0;
};

// An output folder: manifest.json, every shard and sidecar, every receipt and the files it lists (a part's .tokens file
// may be gone: it is deleted once it is in shards). A file that nothing lists is a finding, the lock aside. A folder
// that has no manifest: its shards, each by itself. `hints`: of shards that do not state it.
Verification verify_folder(const std::string& folder, const ShardHints& hints = {});

// One file by itself: a shard (header, size, its sidecar's checksum of it, the sidecar's rows), a sidecar, a part's
// tokens or keys file, a receipt or a manifest (its own seal alone).
Verification verify_file(const std::string& path, const ShardHints& hints = {});

}  // namespace ftok
