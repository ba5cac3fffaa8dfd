// WARC, ARC, JSONL and text inputs of any bytes: nothing crashes, every record is one item, all stored bytes are
// consumed. The first byte chooses the format and how many bytes a read gives.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/byte_source.h"
#include "core/error.h"
#include "crawl/source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const char* const kFormats[] = {"warc", "auto", "jsonl", "text"};
  ftok::SourceOptions options;
  options.format = kFormats[data[0] & 3];
  options.record_bytes_max = 1 << 16;
  const size_t read_max = data[0] >> 2;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    const auto source = ftok::make_source(ftok::make_memory_source(bytes, "fuzz.gz", read_max), options);
    uint64_t items = 0;
    while (true) {
      ftok::Item item;
      if (!source->next(item)) break;
      if (item.sequence != items++) std::abort();
      if (item.verdict.kept() == !item.verdict.reason.empty()) std::abort();
      source->take_damage();
    }
    if (source->bytes_read() != bytes.size() && options.format != std::string("text")) std::abort();
  } catch (const ftok::Error&) {  // auto: no format
  }
  return 0;
}
