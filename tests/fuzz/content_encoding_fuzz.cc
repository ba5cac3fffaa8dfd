// Bodies of any bytes under every coding: what is decoded stays within the limit and so does the room made for it, what
// is left as it is gives nothing, and the outcome does not depend on what was in the output before. Links ftok::crawl.
//
// The first byte chooses the coding, the second the limit.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include "crawl/http.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  static const char* const kCodings[] = {"gzip", "x-gzip", "deflate", "br", "zstd", "identity", "compress", ""};
  const std::string_view coding = kCodings[data[0] % std::size(kCodings)];
  const size_t bytes_max = size_t{1} << (data[1] % 20);
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string out, again = "something";
  const ftok::ContentDecoded result = ftok::decode_content(coding, body, bytes_max, out);
  const ftok::ContentDecoded second = ftok::decode_content(coding, body, bytes_max, again);
  if (second.kind != result.kind || again != out) std::abort();
  using Kind = ftok::ContentDecoded::Kind;
  if ((out.size() > bytes_max) != (result.kind == Kind::kTooLarge) || out.size() > bytes_max + 1) std::abort();
  if (result.kind == Kind::kTooLarge && result.stored_bytes > body.size()) std::abort();
  if (result.kind == Kind::kIdentity && !out.empty()) std::abort();
  if (result.prepared_bytes > 2 * out.size() + (64 << 10)) std::abort();
  for (const std::string& name : ftok::content_codings(body)) {
    if (name.empty() || name == "identity") std::abort();
  }
  return 0;
}
