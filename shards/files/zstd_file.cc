#include "shards/files/zstd_file.h"

#include <zstd.h>

#include <new>

#include "core/error.h"

namespace ftok {
namespace {

constexpr int kZstdLevel = 3;  // zstd's default

}  // namespace

void ZstdFile::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

ZstdFile::ZstdFile(const std::string& path) : file_(path), out_(ZSTD_CStreamOutSize(), '\0') {}

// A context that has compressed nothing yet: so a frame's bytes do not depend on those before it.
void ZstdFile::begin_part() {
  file_.begin_part();
  context_.reset(ZSTD_createCCtx());
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

void ZstdFile::write(std::string_view bytes) { compress(bytes, false); }

void ZstdFile::finish() { compress({}, true); }

void ZstdFile::compress(std::string_view bytes, bool end) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    const size_t left = ZSTD_compressStream2(context_.get(), &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) throw Error(std::string("zstd: ") + ZSTD_getErrorName(left));
    file_.write(std::string_view(out_).substr(0, out.pos));
    if (end ? left == 0 : in.pos == in.size) return;
  }
}

}  // namespace ftok
