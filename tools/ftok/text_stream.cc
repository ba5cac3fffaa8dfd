#include "tools/ftok/text_stream.h"

#include <algorithm>
#include <utility>

namespace ftok::cli {

size_t find_stop(std::string_view text, const std::vector<std::string>& stops) {
  size_t first = std::string_view::npos;
  for (const std::string& stop : stops) first = std::min(first, text.find(stop));
  return first;
}

TextStream::TextStream(const std::vector<std::string>& stops, std::function<void(std::string_view)> write)
    : stops_(stops), write_(std::move(write)) {
  for (const std::string& stop : stops) held_max_ = std::max(held_max_, stop.size() - 1);
}

bool TextStream::add(std::string_view bytes) {
  held_ += bytes;
  if (const size_t first = find_stop(held_, stops_); first != std::string::npos) {
    hand_on(first);
    held_.clear();
    return false;
  }
  if (held_.size() > held_max_) hand_on(held_.size() - held_max_);
  return true;
}

void TextStream::hand_on(size_t n) {
  text_.append(held_, 0, n);
  write_(std::string_view(held_).substr(0, n));
  held_.erase(0, n);
}

}  // namespace ftok::cli
