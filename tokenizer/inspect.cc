#include "tokenizer/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/unicode.h"
#include "tokenizer/bpe_encode.h"

namespace ftok {
namespace {

// Backgrounds that black text is readable on, in xterm's 256 colours; special tokens have their own.
constexpr std::array<int, 4> kBackgrounds = {153, 187, 224, 151};
constexpr int kSpecialBackground = 215;

bool is_wide(char32_t c) {  // East_Asian_Width W and F, by block
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0x303E) || (c >= 0x3041 && c <= 0xA4CF) ||
         (c >= 0xA960 && c <= 0xA97C) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6) ||
         (c >= 0x1F300 && c <= 0x1F64F) || (c >= 0x1F680 && c <= 0x1F6FF) || (c >= 0x1F900 && c <= 0x1F9FF) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}

void append_visible(std::string& out, char32_t c) {
  if (c == ' ') {
    out += "·";
  } else if (c == '\n') {
    out += "⏎";
  } else if (c == '\t') {
    out += "→";
  } else if (c < 0x20 || c == 0x7F) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<uint32_t>(c));
  } else if (const Category category = category_of(c);
             category == Category::kCc || category == Category::kCf || category == Category::kCn ||
             category == Category::kCo || category == Category::kZs || category == Category::kZl ||
             category == Category::kZp) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<uint32_t>(c));
  } else {
    append_utf8(out, c);
  }
}

struct Cell {
  std::string text, id;
  size_t columns;
  int background;
};

std::string padded(const std::string& text, size_t used, size_t columns) {
  return text + std::string(columns > used ? columns - used : 0, ' ');
}

// Two lines: the texts, and the ids beneath.
void append_row(std::string& out, const std::vector<Cell>& row, bool colours) {
  std::string ids;
  for (size_t i = 0; i < row.size(); ++i) {
    const Cell& cell = row[i];
    const std::string text = padded(cell.text, display_columns(cell.text), cell.columns);
    if (colours) {
      out += fmt::format("\x1b[48;5;{}m\x1b[30m{}\x1b[0m", cell.background, text);
      ids += fmt::format("\x1b[2m{}\x1b[0m", padded(cell.id, cell.id.size(), cell.columns));
    } else {
      out += (i == 0 ? "" : "|") + text;
      ids += (i == 0 ? "" : "|") + padded(cell.id, cell.id.size(), cell.columns);
    }
  }
  const auto trim = [](std::string& line) { line.erase(line.find_last_not_of(' ') + 1); };
  if (!colours) {
    trim(out);
    trim(ids);
  }
  out += "\n" + ids + "\n";
}

}  // namespace

std::string visible_token(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Char c = decode_utf8(bytes, i);
    if (c.valid) {
      append_visible(out, c.code_point);
    } else {
      for (size_t k = 0; k < c.size; ++k) {
        fmt::format_to(std::back_inserter(out), "‹{:02x}›", static_cast<unsigned char>(bytes[i + k]));
      }
    }
    i += c.size;
  }
  return out;
}

size_t display_columns(std::string_view text) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    const Category category = category_of(c.code_point);
    if (category != Category::kMn && category != Category::kMe && category != Category::kCf) {
      columns += is_wide(c.code_point) ? 2 : 1;
    }
    i += c.size;
  }
  return columns;
}

std::string render_tokens(const Encoding& encoding, const std::vector<uint32_t>& ids, const ViewOptions& options) {
  std::string out;
  std::vector<Cell> row;
  size_t used = 0;
  const auto flush = [&] {
    if (!row.empty()) append_row(out, row, options.colours);
    row.clear();
    used = 0;
  };
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string_view bytes = encoding.token_bytes(ids[i]);
    Cell cell{visible_token(bytes), std::to_string(ids[i]), 0,
              encoding.is_special(ids[i]) ? kSpecialBackground : kBackgrounds[i % kBackgrounds.size()]};
    cell.columns = std::max(display_columns(cell.text), cell.id.size());
    if (options.colours) ++cell.columns;  // so that ids do not run together
    const size_t needed = cell.columns + (options.colours || row.empty() ? 0 : 1);
    if (used + needed > options.columns) flush();
    used += cell.columns + (options.colours || row.empty() ? 0 : 1);
    row.push_back(std::move(cell));
    if (bytes.find('\n') != std::string_view::npos) flush();
  }
  flush();
  const std::string text = encoding.decode(ids);
  out += fmt::format("{} tokens, {} characters, {} bytes", ids.size(), utf8_length(text), text.size());
  if (!ids.empty()) out += fmt::format(", {:.2f} bytes a token", static_cast<double>(text.size()) / static_cast<double>(ids.size()));
  return out + fmt::format(" ({})\n", encoding.name());
}

std::string render_merges(const Encoding& encoding, std::string_view pretoken, const ViewOptions& options) {
  std::string out;
  std::vector<std::string> parts;
  for (const char c : pretoken) parts.push_back(visible_token(std::string_view(&c, 1)));
  const auto append_parts = [&](size_t changed) {
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i != 0) out += " ";
      const bool mark = i == changed && options.colours;
      out += (mark ? "\x1b[1m" : "") + parts[i] + (mark ? "\x1b[0m" : "");
    }
    out += "\n";
  };
  append_parts(parts.size());
  for (const Merger::Step& step : encoding.tables().merger.steps(pretoken)) {
    parts[step.position] = visible_token(encoding.token_bytes(step.merged));
    parts.erase(parts.begin() + step.position + 1);
    out += fmt::format("{:>8} ", step.merged);
    append_parts(step.position);
  }
  return out;
}

}  // namespace ftok
