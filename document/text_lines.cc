#include "document/text_lines.h"

#include <algorithm>
#include <utility>

namespace ftok {
namespace {

constexpr uint32_t kNoLine = UINT32_MAX;

size_t line_count(std::string_view text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1; }

// Calls visit(line) for each piece between single '\n'.
template <typename Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  for (size_t begin = 0;;) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    visit(text.substr(begin, end - begin));
    if (end == text.size()) return;
    begin = end + 1;
  }
}

// Which lines of the Markdown show nothing but prose that is left out.
std::vector<uint8_t> lines_left_out(const Document& document, const std::vector<uint32_t>& sources) {
  std::vector<uint8_t> left_out(line_count(document.markdown));
  size_t next = 0;
  for (size_t line = 0; line < document.lines.size(); ++line) {
    const bool stays = next < sources.size() && sources[next] == line;
    next += stays;
    const uint32_t entry = document.lines[line];
    const uint32_t shown_in = markdown_line_of(entry);
    const bool is_shared = line > 0 && markdown_line_of(document.lines[line - 1]) == shown_in;
    const bool goes = !stays && kind_of_line(entry) == LineKind::kProse;
    left_out[shown_in] = goes && (!is_shared || left_out[shown_in] != 0) ? 1 : 0;
  }
  return left_out;
}

// Takes lines out of a Markdown text, and of two empty lines that meet where one was, the second. Gives the new number
// of each line; kNoLine: it went.
std::vector<uint32_t> remove_lines(std::string& markdown, const std::vector<uint8_t>& left_out) {
  std::vector<uint32_t> numbers(left_out.size(), kNoLine);
  std::string out;
  out.reserve(markdown.size());
  uint32_t written = 0;
  size_t line = 0;
  bool is_empty_before = true, is_gap = false;
  for_each_line(markdown, [&](std::string_view text) {
    const size_t number = line++;
    is_gap = is_gap || left_out[number] != 0;
    if (left_out[number] != 0 || (is_gap && is_empty_before && text.empty())) return;
    if (written > 0) out += '\n';
    out += text;
    numbers[number] = written++;
    is_empty_before = text.empty();
    is_gap = false;
  });
  while (is_gap && out.ends_with('\n')) out.pop_back();
  markdown = std::move(out);
  return numbers;
}

}  // namespace

bool has_line_entries(const Document& document) {
  if (document.lines.size() != line_count(document.text)) return false;
  if (document.markdown.empty()) return true;
  const auto before = [](uint32_t a, uint32_t b) { return markdown_line_of(a) < markdown_line_of(b); };
  return std::is_sorted(document.lines.begin(), document.lines.end(), before) &&
         markdown_line_of(document.lines.back()) < line_count(document.markdown);
}

std::string_view prose_of(const Document& document, std::string& scratch) {
  if (document.lines.empty() || !has_line_entries(document)) return document.text;
  scratch.clear();
  size_t line = 0;
  bool is_first = true;
  for_each_line(document.text, [&](std::string_view text) {
    if (kind_of_line(document.lines[line++]) != LineKind::kProse) return;
    if (!is_first) scratch += '\n';
    is_first = false;
    scratch += text;
  });
  return scratch;
}

void rewrite_lines(Document& document, RewrittenLines&& rewritten) {
  std::vector<uint32_t> lines;
  const bool is_known = !document.lines.empty() && has_line_entries(document);
  if (!is_known) {
    document.markdown.clear();
  } else {
    std::vector<uint32_t> numbers;
    if (!document.markdown.empty())
      numbers = remove_lines(document.markdown, lines_left_out(document, rewritten.sources));
    for (const uint32_t source : rewritten.sources) {
      const uint32_t entry = document.lines[source];
      lines.push_back(line_entry(kind_of_line(entry), numbers.empty() ? 0 : numbers[markdown_line_of(entry)]));
    }
  }
  document.text = std::move(rewritten.text);
  document.lines = std::move(lines);
}

void take_layout(Document& document) {
  if (!document.markdown.empty()) document.text = std::move(document.markdown);
  document.markdown.clear();
  document.lines.clear();
}

}  // namespace ftok
