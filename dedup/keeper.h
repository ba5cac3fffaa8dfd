// Which of several documents that repeat each other is kept: the one with the smallest rank, and of those the first. A
// rank is a function of the document alone, so the verdicts depend neither on the number of tasks nor on that of runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/options.h"
#include "document/document.h"

namespace ftok {

struct KeeperOptions {
  std::string keep = "first";
  std::string score;                 // for highest-score: the classifier's name in the recipe
  std::vector<std::string> sources;  // for source-order

  void visit(OptionVisitor& visitor);
  // Whether documents have ranks. Without them the first one is kept, and nothing need wait for what comes later.
  bool ranks() const { return keep != "first"; }
  // Throws UsageError naming the key that is missing or has no use.
  void check() const;
};

// At least 1. What the document lacks (a date, the score) ranks last.
//   longest        the most bytes of text
//   newest         the latest date (WARC-Date, or the input's own), to the second
//   highest-score  the highest score of the classifier
//   source-order   the first entry of `sources` that the input's name contains; then inputs that contain none
uint64_t rank_of(const Document& document, const KeeperOptions& options);

}  // namespace ftok
