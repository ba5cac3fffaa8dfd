// WarcSource: the records of a WARC, ARC or WET input as Items. source.h says which record becomes what.
#pragma once

#include <memory>

#include "crawl/source.h"
#include "crawl/warc.h"

namespace ftok {

// `options.file_path` and `options.dump` are taken as they stand.
std::unique_ptr<Source> make_warc_source(std::unique_ptr<DecodedInput> input, const SourceOptions& options);

// What a record is: a skip kind of source.h, or "response" (an HTTP response), or "conversion_text" (plain text).
const char* record_kind(const WarcRecord& record);

}  // namespace ftok
