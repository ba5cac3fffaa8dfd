// LiveArea in a terminal: what it writes goes through a pseudo-terminal into a screen of a few lines of code.
#include "core/live_area.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/amounts.h"

namespace ftok {
namespace {

// A terminal's other end. It wraps at its width, knows \n, \r, colours, "up N lines" and "clear to the end", and folds
// lines anew when it becomes narrower, as terminals do.
class Screen {
 public:
  explicit Screen(int columns, int rows = 24) {
    winsize size{};
    size.ws_col = static_cast<uint16_t>(columns), size.ws_row = static_cast<uint16_t>(rows);
    int slave = -1;
    EXPECT_EQ(::openpty(&master_, &slave, nullptr, nullptr, &size), 0);
    stream_ = ::fdopen(slave, "w");
    columns_ = columns;
  }
  ~Screen() {
    std::fclose(stream_);
    ::close(master_);
  }

  std::FILE* stream() { return stream_; }

  void resize(int columns) {
    read();
    winsize size{};
    size.ws_col = static_cast<uint16_t>(columns), size.ws_row = 24;
    ASSERT_EQ(::ioctl(master_, TIOCSWINSZ, &size), 0);
    columns_ = columns;
    std::vector<std::string> folded;
    for (const std::string& line : lines_) {
      for (size_t at = 0; at == 0 || at < line.size(); at += static_cast<size_t>(columns))
        folded.push_back(line.substr(at, static_cast<size_t>(columns)));
    }
    lines_ = folded;
  }

  // The lines there are; the last one is where the cursor stands.
  std::vector<std::string> lines() {
    read();
    return lines_;
  }

 private:
  // A column a character, and none for the rest of its bytes.
  static int width(const std::string& line) {
    return static_cast<int>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  }

  void read() {
    std::fflush(stream_);
    std::fputc('\0', stream_);  // the end of what was written
    std::fflush(stream_);
    std::string text;
    for (char c = 1; ::read(master_, &c, 1) == 1 && c != '\0';) text += c;
    for (size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\r') continue;
      if (text[at] == '\n') {
        lines_.emplace_back();
      } else if (text[at] == '\x1b') {
        const size_t end = text.find_first_not_of("0123456789[", at + 1);
        const size_t count = static_cast<size_t>(std::max(1, std::atoi(text.c_str() + at + 2)));
        if (text[end] == 'F') lines_.resize(lines_.size() - std::min(lines_.size() - 1, count)), lines_.back().clear();
        at = end;
      } else if ((text[at] & 0xC0) != 0x80 && width(lines_.back()) == columns_) {
        lines_.emplace_back(1, text[at]);
      } else {
        lines_.back() += text[at];
      }
    }
  }

  int master_ = -1, columns_;
  std::FILE* stream_;
  std::vector<std::string> lines_ = {""};
};

TEST(LiveArea, NoLineIsWiderThanTheTerminal) {
  for (const int columns : {80, 120}) {
    Screen screen(columns);
    LiveArea area(screen.stream());
    EXPECT_EQ(area.size().columns, columns);
    area.draw({std::string(static_cast<size_t>(columns) - 1, 'x')});  // the last column stays free
    area.draw({std::string(300, 'x'), "short"});
    const std::vector<std::string> lines = screen.lines();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], std::string(static_cast<size_t>(columns) - 2, 'x') + "\u2026");
    EXPECT_EQ(lines[1], "short");
    EXPECT_EQ(lines[2], "");
  }
}

TEST(LiveArea, LeavesNothingBehindAndKeepsWhatIsTold) {
  Screen screen(80);
  std::fputs("before\n", screen.stream());
  {
    LiveArea area(screen.stream());
    area.draw({"1", "2", "3"});
    area.draw({"1"});
    area.erase();
    std::fputs("said\n", screen.stream());
    area.draw({"2"});
  }
  EXPECT_EQ(screen.lines(), (std::vector<std::string>{"before", "said", ""}));
  {
    LiveArea area(screen.stream());
    area.draw({"the last"});
    area.keep();
  }
  EXPECT_EQ(screen.lines(), (std::vector<std::string>{"before", "said", "the last", ""}));
}

TEST(LiveArea, ATerminalThatBecomesNarrowerIsClearedWhole) {
  Screen screen(120);
  std::fputs("before\n", screen.stream());
  LiveArea area(screen.stream());
  area.draw({std::string(110, 'x')});
  screen.resize(50);  // the line takes three rows now
  EXPECT_EQ(screen.lines().size(), 5U);
  area.draw({std::string(110, 'y')});
  const std::vector<std::string> lines = screen.lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "before");
  EXPECT_EQ(lines[1], std::string(48, 'y') + "\u2026");
}

TEST(LiveArea, DrawsNoMoreLinesThanThereAreRows) {
  Screen screen(80, 4);
  LiveArea area(screen.stream());
  area.draw({"1", "2", "3", "4", "5"});
  EXPECT_EQ(screen.lines(), (std::vector<std::string>{"1", "2", "3", ""}));
}

TEST(LiveArea, DrawsNothingWhereThereIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  LiveArea area(file);
  EXPECT_FALSE(area.is_terminal());
  area.draw({"x"});
  area.erase();
  EXPECT_EQ(std::ftell(file), 0);
  std::fclose(file);
}

TEST(Fitted, CountsWideCharactersTwiceAndColoursNotAtAll) {
  EXPECT_EQ(columns_of("a\u00e9\u4e2d\U0001F600"), 6);
  EXPECT_EQ(columns_of("\x1b[36mab\x1b[0m"), 2);
  EXPECT_EQ(fitted("abcd", 4), "abcd");
  EXPECT_EQ(fitted("abcde", 4), "abc\u2026");
  EXPECT_EQ(fitted("ab\u4e2dd", 4), "ab\u2026");  // 5 columns; the wide one would be cut in half
  EXPECT_EQ(fitted("\x1b[36mabcde", 4), "\x1b[36mabc\u2026\x1b[0m");
}

TEST(JoinedToFit, LeavesOutWhatDoesNotFit) {
  EXPECT_EQ(joined_to_fit({"ab", "", "cd", "ef"}, 6), "ab, cd");
  EXPECT_EQ(joined_to_fit({"ab", "cd"}, 5), "ab");
  EXPECT_EQ(joined_to_fit({"abcdef"}, 3), "abcdef");  // the first one always
}

TEST(Amounts, AreWrittenAsPeopleDo) {
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1234567), "1.23 MB");
  EXPECT_EQ(duration_text(-1), "0 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.5), "1 min 00 s");
  EXPECT_EQ(duration_text(3720), "1 h 02 min");
  EXPECT_EQ(duration_text(1e300), "long");
}

}  // namespace
}  // namespace ftok
