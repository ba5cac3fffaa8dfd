// Lists of numbers as people and `sbatch --array` write them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ftok::cli {

// "3,5-9": ascending numbers, less `offset` each.
std::string number_ranges(std::span<const uint64_t> numbers, uint64_t offset = 0);

}  // namespace ftok::cli
