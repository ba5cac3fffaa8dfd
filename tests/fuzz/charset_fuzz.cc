// Any bytes in any encoding: valid UTF-8 comes out, and the choice of an encoding is one that decodes. The first byte
// chooses the label.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "crawl/charset.h"
#include "crawl/charsets/charset_tables.h"
#include "text/unicode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string out;
  const std::string_view encoding = ftok::kCharsetLabels[data[0] % ftok::kCharsetLabelCount].encoding;
  const uint64_t replacements = ftok::decode_text(encoding, bytes, out);
  if (!ftok::is_valid_utf8(out) || replacements > out.size()) std::abort();
  const ftok::CharsetChoice choice = ftok::choose_charset(bytes, bytes.substr(0, 64));
  if (choice.encoding.empty()) std::abort();
  if (choice.is_valid_utf8 && !ftok::is_valid_utf8(bytes)) std::abort();
  ftok::decode_text(choice.encoding, bytes, out);
  if (!ftok::is_valid_utf8(out)) std::abort();
  return 0;
}
