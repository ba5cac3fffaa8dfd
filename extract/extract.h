// extract: one HTML page to its main text and its own fields.
//
//   ftok::ExtractResult page = ftok::extract("<p>Hello", {});
//   page.text  ->  "Hello"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "extract/metadata.h"

namespace ftok {

struct ExtractOptions {
  std::string mode = "balanced";  // balanced, precision, recall
  bool title = false;
  bool comments = false;
  bool tables = true;
  bool links = false;
  bool images = false;
  bool markdown = false;
  bool repeated_lines = false;
  std::string html_parser = "ftok";  // ftok, gumbo
  int64_t bytes_max = 8 << 20;
  int64_t depth_max = 512;
  int64_t attributes_max = 400;
  int64_t nodes_max = 1000000;

  void visit(OptionVisitor& visitor);
};

struct ExtractResult {
  const char* drop_reason = nullptr;  // static, "extract.too_complex"; null: there is text
  const char* detail = "";            // the limit that was met: "depth"
  double value = 0, limit = 0;
  std::string text;                  // lines separated by '\n', none at the end
  std::optional<std::string> plain;  // the plain layout, where `text` is Markdown
  std::vector<uint32_t> lines;       // Document::lines of the plain layout
  html::Metadata metadata;
  uint64_t mojibake = 0;                // characters made right (html/mojibake.h)
  uint64_t steps = 0;                   // counted work: bytes scanned, elements walked over, nodes visited
  uint64_t arena_bytes = 0;             // the tree's memory at its largest
  uint64_t block_bytes = 0;             // and the blocks'
  uint32_t blocks = 0, containers = 0;  // counted, of the page
};

// Throws UsageError where `options` asks for a parser that this build does not have, or has a limit that is none.
void check_options(const ExtractOptions& options);

// `html` in UTF-8; `url` is where it came from, for pages that do not say it ("" where nobody knows). Deterministic,
// bounded by the caps of `options`, thread-safe. Throws UsageError of the parser as check_options does.
ExtractResult extract(std::string_view html, const ExtractOptions& options, std::string_view url = {});

}  // namespace ftok
