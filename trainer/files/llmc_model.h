// llm.c's GPT-2 weights (trainer/model_file.h has the layout).
#pragma once

#include <string>
#include <string_view>

#include "trainer/model_file.h"

namespace ftok {

// Of a file's first bytes.
bool is_llmc_model(std::string_view start);

// Throws Error naming `path` when the bytes are of another version, cut short or too long.
ModelFile parse_llmc(std::string_view bytes, const std::string& path);
ModelFile read_llmc(const std::string& path);

}  // namespace ftok
