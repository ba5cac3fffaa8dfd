// Declarative shadow roots: <template shadowrootmode> is what its parent shows (HTML Standard, "the template element").
#pragma once

#include "extract/html/dom.h"

namespace ftok::html {

// Makes each shadow root an ordinary box of its host, with the host's own children in its slots; those that no slot
// takes are not shown, and leave the tree. Only the first root of a host counts. Adds the nodes gone through to
// `steps`.
void open_shadow_roots(Dom& dom, uint64_t& steps);

}  // namespace ftok::html
