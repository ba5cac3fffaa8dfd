// WarcReader: the records of a WARC (0.17, 0.18, 1.0, 1.1; ISO 28500) or ARC (version 1 and 2) input, one at a time, as
// views.
//
// Tolerant by rule, because archives in the wild are: lines may end in LF alone, header fields may be folded, unknown
// fields, dates and versions are taken as they stand, and any number of empty lines may lie between records. What
// cannot be told from the bytes is damage, never a throw:
//   - a Content-Length that is missing, is not a number, or does not lead to the next record: the record ends at the
//     next version line ("WARC/1.0"), or at the end of its gzip member where the next member starts a record;
//   - a compressed member that breaks: the record that reaches the break is damaged, the next sound member is read;
//   - bytes between records: skipped up to the next version line and reported by take_damage().
//
// Memory: one record and a read-ahead; a record larger than record_bytes_max is skipped over without being held.
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crawl/decoded_input.h"

namespace ftok {

// One record. Views live until the next call of WarcReader::next.
struct WarcRecord {
  // Stored offset: of the gzip member or zstd frame that holds the record's first byte, or of that byte in a plain
  // input.
  uint64_t offset = 0;
  uint64_t offset_in_member = 0;  // decoded bytes between the member's start and the record's; 0 for plain inputs

  std::string_view version;          // "WARC/1.0"; "ARC/1" or "ARC/2"
  std::string_view type;             // WARC-Type as it stands; for ARC "warcinfo" (version block) or "response"
  std::string_view id;               // WARC-Record-ID without angle brackets
  std::string_view url;              // WARC-Target-URI without angle brackets
  std::string_view date;             // WARC-Date as it stands
  std::string_view content_type;     // of the block
  std::string_view truncated;        // WARC-Truncated
  std::string_view identified_type;  // WARC-Identified-Payload-Type

  std::vector<std::pair<std::string_view, std::string_view>> fields;  // all of them, in order; names as they stand

  uint64_t content_length = 0;  // as declared; 0 where it is missing
  std::string_view block;       // the record's block; what there is of it when damaged; empty when too large

  // Null, or why the record cannot be trusted: "warc.bad_length", "warc.truncated", "warc.bad_header",
  // "warc.too_large", or the code of its member's damage ("gzip.bad_check").
  const char* damage = nullptr;
  std::string detail;

  // The first field of that name (ASCII letters in any case), or empty.
  std::string_view field(std::string_view name) const;
};

struct WarcLimits {
  uint64_t record_bytes_max = uint64_t{64} << 20;  // block; Common Crawl cuts payloads at 1 MiB (5 MiB since 2025)
  uint64_t header_bytes_max = uint64_t{256} << 10;
};

class WarcReader {
 public:
  explicit WarcReader(std::unique_ptr<DecodedInput> input, const WarcLimits& limits = {})
      : input_(std::move(input)), limits_(limits) {}

  // The next record, damaged ones included; false at the end of the input. Throws Error only when reading fails.
  bool next(WarcRecord& record);

  // Damage between records and in members since the last call, with stored offsets. A broken member is listed also
  // where a record was marked damaged because of it.
  std::vector<Damage> take_damage();

  const DecodedInput& input() const { return *input_; }

  // Members that were looked at because a record seems to reach into them: each once. For tests.
  uint64_t members_looked_at() const { return members_seen_; }
  // Bytes in which the end of a head or the next record was searched. For tests.
  uint64_t bytes_searched() const { return bytes_searched_; }

 private:
  enum class Fill { kHave, kEnd, kMember };  // kMember: a new member that starts a record comes first

  // Decoded bytes in which a search found no record's start; decoded offsets.
  struct Searched {
    struct Found {
      size_t end;  // position of the record's start, or up to where there is none
      bool is_record;
    };
    uint64_t begin = 0, end = 0;

    bool holds(uint64_t place) const { return place >= begin && place < end; }
    void add(uint64_t from, uint64_t to) {
      if (from < begin || from > end) begin = end = from;
      end = std::max(end, to);
    }
  };

  bool skip_newlines();
  bool at_record(size_t at);
  bool need(size_t size);
  Fill fill_block(size_t size, size_t& member_at);
  bool find_head(size_t& size);
  void parse(std::string_view head, WarcRecord& record);
  void refresh_head(size_t head, WarcRecord& record);
  void parse_head(std::string_view head, WarcRecord& record);
  void read_warc(WarcRecord& record);
  bool read_arc(WarcRecord& record);
  void read_block(size_t head, WarcRecord& record);
  void skip_block(size_t head, bool by_length, WarcRecord& record);
  void finish_block(size_t head, WarcRecord& record);
  void end_block(size_t head, size_t end, size_t next, const char* damage, std::string detail, WarcRecord& record);
  void mark_member_damage(size_t end, WarcRecord& record);
  size_t find_marker(size_t from);
  Searched::Found find_warc_marker(size_t from);
  Searched::Found find_arc_header(size_t from);
  size_t behind_searched(size_t at) const;
  uint64_t skip_to_marker(size_t from);
  void parse_arc_line(std::string_view line, WarcRecord& record);

  std::unique_ptr<DecodedInput> input_;
  WarcLimits limits_;
  size_t pending_ = 0;  // bytes of the record given out last
  bool arc_ = false;    // the input began with an ARC version block
  bool arc_2_ = false;
  const char* head_data_ = nullptr;  // where the head of the record being read was parsed
  std::string head_copy_;            // of a record whose head had to leave the window
  std::string unfolded_;             // values of folded fields
  uint64_t members_checked_ = 0;     // decoded offset: no member up to here, but for the record's own, starts a record
  uint64_t members_seen_ = 0;
  Searched searched_;
  Searched line_;  // the beginning of an ARC file's line that holds no newline
  uint64_t bytes_searched_ = 0;
  std::vector<Damage> damage_;
};

// True when `line` (no newline) can be an ARC record's header: a URL, then address, date, type and length (version 1)
// or these and five more (version 2), where the date is 12 to 20 digits, or the address and the length are what they
// should be.
bool is_arc_header(std::string_view line);

}  // namespace ftok
