#include "filters/filter_stages.h"

namespace ftok {

#define FTOK_STAGE(name) StageKind name##_kind();
#include "filters/stages.def"
#undef FTOK_STAGE

std::span<const StageKind> filter_stages() {
#define FTOK_STAGE(name) name##_kind(),
  static const StageKind kinds[] = {
#include "filters/stages.def"
  };
#undef FTOK_STAGE
  return kinds;
}

}  // namespace ftok
