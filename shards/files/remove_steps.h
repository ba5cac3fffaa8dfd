// The steps of a removal (shards/removal.h): new shards, new texts, and what lists them, as pending files.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shards/files/pending_files.h"
#include "shards/manifest.h"

namespace ftok {

using IdSet = std::set<std::string, std::less<>>;

struct RemovedCounts {
  IdSet found;
  uint64_t documents = 0, tokens = 0, texts = 0;
};

// Writes the shards of the manifest that hold one of the documents again, without them, and puts the new ones into the
// manifest, with the files about all shards of a split. A shard that is left without a token goes.
void remove_from_shards(const std::string& folder, const IdSet& ids, Manifest& manifest, PendingFiles& files,
                        RemovedCounts& counts);

// The same with the texts of the parts, and the reject records that have a text: those of a run, whose receipts the
// manifest lists, and those of a job, whose receipts it lists too.
void remove_from_texts(const std::string& folder, const IdSet& ids, Manifest& manifest, PendingFiles& files,
                       RemovedCounts& counts);

// Puts what has become new into the receipts of a job's passes `cut` and `finish` and into what the manifest says of
// them. Writes the manifest.
void relist_job(const std::string& folder, Manifest& manifest, PendingFiles& files);

}  // namespace ftok
