// Opens Parquet files for ArrowModule. Part of Arrow's module.
#pragma once

#include <memory>

#include "core/parquet.h"

namespace ftok {

std::unique_ptr<ParquetFile> open_parquet_file(std::shared_ptr<ParquetBytes> bytes, const ParquetReadOptions& options);

}  // namespace ftok
