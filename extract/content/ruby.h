// Ruby: readings above or beside words. In a line of text they stand in brackets.
#pragma once

#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

struct RubyBrackets {
  bool has_reading = false;  // else there is nothing to write
  std::string_view open, close;
};

// What to write around a reading (<rt>): the brackets of the page (<rp>) where it has them, else those of its script;
// none between readings that follow one another.
RubyBrackets ruby_brackets(const Dom& dom, NodeId reading);

}  // namespace ftok::html
