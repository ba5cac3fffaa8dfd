// Reads the streams of record batches that workers answer with, for ArrowModule. Part of Arrow's module.
#pragma once

#include <memory>

#include "core/arrow_batches.h"

namespace ftok {

std::unique_ptr<ArrowAnswers> make_arrow_answers(uint64_t bytes_max);

}  // namespace ftok
