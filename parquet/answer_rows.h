// A record batch of answers as ArrowRows. Part of Arrow's module.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

#include <memory>

#include "core/arrow_batches.h"

namespace ftok {

// `pool`: of the batch's memory. Its rows throw std::runtime_error where the texts and lists that are asked for have
// more than `bytes_max` bytes in all: dictionaries may have made many bytes of a few.
std::unique_ptr<ArrowRows> make_arrow_rows(std::shared_ptr<arrow::RecordBatch> batch,
                                           std::shared_ptr<arrow::MemoryPool> pool, uint64_t bytes_max);

}  // namespace ftok
