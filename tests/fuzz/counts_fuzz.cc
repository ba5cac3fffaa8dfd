// Any bytes as a file of pretoken counts: an Error, or counts in order that write back to a file of the same counts.
// Links ftok::tokenizer.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "tokenizer/counts_file.h"

namespace {

using Entries = std::vector<std::pair<std::string, uint64_t>>;

Entries read_all(ftok::CountsReader& reader) {
  Entries entries;
  ftok::CountedPretoken entry;
  while (reader.next(entry)) {
    if (entry.pretoken.empty() || entry.count == 0) __builtin_trap();
    if (!entries.empty() && std::string(entry.pretoken) <= entries.back().first) __builtin_trap();
    entries.emplace_back(entry.pretoken, entry.count);
  }
  return entries;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  try {
    ftok::CountsReader reader(ftok::make_memory_source(content, "fuzz.counts", 7));
    const Entries entries = read_all(reader);
    std::string written;
    ftok::CountsWriter writer(reader.header(), [&](std::string_view bytes) { written += bytes; });
    for (const auto& [pretoken, count] : entries) writer.add(pretoken, count);
    writer.finish();
    ftok::CountsReader again(ftok::make_memory_source(written));
    if (read_all(again) != entries || !(again.header() == reader.header())) __builtin_trap();
  } catch (const ftok::Error&) {
  }
  return 0;
}
