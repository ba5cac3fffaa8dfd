// Rows of data as JSON objects with all their members: what holds no documents, such as evaluation sets.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

// Calls `visit` for each row of a file, in order, with its JSON and its place ("line 17"; "row 3" where the file has
// no lines of JSON): JSON Lines, an array of JSON, CSV, TSV or Parquet, compressed or not, told by the bytes. What the
// JSON holds is not judged. `keys` names the columns that are read of Parquet, at least one; elsewhere all members are
// there. Throws Error naming the file, and the place, where it cannot be read whole or is of another format.
void for_each_object_row(const std::string& path, const std::vector<std::string>& keys,
                         const std::function<void(std::string_view json, const std::string& place)>& visit);

}  // namespace ftok
