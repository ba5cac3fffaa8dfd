// What is drawn on a terminal while something long runs: a few lines that are drawn again in place. Everything that
// draws (progress of runs, of training, of downloads) draws through a LiveArea, which sees to it that no line is wider
// than the terminal, also after its window has been resized. Never part of the output.
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"

namespace ftok {

struct TerminalSize {
  int columns = 80, rows = 24;
};

// Of the terminal that `stream` writes to; where it is none, $COLUMNS (from 20 on) by 24, else 80 by 24.
TerminalSize terminal_size(std::FILE* stream);

// How many columns `text` (UTF-8) takes, or fewer: marks count as one column, colours as none.
int columns_of(std::string_view text);

// `text` where it takes at most `columns`, else as much of it as fits, and "…" in the last column.
std::string fitted(std::string_view text, int columns);

// The first of `pieces`, and as many of the next ones as fit into `columns`, with ", " between them: what matters most
// comes first.
std::string joined_to_fit(const std::vector<std::string>& pieces, int columns);

// One thread at a time.
class LiveArea {
 public:
  explicit LiveArea(std::FILE* stream);  // which must outlive it
  ~LiveArea() { erase(); }
  LiveArea(const LiveArea&) = delete;
  LiveArea& operator=(const LiveArea&) = delete;

  bool is_terminal() const { return is_terminal_; }
  TerminalSize size() const { return terminal_size(stream_); }

  // Draws lines in place of those that stand there, each cut to the terminal's width, and no more than it has rows.
  // Lines may hold colours (ESC [ ... m) and no other control characters. Does nothing unless `stream` is a terminal.
  void draw(const std::vector<std::string>& lines);

  // Takes the lines away: what is written next stands where they stood.
  void erase();

  // Leaves the lines where they are for good.
  void keep() { columns_drawn_.clear(); }

 private:
  std::string erasure() const;

  std::FILE* stream_;
  bool is_terminal_;
  std::vector<int> columns_drawn_;  // of each line
};

// One line of a LiveArea on standard error; if that is not a terminal, a plain line now and then. Thread-safe.
class LiveLine {
 public:
  explicit LiveLine(bool quiet);

  // Shows what `text` gives, when it is time again: every fifth of a second on a terminal, else every half
  // minute.
  void show(const std::function<std::string()>& text);

  // A log that writes to `log` where the line stood; not used after this object.
  Log above(Log log);

  double seconds() const;  // since it was made

 private:
  bool quiet_;
  std::mutex mutex_;
  LiveArea area_;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace ftok
