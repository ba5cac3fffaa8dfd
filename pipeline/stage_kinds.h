// Every kind of stage there is: the rooms' lists, one after the other. Whatever names stages walks this list.
#pragma once

#include <string_view>
#include <vector>

#include "document/stage_kind.h"

namespace ftok {

const std::vector<const StageKind*>& stage_kinds();

// The kind of that name, or null.
const StageKind* find_stage_kind(std::string_view name);

// The names of the kinds that give a content (Content) to a document: "'minhash'"; "" when none does.
std::string kinds_that_give(unsigned content);

}  // namespace ftok
