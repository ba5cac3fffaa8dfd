// What the command line gives to the stages of a recipe: the language model, fetched models and lists.
#pragma once

#include <string>

#include "document/stage_kind.h"

namespace ftok::cli {

// The language model is `flag` (--language-model), else what the recipe names, else a fetched lid.176.bin, else the
// bundled model, and then a note says so, since FineWeb uses lid.176.bin.
StageContext stage_context(const std::string& flag = "");

}  // namespace ftok::cli
