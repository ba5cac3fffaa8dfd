#include "tests/filters/packed_data.h"

#include <simdjson.h>
#include <zstd.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "core/file.h"

namespace ftok::testing {

std::string read_zstd(const std::string& path) {
  const std::string packed = read_file(path);
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 27);
  std::string out, chunk(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer to{chunk.data(), chunk.size(), 0};
    const size_t status = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(status) != 0) throw std::runtime_error(path + ": " + ZSTD_getErrorName(status));
    out.append(chunk.data(), to.pos);
  }
  for (;;) {  // what the window still holds
    ZSTD_outBuffer to{chunk.data(), chunk.size(), 0};
    const size_t status = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(status) != 0 || to.pos == 0) return out;
    out.append(chunk.data(), to.pos);
  }
}

std::map<std::string, std::string> read_tar(const std::string& bytes) {
  constexpr size_t kBlock = 512;
  std::map<std::string, std::string> out;
  for (size_t at = 0; at + kBlock <= bytes.size() && bytes[at] != '\0';) {
    const std::string name(bytes.c_str() + at);
    const size_t size = std::strtoull(bytes.substr(at + 124, 12).c_str(), nullptr, 8);
    const char type = bytes[at + 156];
    if (type == '0' || type == '\0') out[name] = bytes.substr(at + kBlock, size);
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::vector<std::string> json_fields(const std::string& lines, const char* field) {
  std::vector<std::string> out;
  simdjson::dom::parser parser;
  for (const std::string& line : lines_of(lines)) {
    simdjson::dom::element element = parser.parse(line);
    std::string_view value;
    const bool found = element[field].get(value) == simdjson::SUCCESS;
    out.emplace_back(found ? value : std::string_view());
  }
  return out;
}

}  // namespace ftok::testing
