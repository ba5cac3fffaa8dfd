// GzipInput: gzip members (RFC 1952), one after another, as one window of decoded bytes.
//
// A member that lies whole in the read-ahead is inflated in one piece by libdeflate, straight into the window; one that
// does not (larger, cut or damaged) is streamed by zlib, which is slower but says how far it got. So a WARC with a
// member a record, one with many records in a single member, and a truncated one are all read by the same class.
//
// Damage ends a member with a static code and is reported with its stored offset; what had been decoded stays in the
// window. Reading continues at the next gzip magic that inflates to the start of a record (looks_like_record_start).
//   gzip.bad_data      the DEFLATE stream or the header is wrong
//   gzip.bad_check     the CRC-32 or the length in the trailer does not match
//   gzip.truncated     the input ends inside a member
//   gzip.garbage       bytes between members that are no member
//   gzip.bomb          DecodeLimits::bomb_bytes and bomb_ratio were passed
//
// The search begins inside the damaged member, which may have run over sound ones; so bytes are read again, and a file
// can be made in which each byte belongs to thousands of damaged members. What going back costs is counted: beyond
// kRepeatedPerByte for each stored byte so far, and kRepeatedFree, the search begins where the damage was found.
#pragma once

#include <zlib.h>

#include "crawl/decoded_input.h"

struct libdeflate_decompressor;

namespace ftok {

bool is_gzip_magic(std::string_view stored);

class GzipInput : public DecodedInput {
 public:
  GzipInput(StoredBytes stored, const DecodeLimits& limits);
  ~GzipInput() override;
  GzipInput(const GzipInput&) = delete;
  GzipInput& operator=(const GzipInput&) = delete;

  uint64_t bytes_read() const override { return stored_.bytes_read() + streamed_; }
  uint64_t size_if_known() const override { return stored_.source().size_if_known(); }
  const std::string& name() const override { return stored_.source().name(); }
  const char* compression() const override { return "gzip"; }

  static constexpr uint64_t kRepeatedPerByte = 8, kRepeatedFree = uint64_t{4} << 20;
  uint64_t repeated_bytes() const { return repeated_; }  // for tests

 private:
  bool step() override;
  bool inflate_whole();  // libdeflate; false when the member must be streamed
  void start_stream();
  void inflate_some();  // zlib, one step
  void end_stream(const char* damage, std::string detail);
  bool may_go_back();
  bool find_member(size_t from);  // drops stored bytes up to the next member that starts a record
  bool starts_record(std::string_view stored);

  StoredBytes stored_;
  DecodeLimits limits_;
  libdeflate_decompressor* decompressor_ = nullptr;
  z_stream stream_{};
  z_stream probe_{};     // for find_member
  size_t out_size_ = 0;  // room given to libdeflate, grows to the largest member seen
  bool streaming_ = false;
  uint64_t member_offset_ = 0;               // stored, of the member being streamed
  uint64_t member_in_ = 0, member_out_ = 0;  // bytes of it so far
  size_t streamed_ = 0;                      // bytes of the stored view that zlib has taken
  uint64_t repeated_ = 0;                    // bytes, stored and decoded, that members read again have cost so far
};

}  // namespace ftok
