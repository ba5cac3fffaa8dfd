#include "crawl/crawl_stages.h"

#include "crawl/http_stage.h"
#include "crawl/rights_stage.h"

namespace ftok {
namespace {

StageKind http_kind() {
  StageKind kind = stage_kind<HttpStage, HttpOptions>("http", "HTTP responses to pages in UTF-8");
  kind.needs = kPayload;
  kind.uses_up = kPayload;
  kind.gives = kHtml;
  return kind;
}

StageKind rights_kind() {
  StageKind kind =
      stage_kind<RightsStage, RightsOptions>("rights", "labels pages that reserve their rights (before http)");
  kind.needs = kPayload;
  return kind;
}

}  // namespace

std::span<const StageKind> crawl_stages() {
  static const StageKind kinds[] = {http_kind(), rights_kind()};
  return kinds;
}

}  // namespace ftok
