// What a data card says of a corpus's kept texts: their languages, and the licences that pages state.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ftok {

struct TextCounts {
  uint64_t documents = 0;
  std::map<std::string, uint64_t> languages, licenses;  // documents of each; those without one are in none
};

// Reads all of parts/*.text.* of a finished folder; counts nothing where there are none. Throws Error naming a file
// that cannot be read.
TextCounts count_texts(const std::string& folder);

}  // namespace ftok
