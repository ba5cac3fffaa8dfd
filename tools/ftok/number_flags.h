// A check of flags that take a number with a fraction.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

namespace ftok::cli {

// Numbers from `min` to `max`. CLI::Range takes NaN for one of them: it compares, and no comparison with NaN holds.
inline CLI::Validator number_between(double min, double max) {
  return {[min, max](std::string& text) {
            double value = 0;
            const bool is_number = CLI::detail::lexical_cast(text, value);
            return is_number && value >= min && value <= max
                       ? std::string()
                       : fmt::format("Value {} not in range {} to {}", text, min, max);
          },
          fmt::format("FLOAT in [{} - {}]", min, max)};
}

}  // namespace ftok::cli
