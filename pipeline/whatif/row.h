// A row of what `ftok run --measure` writes, read back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "document/stage.h"

namespace ftok {

// When a rule drops: where its value is `relation` the threshold; kNone: it compares nothing.
enum class Relation : uint8_t { kNone, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

Relation relation_of(std::string_view text);  // "<", "<=", ">", ">="
const char* relation_text(Relation relation);
bool drops_at(Relation relation, double value, double threshold);  // false for kNone

// Views live until the reader reads the next line.
struct MeasuredRow {
  struct Measure {
    std::string_view rule, detail;
    Relation relation = Relation::kNone;
    double value = 0, threshold = 0;
    bool drops = false;
  };

  std::string_view id, url, outcome;
  std::vector<Measure> measures;  // in the order in which rules are asked
  uint64_t input = 0;             // number of the input in its run
  std::vector<uint64_t> keys;     // Deduplicator::keys; empty: there are none
};

class MeasuredRowReader {
 public:
  MeasuredRowReader();
  ~MeasuredRowReader();
  MeasuredRowReader(const MeasuredRowReader&) = delete;
  MeasuredRowReader& operator=(const MeasuredRowReader&) = delete;

  // Null: `line` is no such row. The row lives until the next call.
  const MeasuredRow* read(std::string_view line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ftok
