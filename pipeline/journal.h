// The journal of a folder in progress (`ftok run`, `ftok tokenize`): what is committed so far. It grows by one record
// with each input and with each checkpoint of the shards, so that what a commit costs does not depend on how much came
// before it.
//
//   DIR/journal   one record a line: 32 hexadecimal digits, the checksum of the rest of the line; a space; a JSON
//   object
//
//   {"format":"ftok-journal","version":1,"binding":...}                      first, once
//   {"part":N,"judged":...,"kept":...,"receipt":{...},"report":{...}}        part N is committed: N = 0, 1, 2, ...
//   {"shard":{...}}                                                          a shard as published at a checkpoint
//   {"checkpoint":P}                                                         parts [0, P) are in the shards listed so
//   far
//   {"checkpoint":P,"position":{...}}                                        and what comes after them as far as the
//   position says, in words of the command that writes it
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

// What has been committed.
struct RunState {
  std::vector<CommittedPart> parts;  // by number
  std::vector<ShardEntry> shards;    // as of the last checkpoint, train first
  uint64_t parts_in_shards = 0;      // parts [0, this) are wholly in `shards`
  std::string position = {};         // of the last checkpoint, a JSON object; empty: none

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

  // The same for a part that counts from the next checkpoint on: it is written together with that one.
  void add_part_with_checkpoint(uint64_t number, const CommittedPart& part);

  // A checkpoint: `shards` are those that are new or longer since the last one (ShardWriter::checkpoint).
  void add_checkpoint(const std::vector<ShardEntry>& shards, uint64_t parts_in_shards,
                      const std::string& position = {});

 private:
  std::string path_;
  std::string unwritten_;  // records that wait for the next checkpoint
  std::unique_ptr<AppendFile> file_;
};

}  // namespace ftok
