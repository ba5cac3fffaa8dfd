// llm.c's GPT-2 weights (trainer/model_file.h has the layout).
#pragma once

#include <string>
#include <string_view>

#include "trainer/model_file.h"

namespace ftok {

// Of a file's first bytes.
bool is_llmc_model(std::string_view start);

// Throws Error naming the file when it is of another version, cut short or too long.
ModelFile read_llmc(const std::string& path);

}  // namespace ftok
