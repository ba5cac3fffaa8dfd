// What commands share in talking to a person: log lines on standard error, colours only where they are wanted.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "core/log.h"

namespace ftok::cli {

// A log that prints "ftok: warning: MESSAGE" lines on standard error; information only unless `quiet`.
Log stderr_log(bool quiet = false);

// True when `stream` is a terminal and NO_COLOR is not set.
bool wants_colour(std::FILE* stream);

// Writes to standard output; throws Error when that fails (a full disk, not a closed pipe).
void print_out(std::string_view text);

// The same, but what is written may wait in a buffer: failures may only show at the next text, or at the end
// (finish_output).
void put_out(std::string_view text);

// Lets put_out() write in large pieces, for a command that prints much. Before the first.
void buffer_output();

// put_out() of a text that comes from outside: as it is, but on a terminal without what steers it.
void put_text(std::string_view text);

// put_text() at once, as print_out() does: the path of a file that scripts go on with, for example.
void print_text(std::string_view text);

// print_out() of a report for people, in which names and other texts from outside are shown harmlessly.
void print_report(std::string_view text);

// put_out() of a formatted text.
template <typename... Values>
void print(fmt::format_string<Values...> format, Values&&... values) {
  put_out(fmt::format(format, std::forward<Values>(values)...));
}

// A note for people on standard error, shown harmlessly (core/shown.h); nobody to read it is no error.
void put_note(const std::string& text);

template <typename... Values>
void note(fmt::format_string<Values...> format, Values&&... values) {
  put_note(fmt::format(format, std::forward<Values>(values)...));
}

// Puts what waits in the buffers of standard output where it belongs; throws Error when that fails, or failed before.
void finish_output();

// Opens /dev/null in place of standard streams that were closed, so that no file of ours gets their numbers. In the
// wrong direction: reading standard input, or writing to standard output, then fails and does not look like an empty
// input or a job done.
void hold_standard_streams();

}  // namespace ftok::cli
