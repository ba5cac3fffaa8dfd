#include "crawl/compression/zstd.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "core/error.h"

namespace ftok {
namespace {

constexpr uint32_t kFrameMagic = 0xFD2FB528;       // RFC 8878, 3.1.1
constexpr uint32_t kSkippableMagic = 0x184D2A50;   // ..5F, RFC 8878, 3.1.2
constexpr uint32_t kDictionaryMagic = 0x184D2A5D;  // the WARC-zstd convention
constexpr size_t kDictionaryBytesMax = size_t{16} << 20;
constexpr int kWindowLogMax = 27;       // 128 MiB, what `zstd --long` writes at most by default
constexpr size_t kHeaderBytesMax = 18;  // with the magic, RFC 8878, 3.1.1.1
constexpr size_t kBlockHeaderBytes = 3, kBlockBytesMax = size_t{128} << 10;  // RFC 8878, 3.1.1.2
constexpr size_t kChecksumBytes = 4;

uint32_t read_u32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<size_t>(i)]);
  return value;
}

// Bytes of the header of the frame that begins here, with the magic (RFC 8878, 3.1.1.1).
size_t header_bytes(std::string_view frame) {
  constexpr size_t kOfDictionaryId[] = {0, 1, 2, 4}, kOfContentSize[] = {0, 2, 4, 8};
  if (frame.size() < 5) return frame.size();
  const auto descriptor = static_cast<unsigned char>(frame[4]);
  const bool is_single_segment = (descriptor & 0x20) != 0;
  const size_t content_size = descriptor >> 6 == 0 && is_single_segment ? 1 : kOfContentSize[descriptor >> 6];
  return 5 + (is_single_segment ? 0 : 1) + kOfDictionaryId[descriptor & 3] + content_size;
}

}  // namespace

bool is_zstd_magic(std::string_view stored) {
  if (stored.size() < 4) return false;
  const uint32_t magic = read_u32(stored);
  return magic == kFrameMagic || (magic & 0xFFFFFFF0) == kSkippableMagic;
}

ZstdInput::ZstdInput(StoredBytes stored, const DecodeLimits& limits)
    : DecodedInput(limits.grow_bytes_min), stored_(std::move(stored)), limits_(limits), context_(ZSTD_createDCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLogMax);
}

ZstdInput::~ZstdInput() { ZSTD_freeDCtx(context_); }

bool ZstdInput::step() {
  if (!streaming_ && !start_frame()) return false;
  if (streaming_) decode_some();
  return true;
}

uint64_t dictionary_frame_bytes(std::string_view start) {
  if (start.size() < kDictionaryHeadBytes || read_u32(start) != kDictionaryMagic) return 0;
  const uint64_t size = read_u32(start.substr(4));
  return size <= kDictionaryBytesMax ? kDictionaryHeadBytes + size : 0;
}

// True when there is more input; streaming_ then tells whether a frame began.
bool ZstdInput::start_frame() {
  stored_.fill(8);
  const std::string_view view = stored_.view();
  if (view.empty()) return false;
  if (!is_zstd_magic(view)) {
    const uint64_t offset = stored_.offset();
    const bool found = find_frame();
    add_damage("zstd.garbage", offset, fmt::format("{} bytes that are not a zstd frame", stored_.offset() - offset));
    return found;
  }
  if (read_u32(view) != kFrameMagic) {
    skip_frame();
    return true;
  }
  streaming_ = true;
  part_ = Part::kHeader;
  member_offset_ = stored_.offset();
  member_in_ = member_out_ = 0;
  ZSTD_DCtx_reset(context_, ZSTD_reset_session_only);
  begin_member(member_offset_);
  return true;
}

void ZstdInput::skip_frame() {
  const uint64_t offset = stored_.offset();
  std::string_view view = stored_.view();
  if (view.size() < 8) {
    add_damage("zstd.truncated", offset, "inside a skippable frame");
    stored_.consume(view.size());
    return;
  }
  const bool dictionary = offset == 0 && dictionary_frame_bytes(view) > 0;
  size_t left = read_u32(view.substr(4));
  stored_.consume(8);
  if (dictionary && stored_.fill(left)) load_dictionary(stored_.view().substr(0, left));
  while (left > 0 && stored_.fill(1)) {
    const size_t step = std::min(left, stored_.view().size());
    stored_.consume(step);
    left -= step;
  }
  if (left > 0) add_damage("zstd.truncated", offset, "inside a skippable frame");
}

void ZstdInput::load_dictionary(std::string_view frame) {
  std::string dictionary(frame);
  if (frame.size() >= 4 && read_u32(frame) == kFrameMagic) {
    dictionary.resize(kDictionaryBytesMax);
    const size_t size = ZSTD_decompress(dictionary.data(), dictionary.size(), frame.data(), frame.size());
    if (ZSTD_isError(size)) {
      add_damage("zstd.bad_data", 0, fmt::format("dictionary: {}", ZSTD_getErrorName(size)));
      return;
    }
    dictionary.resize(size);
  }
  if (ZSTD_isError(ZSTD_DCtx_loadDictionary(context_, dictionary.data(), dictionary.size()))) {
    add_damage("zstd.bad_data", 0, "the dictionary cannot be loaded");
  }
}

// Bytes of the next part of the frame, which are then in the view unless the source ends. The decoder gets a part at a
// time, because it takes whatever it is given before it finds a part damaged: so what follows damage is looked for at
// the same place however many bytes a read gives.
size_t ZstdInput::fill_part() {
  size_t size = kChecksumBytes;
  if (part_ == Part::kHeader) {
    stored_.fill(kHeaderBytesMax);
    size = header_bytes(stored_.view());
    part_ = Part::kBlock;
  } else if (part_ == Part::kBlock) {
    size = kBlockHeaderBytes;
    if (stored_.fill(size)) {
      const std::string_view view = stored_.view();
      const auto byte = [view](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(view[i])); };
      const uint32_t header = byte(0) | byte(1) << 8 | byte(2) << 16, type = header >> 1 & 3;
      const size_t content = type == 1 ? 1 : header >> 3;           // a block of type 1 repeats one byte
      if (type != 3 && content <= kBlockBytesMax) size += content;  // else the decoder refuses its header
      if ((header & 1) != 0) part_ = Part::kChecksum;
    }
  }
  stored_.fill(size);
  return std::min(size, stored_.view().size());
}

void ZstdInput::decode_some() {
  const size_t size = fill_part();
  if (size == 0) return fail("zstd.truncated", fmt::format("after {} decoded bytes", member_out_));
  const size_t room = ZSTD_DStreamOutSize();  // of any block, so that one call takes all it is given
  ZSTD_inBuffer in{stored_.view().data(), size, 0};
  ZSTD_outBuffer out{window_.reserve(room), room, 0};
  const size_t left = ZSTD_decompressStream(context_, &out, &in);
  if (ZSTD_isError(left)) {
    return fail("zstd.bad_data", fmt::format("{} after {} decoded bytes", ZSTD_getErrorName(left), member_out_));
  }
  window_.commit(out.pos);
  stored_.consume(in.pos);
  member_in_ += in.pos;
  member_out_ += out.pos;
  if (left == 0) {
    end_member();
    streaming_ = false;
  } else if (member_out_ > limits_.bomb_bytes && member_out_ / limits_.bomb_ratio > member_in_) {
    fail("zstd.bomb", fmt::format("{} bytes from {}", member_out_, member_in_));
  }
}

void ZstdInput::fail(const char* damage, std::string detail) {
  end_member(damage);
  streaming_ = false;
  add_damage(damage, member_offset_, std::move(detail));
  if (!stored_.view().empty()) {
    // Past this frame's own magic, where that is still ahead.
    if (stored_.offset() == member_offset_) stored_.consume(1);
    find_frame();
  }
}

bool ZstdInput::find_frame() {
  static constexpr char kMagic[] = "\x28\xB5\x2F\xFD";
  while (stored_.fill(4)) {
    const std::string_view view = stored_.view();
    const size_t at = view.find(std::string_view(kMagic, 4));
    if (at != std::string_view::npos) {
      stored_.consume(at);
      return true;
    }
    stored_.consume(view.size() - 3);
  }
  stored_.consume(stored_.view().size());
  return false;
}

}  // namespace ftok
