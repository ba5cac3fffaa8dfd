// TextRun: collects the text of one block as a browser would show it. White space folds to one space (or is kept, in
// pre), no-break spaces become spaces, soft hyphens and zero-width spaces go, so that no word is split or glued where
// inline elements meet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ftok::html {

class TextRun {
 public:
  explicit TextRun(std::string& out) : out_(out), begin_(out.size()) {}

  void begin();  // starts a new run at the end of the text
  void append(std::string_view text, bool keep_white_space);
  void line_break();                                        // <br>
  bool ends_in_blank_line() const { return breaks_ >= 2; }  // two <br> in a row
  bool empty() const { return out_.size() == begin_; }
  size_t begin_offset() const { return begin_; }
  void trim(bool keep_white_space);  // at the end of the run

 private:
  void put_space() { pending_space_ = !empty() && out_.back() != '\n'; }
  void flush_space() {
    if (pending_space_) out_.push_back(' ');
    pending_space_ = false;
    breaks_ = 0;
  }

  std::string& out_;
  size_t begin_;
  bool pending_space_ = false;
  uint32_t breaks_ = 0;
};

}  // namespace ftok::html
