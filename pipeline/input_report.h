// InputReport: what became of one input up to deduplication. It stands in the input's candidate file and in its part's
// receipt.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "document/document.h"
#include "document/stats.h"

namespace ftok {

// What an input was when it was read, as its file system tells: an input that is another one now has other candidates.
struct InputState {
  uint64_t bytes = 0;
  int64_t modified_ns = 0;  // since 1970
  bool is_known = false;    // not of addresses, pipes and inputs given up

  bool operator==(const InputState&) const = default;
};

struct InputReport {
  std::string input;  // as the user named it, without secrets (shown_input(), core/shown.h)
  InputState state;   // in candidate files alone, never in what a run gives
  uint64_t stored_bytes = 0;
  std::string digest;       // XXH3-128 of the stored bytes, hex; empty when the input was not read to its end
  std::string quarantined;  // why the input was given up, else empty
  Tally tally;
  std::vector<Damage> damage;  // the first kDamageKept places; tally.damage counts all

  static constexpr size_t kDamageKept = 100;
};

// The report as one JSON object, and back.
std::string write_input_report(const InputReport& report);
Result<InputReport> parse_input_report(std::string_view json);

}  // namespace ftok
