// Shards that are listed and not there: in a folder's manifest, or in the index.json of MosaicML and LitData.
#pragma once

#include <string>
#include <vector>

namespace ftok {

// Their paths, in the order of the listing; none where nothing lists the folder's shards. Throws Error where a manifest
// cannot be read.
std::vector<std::string> missing_shards(const std::string& folder);

// Throws Error naming how many are missing, and the first.
void refuse_missing_shards(const std::string& folder);

}  // namespace ftok
