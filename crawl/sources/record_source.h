// The documents of a Parquet file's records (core/parquet_record.h): the same as those of its lines, without the lines.
#pragma once

#include <memory>
#include <vector>

#include "core/parquet.h"
#include "crawl/decoded_input.h"
#include "crawl/source.h"

namespace ftok {

// `records`: an input whose bytes are records, of the columns `fields`.
std::unique_ptr<Source> make_record_source(std::unique_ptr<DecodedInput> records,
                                           const std::vector<ParquetField>& fields, const SourceOptions& options);

}  // namespace ftok
