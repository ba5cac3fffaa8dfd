#include "extract/extract_stages.h"

#include "extract/extract_stage.h"

namespace ftok {
namespace {

StageKind extract_kind() {
  StageKind kind = stage_kind<ExtractStage, ExtractOptions>("extract", "pages to their main text and their own fields");
  kind.needs = kHtml;
  kind.uses_up = kHtml;
  kind.gives = kText;
  return kind;
}

}  // namespace

std::span<const StageKind> extract_stages() {
  static const StageKind kinds[] = {extract_kind()};
  return kinds;
}

}  // namespace ftok
