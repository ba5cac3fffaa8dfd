#include "pipeline/stage_kinds.h"

#include <fmt/format.h>

#include "crawl/crawl_stages.h"
#include "dedup/dedup_stages.h"
#include "extract/extract_stages.h"
#include "filters/filter_stages.h"
#include "pipeline/subprocess_stage.h"

namespace ftok {

const std::vector<const StageKind*>& stage_kinds() {
  static const std::vector<const StageKind*> all = [] {
    std::vector<const StageKind*> kinds;
    for (const auto& room : {crawl_stages(), extract_stages(), filter_stages(), subprocess_stages(), dedup_stages()}) {
      for (const StageKind& kind : room) kinds.push_back(&kind);
    }
    return kinds;
  }();
  return all;
}

const StageKind* find_stage_kind(std::string_view name) {
  for (const StageKind* kind : stage_kinds()) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

std::string kinds_that_give(unsigned content) {
  std::string names;
  for (const StageKind* kind : stage_kinds()) {
    if ((kind->gives & content) != 0) names += fmt::format("{}'{}'", names.empty() ? "" : " or ", kind->name);
  }
  return names;
}

}  // namespace ftok
