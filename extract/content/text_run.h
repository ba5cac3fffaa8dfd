// TextRun: collects the text of one block as a browser would show it. White space folds to one space (or is kept, in
// pre), no-break spaces become spaces, soft hyphens and zero-width spaces go, so that no word is split or glued where
// inline elements meet. A line break in the source between two ideographs adds no space.
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
  void line_break();  // <br>
  void own_line() {   // the end of a line, unless that is where the text is
    if (breaks_ == 0) line_break();
  }
  bool ends_in_blank_line() const { return breaks_ >= 2; }  // two <br> in a row
  bool empty() const { return out_.size() == begin_; }
  size_t begin_offset() const { return begin_; }
  // The text that the next character would stand right behind; empty where white space would come between.
  std::string_view adjacent() const {
    return pending_ == Space::kNothing ? std::string_view(out_).substr(begin_) : std::string_view();
  }
  void trim(bool keep_white_space);  // at the end of the run

 private:
  // White space that was passed: without a line break of the source, with one, with a no-break space.
  enum class Space : uint8_t { kNothing, kBlank, kBreak, kFixed };

  void put_space(Space space) {
    pending_ = empty() || out_.back() == '\n' ? Space::kNothing : pending_ < space ? space : pending_;
  }
  // `next` is what the space would stand before.
  void flush_space(std::string_view next) {
    if (pending_ != Space::kNothing && !(pending_ == Space::kBreak && joins_ideographs(next))) out_.push_back(' ');
    pending_ = Space::kNothing;
    breaks_ = 0;
  }
  bool joins_ideographs(std::string_view next) const;

  std::string& out_;
  size_t begin_;
  Space pending_ = Space::kNothing;
  uint32_t breaks_ = 0;
};

}  // namespace ftok::html
