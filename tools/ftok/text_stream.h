// A model's text as it comes, up to the first of some stop texts.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ftok::cli {

// Where the first of `stops` begins in `text`; npos where none is there.
size_t find_stop(std::string_view text, const std::vector<std::string>& stops);

// Hands text on as it comes, but for what may be the beginning of a stop text.
class TextStream {
 public:
  // `stops` must outlive it; none is empty.
  TextStream(const std::vector<std::string>& stops, std::function<void(std::string_view)> write);

  // False when a stop text is complete; what stands before it has been handed on.
  bool add(std::string_view bytes);
  // Hands on what was held back.
  void finish() { hand_on(held_.size()); }
  const std::string& text() const { return text_; }  // all that has been handed on

 private:
  void hand_on(size_t n);

  const std::vector<std::string>& stops_;
  std::function<void(std::string_view)> write_;
  size_t held_max_ = 0;
  std::string held_, text_;
};

}  // namespace ftok::cli
