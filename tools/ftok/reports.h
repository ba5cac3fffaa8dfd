// What commands print that holds names and texts from outside, and is not JSON.
#pragma once

#include <string_view>

namespace ftok::cli {

// put_text() (terminal.h) at once, as print_out() does: the path of a file that scripts go on with, for example.
void print_text(std::string_view text);

// print_out() of a report for people, in which names and other texts from outside are shown harmlessly.
void print_report(std::string_view text);

}  // namespace ftok::cli
