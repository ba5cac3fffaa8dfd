// A kept document as it stands in a part's text file: one JSON object, in FineWeb's members or in dolma's.
#pragma once

#include <string>
#include <vector>

#include "core/parquet.h"
#include "document/document.h"
#include "shards/part.h"

namespace ftok {

// With the line feed. `stopped_after`: PartOptions::stopped_after.
std::string text_line(const Document& document, const TextOptions& options, const std::string& stopped_after,
                      const DocumentCluster& cluster);

// The columns of such lines, and of the lines of rejects (pipeline/plan.h, reject_line).
std::vector<ParquetField> text_columns(const TextOptions& options, const std::string& stopped_after);
std::vector<ParquetField> reject_columns(const TextOptions& options);

// A time as dolma writes it, in UTC: "2024-05-18T01:02:03.000Z" of "2024-05-18T01:02:03Z", "2024-05-18 01:02:03",
// "2024-05-18T03:02:03.5+02:00" and the like, with or without seconds; midnight of "2024-05-18". Without a zone it is
// taken for UTC. Empty where `time` is no such time.
std::string dolma_time(std::string_view time);

}  // namespace ftok
