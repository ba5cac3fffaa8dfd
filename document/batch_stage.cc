#include "document/batch_stage.h"

#include "core/error.h"

namespace ftok {

Verdict BatchStage::process(Document& document, Report*) const {
  Document* const one[] = {&document};
  std::vector<Outcome> outcomes = process_batch(one);
  if (!outcomes[0].more.empty()) {
    throw Error(std::string(name()) + ": several documents of one (" + document.id +
                "), which only a stage before deduplication in `ftok run` can make");
  }
  return std::move(outcomes[0].verdict);
}

}  // namespace ftok
