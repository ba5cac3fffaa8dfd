#include "crawl/compression/gzip.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace ftok {
namespace {

constexpr size_t kFirstOutSize = size_t{1} << 20;
constexpr size_t kStreamStep = size_t{256} << 10;  // decoded bytes per step of zlib
// A member found by its magic is believed when its first bytes look like a record; this much of it is tried, so that a
// file full of false magic costs bounded work a byte.
constexpr size_t kProbeIn = 1024;
constexpr size_t kProbeOut = 16;

}  // namespace

bool is_gzip_magic(std::string_view stored) { return stored.size() >= 2 && stored[0] == '\x1F' && stored[1] == '\x8B'; }

GzipInput::GzipInput(StoredBytes stored, const DecodeLimits& limits)
    : DecodedInput(limits.grow_bytes_min),
      stored_(std::move(stored)),
      limits_(limits),
      decompressor_(libdeflate_alloc_decompressor()) {
  if (decompressor_ == nullptr || ::inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  if (::inflateInit2(&probe_, 15 + 16) != Z_OK) throw std::bad_alloc();
  out_size_ = std::min(kFirstOutSize, limits_.whole_member_max);
}

GzipInput::~GzipInput() {
  libdeflate_free_decompressor(decompressor_);
  ::inflateEnd(&stream_);
  ::inflateEnd(&probe_);
}

bool GzipInput::step() {
  if (streaming_) {
    inflate_some();
    return true;
  }
  // Refilled when less than half is left, so that the bytes kept are moved rarely.
  if (stored_.view().size() < limits_.read_ahead / 2) stored_.fill(limits_.read_ahead);
  const std::string_view view = stored_.view();
  if (view.empty()) return false;
  if (!is_gzip_magic(view)) {
    const uint64_t offset = stored_.offset();
    const bool found = find_member(0);
    add_damage("gzip.garbage", offset, fmt::format("{} bytes that are not a gzip member", stored_.offset() - offset));
    return found;
  }
  if (!inflate_whole()) start_stream();
  return true;
}

bool GzipInput::inflate_whole() {
  const std::string_view view = stored_.view();
  while (true) {
    size_t in = 0, out = 0;
    char* const room = window_.reserve(out_size_);
    const libdeflate_result result =
        libdeflate_gzip_decompress_ex(decompressor_, view.data(), view.size(), room, window_.room(), &in, &out);
    if (result == LIBDEFLATE_SUCCESS) {
      begin_member(stored_.offset());
      window_.commit(out);
      end_member();
      stored_.consume(in);
      return true;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE || out_size_ >= limits_.whole_member_max) return false;
    out_size_ = std::min(out_size_ * 4, limits_.whole_member_max);
  }
}

void GzipInput::start_stream() {
  ::inflateReset(&stream_);
  streaming_ = true;
  member_offset_ = stored_.offset();
  member_in_ = member_out_ = 0;
  streamed_ = 0;
  begin_member(member_offset_);
}

void GzipInput::inflate_some() {
  if (streamed_ == stored_.view().size()) {
    // The member's start is kept for a search after damage, but no more than the read-ahead of it.
    if (streamed_ >= limits_.read_ahead) {
      stored_.consume(streamed_);
      streamed_ = 0;
    }
    stored_.fill(streamed_ + 1);
  }
  const std::string_view in = stored_.view().substr(streamed_);
  if (in.empty()) return end_stream("gzip.truncated", fmt::format("after {} decoded bytes", member_out_));
  const uInt in_size = static_cast<uInt>(std::min<size_t>(in.size(), size_t{1} << 30));
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream_.avail_in = in_size;
  stream_.next_out = reinterpret_cast<Bytef*>(window_.reserve(kStreamStep));
  stream_.avail_out = static_cast<uInt>(kStreamStep);
  const int status = ::inflate(&stream_, Z_NO_FLUSH);
  const size_t got = kStreamStep - stream_.avail_out;
  window_.commit(got);
  member_out_ += got;
  member_in_ += in_size - stream_.avail_in;
  streamed_ += in_size - stream_.avail_in;
  if (status == Z_STREAM_END) return end_stream(nullptr, {});
  if (status == Z_MEM_ERROR) throw std::bad_alloc();
  if (status != Z_OK && status != Z_BUF_ERROR) {
    const std::string_view message = stream_.msg != nullptr ? stream_.msg : "needs a dictionary";
    const bool check = message == "incorrect data check" || message == "incorrect length check";
    return end_stream(check ? "gzip.bad_check" : "gzip.bad_data",
                      fmt::format("{} after {} decoded bytes", message, member_out_));
  }
  if (member_out_ > limits_.bomb_bytes && member_out_ / limits_.bomb_ratio > member_in_) {
    end_stream("gzip.bomb", fmt::format("{} bytes from {}", member_out_, member_in_));
  }
}

void GzipInput::end_stream(const char* damage, std::string detail) {
  end_member(damage);
  streaming_ = false;
  const size_t taken = std::exchange(streamed_, 0);
  if (damage == nullptr) {
    stored_.consume(taken);
    return;
  }
  add_damage(damage, member_offset_, std::move(detail));
  // A broken stream may have run wild through sound members (a lost end-of-block code), so the search starts right
  // after this one's magic while that is still held.
  const bool start_kept = stored_.offset() == member_offset_;
  find_member(start_kept && may_go_back() ? std::min<size_t>(2, stored_.view().size()) : taken);
}

// Counts what the member that just ended has cost. zlib may have read a few bytes ahead of the damage, depending on
// where its input ended; what it has of the next byte says how many, so that the count depends on the bytes alone.
bool GzipInput::may_go_back() {
  const auto read_ahead = static_cast<uint64_t>(stream_.data_type & 63) / 8;
  const uint64_t cost = member_in_ - std::min(member_in_, read_ahead) + member_out_;
  if (repeated_ + cost > kRepeatedFree + kRepeatedPerByte * member_offset_) return false;
  repeated_ += cost;
  return true;
}

bool GzipInput::find_member(size_t from) {
  stored_.consume(from);
  while (stored_.fill(kProbeIn) || !stored_.view().empty()) {
    const std::string_view view = stored_.view();
    const void* const hit = std::memchr(view.data(), 0x1F, view.size());
    if (hit == nullptr) {
      stored_.consume(view.size());
      continue;
    }
    const size_t at = static_cast<size_t>(static_cast<const char*>(hit) - view.data());
    stored_.consume(at);
    stored_.fill(kProbeIn);
    if (starts_record(stored_.view())) return true;
    stored_.consume(1);
  }
  return false;
}

bool GzipInput::starts_record(std::string_view stored) {
  // RFC 1952, 2.3.1: CM is 8 (deflate); the three high bits of FLG are reserved and zero.
  if (stored.size() < 18 || !is_gzip_magic(stored) || stored[2] != 8 || (stored[3] & 0xE0) != 0) return false;
  char out[kProbeOut];
  ::inflateReset(&probe_);
  probe_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stored.data()));
  probe_.avail_in = static_cast<uInt>(std::min(stored.size(), kProbeIn));
  probe_.next_out = reinterpret_cast<Bytef*>(out);
  probe_.avail_out = kProbeOut;
  const int status = ::inflate(&probe_, Z_SYNC_FLUSH);
  if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return false;
  return looks_like_record_start({out, kProbeOut - probe_.avail_out});
}

}  // namespace ftok
