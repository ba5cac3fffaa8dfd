// What a vocabulary is called in manifests and models: a name that finds it again.
#pragma once

#include <string>

namespace ftok::cli {

// Every model's vocabulary is a tokenizer.json: it is called by its folder, as that was given. Other files name
// themselves: "".
std::string called_by_folder(const std::string& file);

}  // namespace ftok::cli
