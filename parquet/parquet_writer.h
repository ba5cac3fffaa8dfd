// Writes Parquet files for ArrowModule. Part of Arrow's module.
#pragma once

#include <memory>

#include "core/parquet.h"

namespace ftok {

std::unique_ptr<ParquetWriter> create_parquet_file(ParquetSink& sink, const ParquetWriteOptions& options);

}  // namespace ftok
