#include "core/live_area.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace ftok {
namespace {

constexpr int kColumnsMin = 20;  // below, $COLUMNS is a mistake

// East Asian wide characters and pictures (Unicode TR11), in whole blocks.
bool is_wide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFFE6) || c >= 0x1F000;
}

struct Glyph {
  size_t bytes = 1;
  int columns = 1;
};

// A character, or a colour.
Glyph glyph_at(std::string_view text, size_t at) {
  if (text.substr(at).starts_with("\x1b[")) {
    const size_t end = text.find('m', at);
    return {(end == std::string_view::npos ? text.size() : end + 1) - at, 0};
  }
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {1, 1};
  const size_t bytes = std::min<size_t>(lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2, text.size() - at);
  uint32_t c = lead & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) c = c << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  return {bytes, is_wide(c) ? 2 : 1};
}

}  // namespace

TerminalSize terminal_size(std::FILE* stream) {
  winsize size{};
  TerminalSize result;
  if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
    return {size.ws_col, size.ws_row};
  const char* const columns = std::getenv("COLUMNS");
  if (columns != nullptr && std::atoi(columns) >= kColumnsMin) result.columns = std::atoi(columns);
  return result;
}

int columns_of(std::string_view text) {
  int columns = 0;
  for (size_t at = 0; at < text.size();) {
    const Glyph glyph = glyph_at(text, at);
    columns += glyph.columns;
    at += glyph.bytes;
  }
  return columns;
}

std::string fitted(std::string_view text, int columns) {
  if (columns_of(text) <= columns) return std::string(text);
  std::string out;
  int taken = 0;
  bool has_colour = false;
  for (size_t at = 0; at < text.size();) {
    const Glyph glyph = glyph_at(text, at);
    if (taken + glyph.columns > columns - 1) break;
    out += text.substr(at, glyph.bytes);
    has_colour = has_colour || glyph.columns == 0;
    taken += glyph.columns;
    at += glyph.bytes;
  }
  if (columns > 0) out += "\u2026";
  return has_colour ? out + "\x1b[0m" : out;
}

std::string joined_to_fit(const std::vector<std::string>& pieces, int columns) {
  std::string out;
  for (const std::string& piece : pieces) {
    if (piece.empty()) continue;
    std::string longer = out.empty() ? piece : out + ", " + piece;
    if (!out.empty() && columns_of(longer) > columns) break;
    out = std::move(longer);
  }
  return out;
}

LiveArea::LiveArea(std::FILE* stream) : stream_(stream), is_terminal_(::isatty(::fileno(stream)) == 1) {}

// A line that has become wider than the terminal takes several rows there.
std::string LiveArea::erasure() const {
  if (columns_drawn_.empty()) return "";
  const int columns = size().columns;
  int rows = 0;
  for (const int drawn : columns_drawn_) rows += std::max(1, (drawn + columns - 1) / columns);
  return fmt::format("\x1b[{}F\x1b[J", rows);
}

void LiveArea::draw(const std::vector<std::string>& lines) {
  if (!is_terminal_) return;
  const TerminalSize now = size();
  std::string frame = erasure();
  columns_drawn_.clear();
  for (const std::string& line : lines) {
    if (static_cast<int>(columns_drawn_.size()) + 1 >= now.rows) break;  // the cursor stands on the last row
    const std::string shown = fitted(line, now.columns - 1);             // in the last column terminals may wrap
    columns_drawn_.push_back(columns_of(shown));
    frame += shown + "\n";
  }
  std::fputs(frame.c_str(), stream_);
  std::fflush(stream_);
}

void LiveArea::erase() {
  if (columns_drawn_.empty()) return;
  std::fputs(erasure().c_str(), stream_);
  std::fflush(stream_);
  columns_drawn_.clear();
}

using std::chrono::steady_clock;

LiveLine::LiveLine(bool quiet) : quiet_(quiet), area_(stderr), start_(steady_clock::now()), last_(start_) {}

void LiveLine::show(const std::function<std::string()>& text) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  const steady_clock::time_point now = steady_clock::now();
  if (now - last_ < (area_.is_terminal() ? std::chrono::milliseconds(200) : std::chrono::milliseconds(30'000))) return;
  last_ = now;
  if (area_.is_terminal()) {
    area_.draw({text()});
  } else {
    std::fprintf(stderr, "ftok: %s\n", text().c_str());
  }
}

Log LiveLine::above(Log log) {
  return [this, log = std::move(log)](LogLevel level, const std::string& message) {
    const std::lock_guard lock(mutex_);
    area_.erase();
    log(level, message);
  };
}

double LiveLine::seconds() const { return std::chrono::duration<double>(steady_clock::now() - start_).count(); }

}  // namespace ftok
