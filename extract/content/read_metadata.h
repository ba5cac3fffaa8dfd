// read_metadata: what a page says of itself (metadata.h), from its tree.
#pragma once

#include <string_view>

#include "extract/html/dom.h"
#include "extract/metadata.h"

namespace ftok::html {

// One walk over the page at `url`, "" where that is not known; at most 16 JSON-LD scripts of 1 MiB are read.
Metadata read_metadata(const Dom& dom, std::string_view url);

}  // namespace ftok::html
