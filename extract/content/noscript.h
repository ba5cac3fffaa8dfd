// How much a page says to readers without scripts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "extract/html/dom.h"

namespace ftok::html {

// Bytes of text in the page's noscript elements, those of its head left out. Parsed with scripting off, their content
// is part of the tree. Adds the nodes gone through to `steps`.
size_t noscript_text_size(const Dom& dom, uint64_t& steps);

}  // namespace ftok::html
