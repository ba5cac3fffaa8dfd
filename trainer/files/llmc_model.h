// llm.c's GPT-2 weights (trainer/model_file.h has the layout).
#pragma once

#include <string>
#include <string_view>

#include "trainer/model_file.h"

namespace ftok {

// True when a file that starts with these bytes is one.
bool is_llmc_model(std::string_view start);

// Throws Error naming `path` when the bytes have another version, or are too few or too many.
ModelFile parse_llmc(std::string_view bytes, const std::string& path);
ModelFile read_llmc(const std::string& path);

}  // namespace ftok
