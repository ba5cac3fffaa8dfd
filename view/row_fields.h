// What a row of a run's documents says.
#pragma once

#include <simdjson.h>

#include <string_view>

namespace ftok {

// A text of the row; "" where it has none of that name.
inline std::string_view text_field(simdjson::dom::element row, const char* name) {
  std::string_view text;
  return row[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

}  // namespace ftok
