// The text of code while a page is cut into blocks (blocks.cc): preformatted text, and the boxes in which highlighters
// lay code out; its lines, their numbers, its white space.
#pragma once

#include <cstdint>
#include <string_view>

#include "extract/content/blocks.h"
#include "extract/content/cut_frame.h"
#include "extract/content/text_run.h"
#include "extract/html/dom.h"

namespace ftok::html {

class CodeText {
 public:
  CodeText(const Dom& dom, PageBlocks& page, TextRun& run) : dom_(dom), page_(page), run_(run) {}

  // Whether an element that becomes a box may be code by its tag.
  static bool may_open(Tag tag) {
    return tag == Tag::kTable || tag == Tag::kPre || tag == Tag::kXmp || tag == Tag::kListing || tag == Tag::kPlaintext;
  }

  // What such an element, or another one that holds code (`is_code_box`), makes of the text in it.
  void open(NodeId id, bool is_code_box, Frame& frame);

  // Whether an element within code is none of it: a button ("Copy"), a table's head, numbers of lines that no class
  // names. `around` is the frame of its parent.
  bool is_no_code(const Frame& around, NodeId id, uint64_t& steps) const;

  // White space that lays the source out between boxes that are lines of code.
  bool is_space_between_lines(const Frame& frame, std::string_view text) const;

  // A block-level element within preformatted text is a line of it, or a part of one. False for others, which end the
  // text.
  bool enter_line(const Frame& around, Frame& frame, Tag tag);

  // The end of such a line: an empty one stands for itself; one that brought its break has ended.
  void end_line(const Frame& frame);

  void line_break(const Frame& frame);  // a <br>

  // Text whose lines do not end where the source's do: white space with a line break in it is a space, and none where
  // a line begins.
  void append(std::string_view text);

  // At the end of a block: lines of white space alone are empty, and where numbers stood before the lines, so did a
  // space.
  void tidy(const Frame& frame);

 private:
  bool is_line_start() const { return run_.empty() || page_.text.back() == '\n'; }

  const Dom& dom_;
  PageBlocks& page_;
  TextRun& run_;
  size_t line_begin_ = 0;     // of the text, where the last line that is a box began
  size_t line_ended_at_ = 0;  // of the text, where a box that is a line of code has just ended
};

}  // namespace ftok::html
