#include "crawl/compression/gzip_members.h"

#include <algorithm>
#include <array>
#include <new>

namespace ftok {

GzipMembers::GzipMembers() {
  constexpr int kGzipOnly = 15 + 16;
  if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
}

GzipMembers::~GzipMembers() { inflateEnd(&stream_); }

bool GzipMembers::feed(std::string_view bytes) {
  std::array<unsigned char, 1 << 16> decoded;  // thrown away
  while (!bytes.empty()) {
    const size_t step = std::min<size_t>(bytes.size(), 1 << 20);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(step);
    stream_.next_out = decoded.data();
    stream_.avail_out = static_cast<uInt>(decoded.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    const size_t taken = step - stream_.avail_in;
    bytes_ += taken;
    bytes.remove_prefix(taken);
    if (code == Z_STREAM_END) {
      ++members_;
      whole_ = bytes_;
      inflateReset(&stream_);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return false;
    }
  }
  // The last input may have left decoded bytes behind that the next call would give, and a trailer already read.
  while (true) {
    stream_.next_in = nullptr;
    stream_.avail_in = 0;
    stream_.next_out = decoded.data();
    stream_.avail_out = static_cast<uInt>(decoded.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      ++members_;
      whole_ = bytes_;
      inflateReset(&stream_);
      return true;
    }
    if (code == Z_BUF_ERROR || stream_.avail_out == decoded.size()) return true;
    if (code != Z_OK) return false;
  }
}

void GzipMembers::restart(uint64_t offset, uint64_t members) {
  inflateReset(&stream_);
  bytes_ = whole_ = offset;
  members_ = members;
}

}  // namespace ftok
