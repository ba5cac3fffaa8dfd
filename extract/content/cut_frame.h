// The frame of an open element while a page is cut into blocks (blocks.cc).
#pragma once

#include <cstdint>
#include <string_view>

#include "extract/content/blocks.h"

namespace ftok::html {

// What holds for everything below an open element.
struct Frame {
  NodeId node = kNoNode;
  Tag tag = Tag::kUnknown;  // of the element; the part of a table that it is by its role
  uint32_t container = 0;
  uint32_t ancestors = 0;
  NodeId row = kNoNode, cell = kNoNode;
  uint32_t grid_cell = kNoCell;
  bool looked_for_numbers = false;  // of lines of code: in vain
  uint8_t list_depth = 0;
  uint8_t heading_level = 0;
  uint8_t role_level = 0;        // of a heading by its role
  uint8_t fold_distance = kFar;  // elements up to one named as a box that unfolds
  uint16_t inline_hints = 0;
  bool keep_white_space = false;
  bool keeps_lines = false;  // line breaks of the source are line breaks
  bool emphasis = false;
  uint8_t styled = 0;  // of the element: bits of StyledAs
  bool is_header_cell = false;
  bool in_role_table = false;   // the innermost table is one by its role
  bool is_formula = false;      // what it draws is one
  bool is_code_table = false;   // in a table whose rows are lines of code
  bool is_code_line = false;    // in a box within preformatted text that is one of its lines
  bool ends_code_line = false;  // that box
  bool folds_breaks = false;    // in code whose lines are boxes or end at a <br>: a line break of the source is none
  bool has_numbers = false;     // in code each of whose lines begins with its number
  uint8_t highlighter = 0;      // in a box that may hold lines of code (1), or that only a highlighter makes (2)
  std::string_view code_language;
  std::string_view closing_mark;  // to be written at the end of the element
  std::string_view link;          // its address, where that is to be written
  std::string_view closing_text;  // to be written at the end of the element: a bracket behind an exponent
  bool is_container = false;
};

}  // namespace ftok::html
