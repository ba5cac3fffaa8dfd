// MeasureBlock: rows of what `ftok run --measure` writes, by column: each rule's values one behind the other, so that a
// question about a few thresholds reads a few columns and no line of the file again.
//
// A block holds the rows of some lines. Rows that ask the same rules in the same order have one shape. Of a rule that
// compares, each row that asks it has a value in the rule's column; which of its rules dropped is noted by their places
// in the shape. Values lie as floats where every one of the column is a float, as counts and round shares are.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/whatif/row.h"

namespace ftok {

// Texts that occur again and again, by number. Thread-safe; a number's text never moves.
class RepeatedTexts {
 public:
  uint32_t number_of(std::string_view text);
  const std::string& at(uint32_t number) const;
  uint32_t size() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, uint32_t, std::less<>> numbers_;
  std::deque<std::string> texts_;
};

// Which columns are wanted.
struct WantedColumns {
  bool all = false;                          // values of every rule that compares
  std::vector<std::string> rules;            // else of these
  std::vector<std::string> language_stages;  // and of all rules of these stages, with the languages
  bool names = false;                        // ids and addresses

  bool has(std::string_view rule) const;
  bool is_of_language(std::string_view rule) const;
};

class MeasureBlock {
 public:
  static constexpr uint32_t kExplained = UINT32_MAX;

  struct Column {
    std::vector<float> floats;
    std::vector<double> doubles;     // in place of `floats`, where those would not be the values
    std::vector<double> thresholds;  // a row's own; one where all are the same
    std::vector<uint32_t> details;   // numbers of `texts`; of rules of language stages alone

    double value(size_t i) const { return doubles.empty() ? double{floats[i]} : doubles[i]; }
    double threshold(size_t i) const { return thresholds[thresholds.size() == 1 ? 0 : i]; }
    size_t size() const { return doubles.empty() ? floats.size() : doubles.size(); }
  };

  struct Shape {
    std::vector<uint32_t> rules;  // numbers of `texts`, in the order in which they were asked
    std::vector<Relation> relations;
  };

  // Takes one row. `texts` is shared by all blocks.
  void add(const MeasuredRow& row, const WantedColumns& wanted, RepeatedTexts& texts);
  // No row comes after this.
  void finish();

  size_t rows() const { return shape_of.size(); }

  std::vector<Shape> shapes;                // in the order of the first row of each
  std::vector<uint32_t> shape_of;           // by row
  std::vector<uint32_t> drops;              // places in their shapes of the rules that dropped, row by row, ascending
  std::vector<uint32_t> drops_end;          // by row: where its part of `drops` ends
  std::vector<uint32_t> unexplained;        // by row: number of an outcome that no rule explains; kExplained
  std::map<uint32_t, Column> columns;       // by rule
  std::vector<uint64_t> inputs;             // by row
  std::vector<std::vector<uint64_t>> keys;  // by row, until they are taken
  std::string names;                        // ids and addresses, one behind the other
  std::vector<uint32_t> names_end;          // two a row

 private:
  uint32_t shape_number(const MeasuredRow& row, RepeatedTexts& texts);

  // Of the row before: its rules are the next row's, mostly.
  std::vector<std::string> last_;
  Shape shape_;
  uint32_t last_shape_ = 0;
};

}  // namespace ftok
