// Any text through the PII stage: spans in order, within the text, never overlapping; the bytes between them stay.
// Links ftok::filters.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "filters/pii.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ftok::PiiStage all(ftok::PiiOptions::all()), release{ftok::PiiOptions()};
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const ftok::PiiStage* stage : {&all, &release}) {
    size_t end = 0, counted = 0;
    for (const ftok::PiiSpan& span : stage->find(text)) {
      if (span.begin < end || span.end <= span.begin || span.end > text.size()) std::abort();
      end = span.end;
      ++counted;
    }
    std::string scrubbed = text;
    for (const uint64_t count : stage->scrub(scrubbed)) counted -= count;
    if (counted != 0 || (end == 0) != (scrubbed == text && end == 0)) std::abort();
  }
  return 0;
}
