// Names and messages of Arrow's for messages of ours: short, and on one line.
#pragma once

#include <algorithm>
#include <exception>
#include <string>

namespace ftok {

inline std::string one_line(std::string text, size_t bytes_max) {
  if (text.size() > bytes_max) text = text.substr(0, bytes_max) + "...";
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

constexpr size_t kProblemBytesMax = 200;

inline std::string problem(const std::exception& error) { return one_line(error.what(), kProblemBytesMax); }

}  // namespace ftok
