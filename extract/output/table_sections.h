// The sections of tables in the order in which readers see them: caption, header rows, body, footer rows.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

// The blocks of a page in the order in which they are written, as indices: that of the source, but for the first
// <caption> and the first <thead> of each table, which come first in it, and the first <tfoot>, which comes last;
// further ones are bodies (CSS 2.2, section 17.2: "table-caption", "table-header-group", "table-footer-group").
std::vector<uint32_t> reading_order(const PageBlocks& page);

}  // namespace ftok::html
