// DecodedInput: the decoded bytes of one input as a growing window, whatever its compression.
//
// Parsers look at window(), ask for more with grow(), and consume() what they are done with; nothing is copied. The
// window also knows where compressed *members* (gzip members, zstd frames) begin, because a WARC record normally starts
// one: that gives a record its stored offset, and bounds it where its Content-Length lies.
//
// Not thread-safe. Views into the window live until the next grow(); consume() keeps them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/byte_source.h"
#include "core/result.h"

namespace ftok {

// A growing array of bytes that keeps its capacity, does not clear what it allocates, and drops bytes from the front.
// At least kPadding readable bytes follow the view, as simdjson wants it.
class ByteWindow {
 public:
  static constexpr size_t kPadding = 64;

  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  void consume(size_t size) { begin_ += size; }
  // Room for `size` bytes after the view; moves the view. Write there, then commit().
  char* reserve(size_t size);
  void commit(size_t size) { end_ += size; }
  size_t room() const { return capacity_ - end_; }

 private:
  std::unique_ptr<char[]> data_;
  size_t begin_ = 0, end_ = 0, capacity_ = 0;
};

// Stored bytes of a ByteSource, read ahead so that whole members lie in memory.
class StoredBytes {
 public:
  explicit StoredBytes(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  std::string_view view() const { return window_.view(); }
  // Reads until `size` bytes are in the view or the source ends; true when there are that many.
  bool fill(size_t size);
  // Reads once, past the view, which must be empty: for who keeps the bytes himself. Returns how many, 0 at the end.
  size_t read(char* out, size_t size);
  bool at_end() const { return ended_; }  // nothing more to read; the view may still hold bytes
  void consume(size_t size) {
    window_.consume(size);
    offset_ += size;
  }
  uint64_t offset() const { return offset_; }  // of the view's first byte in the source
  uint64_t bytes_read() const { return offset_; }
  const ByteSource& source() const { return *source_; }
  ByteSource& source() { return *source_; }

 private:
  std::unique_ptr<ByteSource> source_;
  ByteWindow window_;
  uint64_t offset_ = 0;
  bool ended_ = false;
};

// One gzip member, one zstd frame, or the whole of a plain input.
struct Member {
  static constexpr uint64_t kOpen = UINT64_MAX;

  uint64_t start = 0;    // decoded offset of its first byte
  uint64_t stored = 0;   // stored offset of its first byte
  uint64_t end = kOpen;  // decoded offset after its last byte, once known
  const char* damage =
      nullptr;  // static code when it could not be decoded to its end ("gzip.bad_crc"), or its check failed
};

class DecodedInput {
 public:
  virtual ~DecodedInput() = default;

  std::string_view window() const { return window_.view(); }
  uint64_t offset() const { return offset_; }  // decoded offset of the window's first byte
  void consume(size_t size);

  // Appends decoded bytes, DecodeLimits::grow_bytes_min of them while there are as many, or learns that the current
  // member ended; false when the input has ended.
  bool grow();

  // From now on `check` sees all that grow() appends, and an empty view at the end of the input. It may throw.
  void check_as_read(std::function<void(std::string_view appended)> check) { check_ = std::move(check); }

  // Stored bytes consumed so far, and all of them where known (else 0).
  virtual uint64_t bytes_read() const = 0;
  virtual uint64_t size_if_known() const = 0;
  virtual const std::string& name() const = 0;

  // "plain", "gzip" or "zstd".
  virtual const char* compression() const = 0;
  // True when the lines are rows of something that has no lines: places are given as row numbers.
  virtual bool has_rows() const { return false; }
  // The stored bytes for formats that read them out of order; null when they are compressed or cannot be.
  virtual ByteSource* positioned() { return nullptr; }

  // The members that the window's bytes come from, in order. Beyond kMembersMax, later ones are counted to the last.
  const std::deque<Member>& members() const { return members_; }
  // The first member that starts after decoded offset `at`, or members().end().
  std::deque<Member>::const_iterator member_after(uint64_t at) const;
  // The member that holds decoded offset `at` (or the last one before it); null before the first byte of all.
  const Member* member_at(uint64_t at) const;
  // The last member whose start is known.
  const Member* last_member() const { return members_.empty() ? nullptr : &members_.back(); }
  // True when a member is known to end exactly at `at` and none that began there holds bytes yet.
  bool member_ends_at(uint64_t at) const;
  // Where the byte at decoded offset `at` lies in the stored input: its member's start (plain inputs: its own place).
  uint64_t stored_offset(uint64_t at) const;

  // Damage found between or inside members since the last call; offsets are stored offsets.
  std::vector<Damage> take_damage();
  // The decoded offset at which the first of that damage was met: all bytes behind it were found later. Where there is
  // none, of the damage before.
  uint64_t damage_met_at() const { return damage_met_at_; }

 protected:
  explicit DecodedInput(size_t grow_bytes_min) : grow_bytes_min_(grow_bytes_min) {}
  // One piece of grow(): some bytes, or none but progress; false when the input has ended.
  virtual bool step() = 0;
  uint64_t decoded_end() const { return offset_ + window_.size(); }
  void begin_member(uint64_t stored);
  void end_member(const char* damage = nullptr);
  // Beyond kDamageMax unread ones, damage is only counted: take_damage() ends with one entry that says how many.
  void add_damage(const char* code, uint64_t stored, std::string detail);
  static constexpr size_t kDamageMax = 1000;
  static constexpr size_t kMembersMax = 4096;

  ByteWindow window_;

 private:
  std::deque<Member> members_;
  std::vector<Damage> damage_;
  uint64_t damage_met_at_ = 0;
  uint64_t damage_unlisted_ = 0;
  uint64_t offset_ = 0;
  size_t grow_bytes_min_;
  std::function<void(std::string_view)> check_;
};

// Bounds on decoding. The defaults hold for every input; tests make them small.
struct DecodeLimits {
  // A member is a bomb when it has given more than this many bytes at more than this many bytes per stored byte. HTML
  // deflates 4:1 to 10:1; DEFLATE cannot pass 1032:1 (RFC 1951: 258 bytes from 2 bits).
  uint64_t bomb_bytes = uint64_t{64} << 20;
  uint64_t bomb_ratio = 250;
  size_t read_ahead = size_t{1} << 20;         // stored bytes held, so that libdeflate sees whole members
  size_t whole_member_max = size_t{16} << 20;  // largest member inflated in one piece; larger ones are streamed
  size_t grow_bytes_min = 4096;                // what grow() appends at least, so that tiny members cost no rescans
};

// Opens `source` with the compression its first bytes show: gzip (1F 8B), zstd (28 B5 2F FD or a skippable frame), else
// plain. A name that ends in .gz makes it gzip too when the first bytes are not a record: damage at the start of the
// file is then searched for a member. Throws Error naming the input when it is compressed in a way that is not read
// here (lz4, xz, bzip2).
std::unique_ptr<DecodedInput> make_decoded_input(std::unique_ptr<ByteSource> source, const DecodeLimits& limits = {});

// True when decoded bytes look like the start of a record of any format read here: what a member found by searching for
// its magic after damage must begin with.
bool looks_like_record_start(std::string_view decoded);

}  // namespace ftok
