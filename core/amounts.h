// Amounts as people write them: counts with commas, bytes in decimal units, durations in hours, minutes and seconds.
#pragma once

#include <cstdint>
#include <string>

namespace ftok {

// "1,234,567".
std::string grouped(uint64_t number);

// "1.2 GB", "853 MB": decimal units, three digits.
std::string bytes_text(double bytes);

// "1 h 02 min", "3 min 20 s", "12 s"; a negative time is "0 s", and one of more than 10,000 hours "long".
std::string duration_text(double seconds);

}  // namespace ftok
