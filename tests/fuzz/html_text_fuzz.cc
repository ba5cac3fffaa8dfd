// Any bytes as a page: no crash, a bounded count of steps, valid output. Links ftok::extract.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "extract/extract.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view html(reinterpret_cast<const char*>(data), size);
  ftok::ExtractOptions options;
  if (size > 0) {  // the first byte chooses options
    options.mode = (data[0] & 1) != 0 ? "recall" : "balanced";
    options.markdown = (data[0] & 2) != 0;
    options.links = (data[0] & 4) != 0;
    options.images = (data[0] & 8) != 0;
    options.comments = (data[0] & 16) != 0;
  }
  const ftok::ExtractResult result = ftok::extract(html, options);
  if (result.steps > 600 * (size + 1000)) std::abort();
  if (result.drop_reason == nullptr && result.text.empty()) std::abort();
  return 0;
}
