// ZstdInput: zstd frames (RFC 8878), one after another, as one window of decoded bytes. Skippable frames are passed
// over, but for a dictionary at the very start, as the WARC-zstd convention has it (frame magic 0x184D2A5D).
//
// Damage as in gzip.h: zstd.bad_data (also a wrong checksum), zstd.truncated, zstd.garbage, zstd.bomb.
#pragma once

#include "crawl/decoded_input.h"

struct ZSTD_DCtx_s;

namespace ftok {

bool is_zstd_magic(std::string_view stored);  // a frame or a skippable frame

// Of the dictionary's frame that a file begins with: how long it is, its head included; 0 where there is none, or one
// too large to be taken. `start`: the first kDictionaryHeadBytes of the file, or more.
inline constexpr size_t kDictionaryHeadBytes = 8;
uint64_t dictionary_frame_bytes(std::string_view start);

class ZstdInput : public DecodedInput {
 public:
  ZstdInput(StoredBytes stored, const DecodeLimits& limits);
  ~ZstdInput() override;
  ZstdInput(const ZstdInput&) = delete;
  ZstdInput& operator=(const ZstdInput&) = delete;

  uint64_t bytes_read() const override { return stored_.bytes_read(); }
  uint64_t size_if_known() const override { return stored_.source().size_if_known(); }
  const std::string& name() const override { return stored_.source().name(); }
  const char* compression() const override { return "zstd"; }

 private:
  bool step() override;
  bool start_frame();
  void skip_frame();
  void load_dictionary(std::string_view frame);
  size_t fill_part();
  void decode_some();
  void fail(const char* damage, std::string detail);
  bool find_frame();

  StoredBytes stored_;
  DecodeLimits limits_;
  ZSTD_DCtx_s* context_ = nullptr;
  bool streaming_ = false;
  enum class Part { kHeader, kBlock, kChecksum } part_ = Part::kHeader;  // that comes next in the frame
  uint64_t member_offset_ = 0, member_in_ = 0, member_out_ = 0;
};

}  // namespace ftok
