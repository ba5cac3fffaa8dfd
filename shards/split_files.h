// The files that a format keeps about all shards of a split (ShardFormat::split_files): written when a run, a job or a
// conversion has all of them, before its manifest.
#pragma once

#include <string>
#include <vector>

#include "shards/writer.h"

namespace ftok {

// Writes them for the splits that have shards, and removes those of a split that has none. `shards` lie in
// options.folder; train first, in order. `joined` are those that ShardWriter::joined() has written. Returns what the
// manifest lists. Throws Error naming a file that cannot be written.
std::vector<FileEntry> write_split_files(const ShardWriterOptions& options, const std::vector<ShardEntry>& shards,
                                         const std::vector<FileEntry>& joined = {});

}  // namespace ftok
