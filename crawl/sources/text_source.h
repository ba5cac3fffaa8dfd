// Inputs that already are text: JSONL (one object per line) and plain text files (one document per file).
//
// JSONL is read as json_lines.h says. In plain text, bytes that are not UTF-8 become U+FFFD and are counted in
// Document::replacements, and CR LF becomes LF.
#pragma once

#include <memory>

#include "crawl/decoded_input.h"
#include "crawl/source.h"

namespace ftok {

std::unique_ptr<Source> make_jsonl_source(std::unique_ptr<DecodedInput> input, const SourceOptions& options);
std::unique_ptr<Source> make_plain_text_source(std::unique_ptr<DecodedInput> input, const SourceOptions& options);

}  // namespace ftok
