// Counts files: pretokens in order of their bytes, each with its count. Files of parts of a corpus add up
// to the file of the whole, byte for byte, however it was split.
//
// Layout (docs/tokenizer.md): "FTOKPTC1"; u32 length and the header, JSON: {"pattern","pattern_text","unicode"}; an
// entry for each pretoken: varint bytes it shares with the one before, varint further bytes, those, varint count;
// varint 0, varint 0; u64 pretokens, u64 sum of their counts, u64 XXH3 of all before. Integers are little-endian,
// varints LEB128.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_source.h"
#include "core/file.h"
#include "tokenizer/pretoken_counts.h"

namespace ftok {

inline constexpr uint32_t kPretokenBytesMax = 1u << 30;  // of one pretoken in a file

// Pretokens in order of their bytes, no two alike.
class SortedCounts {
 public:
  virtual ~SortedCounts() = default;
  // False at the end. The view lives until the next call.
  virtual bool next(CountedPretoken& entry) = 0;
};

// The header: what the counted texts were cut by.
struct CountsHeader {
  std::string pattern;  // pattern_name()
  std::string pattern_text;
  std::string unicode;  // version of the tables behind \p{L} and the like

  static CountsHeader of(const PretokenPattern& pattern);
  bool operator==(const CountsHeader&) const = default;
};

// Writes the bytes of a counts file to `write`, in pieces. Throws Error when the counts pass 2^63.
class CountsWriter {
 public:
  using Write = std::function<void(std::string_view)>;
  CountsWriter(const CountsHeader& header, Write write);
  ~CountsWriter();

  // In strictly rising order of the bytes; not empty, count above 0.
  void add(std::string_view pretoken, uint64_t count);
  void finish();

  uint64_t pretokens() const { return pretokens_; }
  uint64_t total() const { return total_; }

 private:
  void flush();

  struct Hash;
  Write write_;
  std::unique_ptr<Hash> hash_;
  std::string buffer_, last_;
  uint64_t pretokens_ = 0, total_ = 0;
};

// Reads a counts file front to back in bounded memory. Throws Error naming file and offset where it is damaged: cut
// short, not in order, a count of 0, sums or checksum that do not fit. Entries that were given before are then worth
// nothing.
class CountsReader : public SortedCounts {
 public:
  explicit CountsReader(std::unique_ptr<ByteSource> source);
  explicit CountsReader(const std::string& path) : CountsReader(open_file_source(path)) {}
  ~CountsReader() override;

  const CountsHeader& header() const { return header_; }
  const std::string& name() const { return source_->name(); }
  bool next(CountedPretoken& entry) override;

 private:
  [[noreturn]] void fail(std::string_view why) const;
  bool fill(size_t size);
  void hash_taken();
  void take(std::string& out, uint64_t size);
  std::string_view take(size_t size);
  uint64_t take_varint();
  uint64_t take_u64();
  void read_header();
  void read_end();

  struct Hash;
  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<Hash> hash_;
  std::string buffer_;
  size_t begin_ = 0;     // of what is not taken yet in buffer_
  size_t hashed_ = 0;    // what is hashed of what was taken
  uint64_t offset_ = 0;  // of begin_ in the file
  CountsHeader header_;
  std::string last_;
  uint64_t pretokens_ = 0, total_ = 0;
  bool at_end_ = false;
};

// Whether `path` is a file that begins as counts files do.
bool is_counts_file(const std::string& path);

// Adds up: calls visit(pretoken, count) in order, for each pretoken of any part once, with the sum of its counts, each
// part's times its weight. `weights` is empty (all 1) or has one for each part. Throws Error when a sum passes 2^63.
void merge_counts(const std::vector<SortedCounts*>& parts, const std::vector<uint64_t>& weights,
                  const std::function<void(std::string_view pretoken, uint64_t count)>& visit);

}  // namespace ftok
