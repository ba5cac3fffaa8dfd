// The parts of a task of a job lie one after the other in one file of each kind: parts/TTTTTT.keys is the .keys files
// that a run would have written of the task's inputs, put together. A file of inputs says how much of it each takes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "shards/checksum.h"

namespace ftok {

// A line of a file of inputs (`.inputs.jsonl`): a JSON object.
struct PackedPart {
  uint64_t number = 0;  // of the input
  std::string report;   // a JSON object, the caller's
  uint64_t judged = 0;
  uint64_t documents[2] = {0, 0};  // by Split, as the id alone decides it
  uint64_t tokens[2] = {0, 0};
  std::map<std::string, uint64_t> bytes;  // the input's share of the task's file of that ending (".keys")
  std::vector<FileEntry> files;           // of the input alone

  uint64_t kept() const { return documents[0] + documents[1]; }
};

std::string write_packed_part(const PackedPart& part);  // with the line feed
Result<PackedPart> parse_packed_part(std::string_view line);
std::vector<PackedPart> parse_packed_parts(std::string_view file, const std::string& path);
std::vector<PackedPart> read_packed_parts(const std::string& path);  // throws Error naming the path and the line

}  // namespace ftok
