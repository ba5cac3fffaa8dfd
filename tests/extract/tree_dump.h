// A tree as html5lib's tree-construction tests write it: one line a node, "| " and two spaces a level.
#pragma once

#include <string>

#include "extract/html/dom.h"

namespace ftok::testing {

// All below `top`, adjacent texts joined.
std::string dump_tree(const html::Dom& dom, html::NodeId top);

}  // namespace ftok::testing
