// WhatIfAnswers: what the page asks of a file of measures (`ftok run --measure`): how each rule's values are spread,
// and the funnel that other thresholds would give.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "pipeline/recipe_config.h"
#include "pipeline/whatif.h"

namespace ftok {

// Thread-safe. The file is read once, by the first question, and kept in columns.
class WhatIfAnswers {
 public:
  // Throws Error or UsageError where the recipe beside the file cannot be read.
  explicit WhatIfAnswers(std::string path);

  // api/measures: {"rules":[{"rule","key","relation","threshold","whole","documents","drops","bins"}],
  // "measured":{"documents","kept","dropped"}}
  std::string spreads();

  // api/whatif: `changes` a line for each threshold, "c4.sentences_min=4"; `rule`: whose documents next to the
  // threshold are wanted, or "". {"measured","changed","samples"}. Throws ViewRefusal for what is no threshold.
  std::string what_if(const std::string& changes, const std::string& rule);

  // The recipe's canonical text, without what decides no byte of a run's output.
  std::string content() const { return content_text(recipe_); }

 private:
  const WhatIf& columns();

  std::string path_;
  RecipeConfig recipe_;
  std::mutex mutex_;
  std::unique_ptr<const WhatIf> columns_;  // a file of measures does not change
  std::string spreads_;                    // the answer
};

}  // namespace ftok
