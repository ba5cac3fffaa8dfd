// nearest_name: what somebody who misspelt a name most likely meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ftok {

// The candidate nearest to `name` by edit distance, or "" when none is near (more than a third of the name differs): to
// all of it, else to the beginning of a longer one (more than a quarter of a name of four letters or more).
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace ftok
