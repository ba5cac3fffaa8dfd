// Makes the record batches that workers are sent, for ArrowModule. Part of Arrow's module.
#pragma once

#include <memory>

#include "core/arrow_batches.h"

namespace ftok {

std::unique_ptr<ArrowRequests> make_arrow_requests(const ArrowRequestSchema& schema);

}  // namespace ftok
