// check_range: refuses an option whose value lies outside its range, in one line that names it.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <type_traits>

#include "core/error.h"

namespace ftok {

// Throws UsageError unless least <= value <= most; a value that is not a number is outside every range. `key` is the
// option's full name: "optimizer.beta_1".
template <typename T>
void check_range(std::string_view key, T value, std::type_identity_t<T> least, std::type_identity_t<T> most) {
  if (value >= least && value <= most) return;
  throw UsageError(fmt::format("{} = {}: expected {} to {}", key, value, least, most));
}

}  // namespace ftok
