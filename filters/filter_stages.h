// The kinds of stage of this room.
#pragma once

#include <span>

#include "document/stage_kind.h"

namespace ftok {

std::span<const StageKind> filter_stages();

}  // namespace ftok
