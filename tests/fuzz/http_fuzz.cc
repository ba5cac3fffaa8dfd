// HTTP responses of any bytes through the http stage: a page in UTF-8 within the limit, or a reason.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "crawl/http_stage.h"
#include "text/unicode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ftok::HttpStage stage = [] {
    ftok::HttpOptions options;
    options.body_bytes_max = 1 << 18;
    return ftok::HttpStage(options);
  }();
  ftok::Document document;
  document.payload.assign(reinterpret_cast<const char*>(data), size);
  const ftok::Verdict verdict = stage.process(document);
  if (verdict.kept() == !verdict.reason.empty()) std::abort();
  if (verdict.kept() && !ftok::is_valid_utf8(document.html)) std::abort();
  if (document.html.size() > 3 * (size_t{1} << 18) + 3) std::abort();  // a byte becomes three at most
  return 0;
}
