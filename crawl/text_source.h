// Inputs that already are text: JSONL (one object a line) and plain text files (one document a file).
//
// JSONL: `text_key` and `id_key` name the string members read; `url`, `date`, `dump`, `language` (strings) and
// `language_score` (number) are taken over where present. An id may be a number. Empty lines are no records.
// Bytes that are not UTF-8 become U+FFFD and are counted in Document::replacements; CR LF becomes LF in plain text.
#pragma once

#include <memory>

#include "crawl/decoded_input.h"
#include "crawl/source.h"

namespace ftok {

std::unique_ptr<Source> make_jsonl_source(std::unique_ptr<DecodedInput> input, const SourceOptions& options);
std::unique_ptr<Source> make_plain_text_source(std::unique_ptr<DecodedInput> input, const SourceOptions& options);

}  // namespace ftok
