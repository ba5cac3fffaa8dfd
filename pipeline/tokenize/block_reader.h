// BlockReader: an input cut into blocks of records, about a megabyte each. Where blocks end depends on the input alone,
// so that a block is also a place a run can go on from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "crawl/json_lines.h"
#include "crawl/source.h"
#include "document/stage.h"
#include "pipeline/run/digesting_source.h"
#include "shards/checksum.h"

namespace ftok {

// Consecutive records of an input: lines of JSONL that nobody has parsed yet, or records.
struct Block {
  struct Line {
    size_t begin = 0, size = 0;  // in `text`
    uint64_t number = 0;
    uint64_t offset = 0;
    Verdict verdict;
  };
  std::string text;
  std::vector<Line> lines;
  std::vector<Item> items;

  std::vector<Damage> damage;    // between records
  const char* locator = "byte";  // what offsets count
  uint64_t records = 0;          // of the input, up to the end of the block
  uint64_t stored_bytes = 0;     // read so far
  std::string digest;            // of the records' bytes up to the end of the block
};

// Serial. Throws Error naming the input when it cannot be opened or read on, or is nothing that ftok reads.
class BlockReader {
 public:
  // `name` is the input's in ids.
  BlockReader(const std::string& input, const std::string& name, const SourceOptions& options, const Log& log);

  bool next(Block& block);  // false at the end of the input

  // Of the stored bytes; whole once next() has returned false.
  uint64_t stored_bytes() const { return bytes_->bytes(); }
  std::string stored_digest() const { return bytes_->digest(); }

 private:
  void read_lines(Block& block);
  void read_items(Block& block);

  DigestingSource* bytes_ = nullptr;  // owned by opened_
  LinesOrRecords opened_;
  Checksum digest_;
  uint64_t records_ = 0;
  std::string name_;
  std::vector<Damage> damage_before_;  // found before the first record
};

}  // namespace ftok
