// One document through every stage of a recipe: what each measured, and who decided (`ftok explain`, `ftok view`).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/log.h"
#include "crawl/record_place.h"
#include "document/stage.h"
#include "pipeline/plan.h"

namespace ftok {

struct StageAccount {
  std::string stage;    // name
  Report report;        // every rule's measurement
  Verdict verdict;      // of this stage
  std::string summary;  // what it made of the document; "" for nothing to say
};

struct Explanation {
  std::vector<StageAccount> stages;  // as far as there was something to judge
  Verdict first;                     // of the first stage that did not keep, or keep
  std::vector<Measurement> decided;  // its measurements of the rule that dropped
  std::string page;                  // the HTML that the text was extracted from; "" where there was none
  std::string extracted;             // the text as it was first, before stages rewrote it
};

// Runs the stages before deduplication on an item that the source did not decide; the document is left as the last
// stage left it. Pages of more than `page_bytes_max` bytes are not kept.
Explanation explain_document(const Plan& plan, Item& item, size_t page_bytes_max = 0);

// The record that begins at that place of a file or an address; of a table, the row of that number. Throws UsageError
// where the place lies beyond the input's end, Error where no record begins there. Warns where others of the member
// have the same offset.
Item read_record_at(const std::string& input, const RecordPlace& place, const Plan& plan, const Log& log);

}  // namespace ftok
