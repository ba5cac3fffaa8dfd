// What became of a job's inputs, by where they come from: receipts of its tasks hold it, `ftok status` adds it up.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "document/stats.h"
#include "pipeline/input_report.h"

namespace ftok {

// What became of the inputs of one source.
struct SourceTally {
  Tally tally;
  uint64_t inputs = 0, quarantined = 0;

  void add(const InputReport& report);
  void add(const SourceTally& other);
};

// Where an input comes from, by its name: the crawl where it is a file of Common Crawl's, else its folder ("." where
// the name has none), of an address without the query.
std::string source_of(const std::string& input);

// Tallies by source as one JSON object, and back.
std::string write_tallies(const std::map<std::string, SourceTally>& tallies);
std::map<std::string, SourceTally> read_tallies(const std::string& json);

}  // namespace ftok
