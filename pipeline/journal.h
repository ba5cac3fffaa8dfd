// The journal of a run in progress: what is committed so far. It grows by one record with each input and with each
// checkpoint of the shards, so that what a commit costs does not depend on how much came before it.
//
//   DIR/journal   one record a line: 32 hexadecimal digits, the checksum of the rest of the line; a space; a JSON
//   object
//
//   {"format":"ftok-journal","version":1,"binding":...}                      first, once
//   {"part":N,"judged":...,"kept":...,"receipt":{...},"report":{...}}        part N is committed: N = 0, 1, 2, ...
//   {"shard":{...}}                                                          a shard as published at a checkpoint
//   {"checkpoint":P}                                                         parts [0, P) are in the shards listed so
//   far
//
// Shards count from the checkpoint after them. A record is on the disk before anything that it replaces is removed. A
// killed process leaves at most one torn record, at the end; whoever opens the journal next drops it. A record of bytes
// that do not fit their checksum anywhere else is damage. A finished folder has no journal: its manifest says the same.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file.h"
#include "shards/checksum.h"
#include "shards/writer.h"

namespace ftok {

// A committed part, as the journal, and in the end the manifest, has it.
struct CommittedPart {
  uint64_t judged = 0;  // documents that deduplication judged
  uint64_t kept = 0;
  FileEntry receipt;
  std::string report;  // the InputReport as JSON

  bool operator==(const CommittedPart&) const = default;
};

// What a run has committed.
struct RunState {
  std::vector<CommittedPart> parts;  // by number
  std::vector<ShardEntry> shards;    // as of the last checkpoint, train first
  uint64_t parts_in_shards = 0;      // parts [0, this) are wholly in `shards`

  bool operator==(const RunState&) const = default;
};

// The largest record, and so the longest report of an input.
inline constexpr size_t kJournalRecordBytesMax = size_t{4} << 20;

// Throws Error naming the path and the byte when the journal is damaged anywhere but in its last record, or when it is
// of another binding.
RunState read_journal(const std::string& path, const std::string& binding);

// Serial. Every failure to write throws Error naming the file.
class Journal {
 public:
  // Replaces the file by one with `state`, completely or not at all.
  Journal(const std::string& path, const std::string& binding, const RunState& state);

  // Part `number`, the one after the last.
  void add_part(uint64_t number, const CommittedPart& part);

  // A checkpoint: `shards` is the list of all; only what is new or longer since the last one is written.
  void add_checkpoint(const std::vector<ShardEntry>& shards, uint64_t parts_in_shards);

 private:
  void remember(const std::vector<ShardEntry>& shards);

  std::string path_;
  std::optional<ShardEntry> last_[2];  // of each split, as last written: the one that may still grow
  std::unique_ptr<AppendFile> file_;
};

}  // namespace ftok
