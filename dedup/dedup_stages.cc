#include "dedup/dedup_stages.h"

#include "dedup/decontaminate.h"
#include "dedup/deduplicator.h"
#include "dedup/minhash.h"

namespace ftok {
namespace {

StageKind minhash_kind() {
  StageKind kind = stage_kind<MinHashStage, MinHashOptions>("minhash", "computes the bucket keys that dedup compares");
  kind.gives = kBucketKeys;
  return kind;
}

// Made by the run itself (Deduplicator): it is serial and looks at all documents in order. Behind it stands what
// candidate files hold: texts, no pages.
StageKind dedup_kind() {
  StageKind kind;
  kind.name = "dedup";
  kind.help = "drops documents that repeat an earlier one; the stages after it see the rest";
  kind.uses_up = kPayload | kHtml;
  kind.options = default_options<DeduplicatorOptions>;
  return kind;
}

}  // namespace

std::span<const StageKind> dedup_stages() {
  static const StageKind kinds[] = {minhash_kind(), dedup_kind(), decontaminate_kind()};
  return kinds;
}

}  // namespace ftok
