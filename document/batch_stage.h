// BatchStage: a stage that works on several documents at a time, and may make several documents, or none, of one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "document/stage.h"

namespace ftok {

class BatchStage : public Stage {
 public:
  struct Outcome {
    Verdict verdict;
    std::vector<Document> more;  // further documents, behind the one that was given; only where that is kept
  };

  // How many documents it wants at a time, at most. Which documents meet in a batch depends on the input alone.
  virtual size_t batch_documents() const = 0;

  // Judges and may rewrite the documents; an outcome for each. Thread-safe. Throws Error where the run cannot go on.
  virtual std::vector<Outcome> process_batch(std::span<Document* const> documents) const = 0;

  // No document follows for now: ends what was started for them. Not at the same time as process_batch().
  virtual void finish() const {}

  // What is to be said to the user since the last call, a line each. Thread-safe.
  virtual std::vector<std::string> take_warnings() const { return {}; }

  // A batch of one, which may not become several documents.
  Verdict process(Document& document, Report* report) const override;
  using Stage::process;
};

}  // namespace ftok
