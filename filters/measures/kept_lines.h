// The lines that a filter of lines has kept.
#pragma once

#include "document/text_lines.h"

namespace ftok {

// Takes white space off the ends of the kept text, and with it the lines that are nothing else.
void strip_ends(RewrittenLines& kept);

}  // namespace ftok
