// RunExplain: a document of a run through its recipe's stages again, with every rule's value, and where the record can
// be read, the page's blocks, kept and dropped. Records are read from the inputs that were named on the command line
// and from nothing else, whatever the run's files say.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "document/stage_kind.h"
#include "pipeline/plan.h"
#include "pipeline/recipe_config.h"
#include "view/run_look.h"

namespace ftok {

// Thread-safe; one document at a time.
class RunExplain {
 public:
  // `look` outlives it. `inputs`: the run's, as they are named now.
  RunExplain(const RunLook& look, std::vector<std::string> inputs, StageContext context)
      : look_(look), inputs_(std::move(inputs)), context_(std::move(context)) {}

  // api/explain: {"from":"record"|"text","stages":[{"stage","rules":[...],"reason","summary"}],"outcome","decided",
  // "text","extracted","page":{"title","cut","blocks":[...]}}. Throws ViewRefusal where there is neither a record nor a
  // text.
  std::string answer(const RunPlace& place);

 private:
  void load();
  std::string input_of(const std::string& file_path) const;
  bool read_record(const RunDocument& document, Item& item);
  uint64_t offset_of(const std::string& input, const std::string& id);

  const RunLook& look_;
  const std::vector<std::string> inputs_;
  const StageContext context_;
  std::mutex mutex_;
  std::unique_ptr<RecipeConfig> recipe_;
  std::unique_ptr<Plan> plan_;
  std::map<std::string, std::vector<std::pair<uint64_t, uint64_t>>> offsets_;  // input -> hash of an id, offset; sorted
};

}  // namespace ftok
