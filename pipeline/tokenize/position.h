// StreamPosition: how far a run has come: which input, how much of it, and what became of that much.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/run/candidates.h"
#include "shards/json_fields.h"

namespace ftok {

struct StreamPosition {
  uint64_t input = 0;                                  // inputs before it are done
  uint64_t records = 0;                                // of this input that are done
  std::string digest;                                  // of their bytes: tells an input that has changed since
  InputReport report;                                  // of this input so far
  uint64_t documents[2] = {0, 0}, tokens[2] = {0, 0};  // of this input so far, kept, by Split

  bool at_start_of_input() const { return records == 0; }
  void next_input() { *this = StreamPosition{input + 1, 0, "", {}, {0, 0}, {0, 0}}; }
};

// As a JSON object, and back; anything else throws JsonFields::Missing, or Error naming `path`.
std::string write_position(const StreamPosition& position);
StreamPosition read_position(const JsonFields& fields);
StreamPosition parse_position(std::string_view json, const std::string& path);

}  // namespace ftok
